//! A local intake on loopback: decode, store, print a trace tree.
//!
//! In: HTTP requests of any Datadog SDK, and what a test wants answered. Out: spans, evaluations, requests,
//! traces as text. Never: leaves the machine, touches the disk, looks at a clock.
//!
//! ```text
//! connection ─▶ server
//!                   route     which part of the intake or the Agent is meant?
//!                   body      bytes, perhaps gzip ─▶ JSON value   (pack: msgpack; repair: what is almost JSON)
//!                   decode    JSON value ─▶ SpanEvent            (the keys of the wire)
//!                   delivery  what was taken, and why the rest was not
//!                   answer    what is answered, and what a test wants instead
//!                   store     bounded; the oldest traces go first
//!                     │
//!                   trace     spans of one trace, who is below whom, and what was thought of them (verdicts)
//!                   tree      a trace ─▶ lines               (detail: below a span; rails: to its left; text: escape, cut; page: styles)
//! ```

mod answer;
mod body;
mod connection;
mod decode;
mod delivery;
mod detail;
mod pack;
mod page;
mod rails;
mod repair;
mod route;
mod server;
mod store;
mod text;
mod trace;
mod tree;
mod verdicts;

pub use answer::Answer;
pub use decode::{DecodeError, ReceivedSpan, decode_span};
pub use delivery::Rejected;
pub use page::TreeStyle;
pub use server::Receiver;
pub use store::ReceivedRequest;
pub use trace::Trace;
