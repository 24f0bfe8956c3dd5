//! Reads the requests and responses of LLM providers into [`Annotation`](llmobs_model::Annotation)s: kind, model, messages,
//! tools, token counts, errors.
//!
//! The crate is pure: it makes no requests, reads no clock and knows no client crate and no tracer. A tracer gives it the URL
//! and the bytes of a call, as they pass through an HTTP client, and records the annotation on a span of its own.
//!
//! 1. [`Endpoint::recognise`] tells whether a request is a call of a model, by method and URL.
//! 2. [`Call::new`] takes the body of the request.
//! 3. [`Call::begin_response`] takes the status and the headers, [`ResponseReader::push`] the body, whole or in pieces of any
//!    size: JSON, server-sent events, lines of JSON, AWS event streams.
//! 4. [`ResponseReader::finish`] returns the annotation. A stream gives the same one as the response in one piece.
//!
//! ```
//! use llmobs_model::{Content, Message, SpanKind, metric};
//! use llmobs_providers::{Call, Ending, Endpoint, ResponseHead};
//!
//! let request = br#"{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]}"#;
//! let response = br#"{"model": "gpt-4o-mini-2024-07-18",
//!     "choices": [{"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
//!     "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}"#;
//!
//! let endpoint = Endpoint::recognise("POST", "https://api.openai.com/v1/chat/completions").unwrap();
//! let call = Call::new(endpoint, &request[..]);
//! let mut reader = call.begin_response(ResponseHead::new(200).content_type("application/json"));
//! for piece in response.chunks(16) {
//!     reader.push(piece, None);
//! }
//! let annotation = reader.finish(Ending::Complete);
//!
//! assert_eq!((annotation.kind, annotation.name.as_deref()), (Some(SpanKind::Llm), Some("OpenAI.createChatCompletion")));
//! assert_eq!(annotation.model_name.as_deref(), Some("gpt-4o-mini-2024-07-18"));
//! assert_eq!(annotation.output, Some(Content::from(Message::assistant("Hello."))));
//! assert_eq!(annotation.metrics.get(metric::TOTAL_TOKENS).and_then(|count| count.as_u64()), Some(12));
//! assert_eq!(annotation.metadata["finish_reason"], "stop");
//! ```
//!
//! # Guarantees
//!
//! - No input panics, and no input takes more memory than a small multiple of its bytes; a stream without end takes at most
//!   about 32 MiB for its texts and 16 MiB for a frame.
//! - Reading is tolerant: one bad byte costs one string, and missing blank lines between events cost nothing.
//! - A good response that could not be read is reported in the metadata as `unreadable_response`.
//! - Of a request, only parameters on a list reach the metadata. Keys in URLs and headers are never looked at.

#![forbid(unsafe_code)]

mod confirmation;
mod endpoint;
mod routes;
mod url;

mod call;
mod codec;
mod response_reader;
mod usage_tail;

mod annotate;
mod chunk_template;
mod compression;
mod data_urls;
mod failure;
mod framing;
mod gateways;
mod json;
mod media;
mod usage;

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

pub use call::{Call, RequestBytes, ResponseHead};
pub use endpoint::{Api, Endpoint};
pub use response_reader::{Ending, ResponseReader};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
