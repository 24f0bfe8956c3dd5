//! Tables: one file for each convention, and those that cross them.
//!
//! `allowlist.rs` decides which attributes are captured, `class.rs` what a policy lets out of them, `destination.rs` where the
//! rest of them goes, and `precedence.rs` which of several attributes wins.

pub(crate) mod allowlist;
pub(crate) mod class;
pub(crate) mod destination;
pub(crate) mod frameworks;
pub(crate) mod gen_ai;
pub(crate) mod langfuse;
pub(crate) mod openinference;
pub(crate) mod otel;
pub(crate) mod precedence;
pub(crate) mod traceloop;
pub(crate) mod vercel;
