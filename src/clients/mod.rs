//! Adapters for client crates: the calls of models that an application makes show up by themselves.
//!
//! In: requests, and the pieces of their answers as they come. Out: one event a call. Never: the application's bytes changed,
//! held up or gathered; its headers; a second event; an error of ours; JSON read on its threads, as long as there is room
//! for what is unread.
//!
//! ```text
//! request ─▶ Calls (which API is this?) ─▶ Observation ─▶ a span of its own, or the llm span around
//! answer  ─▶ head, pieces, end          ─▶ Observation ─▶ providers (read by the worker) ─▶ the span
//! ```
//!
//! Each adapter has a feature of its own, named after its crate. A call opens a span of the target `tracing_llmobs::clients`
//! and the level INFO below the current span. If the current span is an `llm` or `embedding` span itself, of this crate's
//! vocabulary or another's, that span is filled in instead: what it says of itself stays. The span ends with the answer, or
//! when the application lets go of it.

#[cfg(feature = "_clients")]
mod answer;
#[cfg(feature = "async-openai")]
pub mod async_openai;
#[cfg(feature = "bedrock")]
pub mod bedrock;
#[cfg(feature = "_clients")]
mod blocks;
#[cfg(any(feature = "async-openai", feature = "reqwest-middleware", feature = "tower"))]
mod body;
#[cfg(feature = "_clients")]
mod calls;
#[cfg(feature = "_clients")]
mod ending;
#[cfg(any(feature = "async-openai", feature = "tower"))]
mod layer;
#[cfg(feature = "_clients")]
mod observation;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest;
#[cfg(any(feature = "async-openai", feature = "reqwest-middleware"))]
mod response;
#[cfg(feature = "rig")]
pub mod rig;
#[cfg(feature = "rmcp")]
pub mod rmcp;
#[cfg(any(feature = "_clients", feature = "rmcp"))]
mod secrets;
#[cfg(feature = "tower")]
mod sending;
#[cfg(feature = "tower")]
pub mod tower;

#[cfg(feature = "_clients")]
pub use calls::Calls;
