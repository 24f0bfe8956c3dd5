//! A provider's request and answer → [`Annotation`](crate::Annotation); pure: no client crate, no I/O, no clock.
//!
//! In: the bytes of a request, the bytes of its answer, whole or in pieces. Out: what a span says of the call.
//! Never: `tracing`, HTTP clients, anything of the application's beyond those bytes.
//!
//! Feature `providers`; the adapters for client crates, which have features of their own, are made of this. For a client
//! that has none:
//!
//! ```
//! use llmobs_providers::{Call, Endpoint, Ending, ResponseHead};
//! use tracing_llmobs::{Content, LlmObsSpanExt, Message, SpanKind, testing};
//! use tracing_subscriber::prelude::*;
//!
//! let (layer, recorder) = testing::recorder();
//! let _default = tracing_subscriber::registry().with(layer).set_default();
//!
//! let request = br#"{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]}"#;
//! let answer = br#"{"model": "gpt-4o-mini-2024-07-18", "choices": [{"message": {"role": "assistant", "content": "Hello."}}]}"#;
//!
//! let endpoint = Endpoint::recognise("POST", "https://api.openai.com/v1/chat/completions").unwrap();
//! let call = Call::new(endpoint, &request[..]);
//! let span = tracing::info_span!("request", llmobs.kind = tracing::field::Empty);
//! let mut received = call.begin_response(ResponseHead::new(200).content_type("application/json"));
//! received.push(&answer[..], None);
//! span.annotate(received.finish(Ending::Complete));
//! drop(span);
//!
//! let event = recorder.span("OpenAI.createChatCompletion");
//! assert_eq!((event.kind, event.model_name.as_deref()), (SpanKind::Llm, Some("gpt-4o-mini-2024-07-18")));
//! assert_eq!(event.output, Some(Content::from(Message::assistant("Hello."))));
//! ```

mod endpoint;
mod routes;
mod url;

mod call;
mod codec;
mod response_reader;

mod asked;
mod chunk_template;
mod counts;
mod data_urls;
mod embedded;
mod failure;
mod framing;
mod json;
mod media;

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod mistral;
mod ollama;
mod openai;

#[cfg(test)]
mod random_json;
#[cfg(test)]
mod test_exchange;
#[cfg(test)]
mod test_frames;

pub use call::RequestBytes;
pub use call::{Call, ResponseHead};
pub use endpoint::{Api, Endpoint};
pub use response_reader::{Ending, ResponseReader};
