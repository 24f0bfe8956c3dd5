//! Destinations other than the intake: the trait for carriers of one's own, and files.
//!
//! In: an [`ExportRequest`], which is a batch as JSON. Out: an [`ExportOutcome`], which the ledger counts. Never: retries of
//! its own, the API key, a wait on the exporter's thread.
//!
//! ```text
//! worker ─▶ Carrier ─▶ Exporter::export ─▶ ExportOutcome ─▶ retry ─▶ stats
//!                        └─ FileOutput ─▶ spans.jsonl, evaluations.jsonl
//! ```

mod carrier;
mod exporter;
mod file_output;
mod json_lines;
mod request;

pub(crate) use carrier::Carrier;
pub use exporter::{ExportOutcome, Exporter};
pub use file_output::FileOutput;
pub use request::{ExportRequest, ExportRoute};
