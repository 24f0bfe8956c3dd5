//! Traces on disk: `SQLite`, one transaction for the requests that came together.
//!
//! In: decoded requests. Out: rows. Never: HTTP, HTML.

pub(crate) mod aggregate;
pub(crate) mod evaluation;
pub(crate) mod filter;
pub(crate) mod open;
pub(crate) mod query;
pub(crate) mod row;
pub(crate) mod schema;
pub(crate) mod summary;
pub(crate) mod write;
