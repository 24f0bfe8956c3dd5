//! Batches on disk, so that they outlive the process (feature `spool`).
//!
//! In: encoded batches, and that they are settled. Out: what an earlier process left behind. Never: the API key, more bytes
//! than the bound, a record that is not exactly what was written.
//!
//! ```text
//! folder/lock                     held by the one process that owns the folder
//! folder/<number>-<salt>.segment  records, appended only: header, ends of the items, body
//! folder/<number>-<salt>.settled  offsets of the records that are settled, appended only
//! ```
//!
//! A segment and its list are deleted when all its records are settled; that needs no free space.

mod checksum;
mod folder;
mod record;
mod store;

#[cfg(test)]
mod tests;

pub(crate) use record::Record;
pub(crate) use store::{Leftover, RecordId, Store};
