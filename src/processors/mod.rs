//! Ready-made processors, for [`Builder::processor`](crate::Builder::processor).
//!
//! In: a finished span. Out: that span, with less in it. Never: I/O, threads, clocks.

#[cfg(feature = "redact")]
mod redactor;
mod size_limit;

#[cfg(feature = "redact")]
pub use redactor::Redactor;
pub use size_limit::SizeLimit;
