//! A provider's request and answer → [`Annotation`](crate::Annotation); pure: no client crate, no I/O, no clock.
//!
//! In: the bytes of a request, the bytes of its answer, whole or in pieces. Out: what a span says of the call.
//! Never: `tracing`, HTTP clients, anything of the application's beyond those bytes.
//!
//! Feature `providers`; the adapters for client crates, which have features of their own, are made of this. For a client
//! that has none:
//!
//! ```
//! use tracing_llmobs::LlmObsSpanExt;
//! use tracing_llmobs::providers::{Call, Endpoint, Ending, Head};
//!
//! let request = br#"{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]}"#;
//! let answer = br#"{"model": "gpt-4o-mini-2024-07-18", "choices": [{"message": {"role": "assistant", "content": "Hello."}}]}"#;
//!
//! let endpoint = Endpoint::recognise("POST", "https://api.openai.com/v1/chat/completions").unwrap();
//! let call = Call::new(endpoint, &request[..]);
//! let span = tracing::info_span!("request", llmobs.kind = tracing::field::Empty);
//! let mut received = call.answered(Head::new(200).content_type("application/json"));
//! received.push(&answer[..], None);
//! span.annotate(received.finish(Ending::Complete));
//! ```

mod call;
mod codec;
mod endpoint;
mod framing;
mod json;
mod openai;
mod received;

pub use call::{Call, Head};
pub use endpoint::{Api, Endpoint};
pub use received::{Ending, Received};
