//! Pages: rows ─▶ HTML. Pure: the same rows give the same page.
//!
//! Everything that comes from a span passes `text::visible` or the escaping of `maud`; no page has an inline script or style.

pub(crate) mod conversation;
pub(crate) mod detail;
pub(crate) mod figures;
pub(crate) mod frame;
pub(crate) mod json_view;
pub(crate) mod kinds;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod list_facets;
pub(crate) mod markdown;
pub(crate) mod overview;
pub(crate) mod session;
pub(crate) mod span_tree;
pub(crate) mod start;
pub(crate) mod text;
pub(crate) mod trace;
pub(crate) mod trace_sums;
