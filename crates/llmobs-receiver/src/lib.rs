#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic"))]

// connection ─▶ server
//                  access       requests of web pages are refused
//                  endpoint     the part of the intake or the Agent that a request means
//                  request_body bytes, bounded in size, time and number
//                  body         bytes, perhaps gzip ─▶ JSON value   (value_reader: budget; lenient_json: what is almost JSON)
//                  decode       JSON value ─▶ SpanEvent
//                  delivery     the items of a request, and errors of the rest
//                  answer       responses, and those that a test wants instead
//                  store        bounded; the oldest traces go first
//                    │
//                  trace        the spans of one trace in order, with their evaluations (evaluation_index)
//                  tree         a trace ─▶ lines   (span_details, tree_lines, visible_text, styled_line)
mod access;
mod answer;
mod body;
mod connection;
mod decode;
mod delivery;
mod endpoint;
mod evaluation_index;
mod lenient_json;
mod received_request;
mod request_body;
mod server;
mod span_details;
mod store;
mod styled_line;
mod trace;
mod tree;
mod tree_lines;
mod value_reader;
mod visible_text;

pub use answer::Answer;
pub use body::BodyError;
pub use decode::{DecodeError, ReceivedSpan, decode_span};
pub use delivery::{DecodedRequest, Rejected};
pub use endpoint::{Endpoint, SUBDOMAIN, agent_info};
pub use received_request::ReceivedRequest;
pub use server::Receiver;
pub use styled_line::TreeStyle;
pub use trace::Trace;
