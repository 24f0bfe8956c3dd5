//! HTTP: who may ask, which page, which answer.

pub(crate) mod access;
pub(crate) mod handlers;
pub(crate) mod routes;
pub(crate) mod state;
pub(crate) mod summaries;
pub(crate) mod updates;
