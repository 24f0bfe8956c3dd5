//! Tables: one file for each convention, and the two that cross them.
//!
//! `allowlist.rs` decides which attributes are captured, `precedence.rs` which of several attributes wins.

pub(crate) mod allowlist;
pub(crate) mod frameworks;
pub(crate) mod gen_ai;
pub(crate) mod langfuse;
pub(crate) mod openinference;
pub(crate) mod precedence;
pub(crate) mod traceloop;
pub(crate) mod vercel;
