//! The only I/O.
//!
//! In: a [`Payload`]. Out: that it was acknowledged, or a [`SendError`] that says what a retry needs to know. Never:
//! redirects, another HTTP version than 1.1, a key to an agent or over an open network, a URL or a body in a message.
//!
//! ```text
//! Payload ─▶ Transport::send ─▶ detect (automatic mode, until decided) ─▶ agent | agentless ─▶ Endpoint ─▶ POST
//!                                                                                                          │
//!                                                      Ok(()) or SendError { failure, wait, source } ◀─────┘
//! ```

mod route;
mod send;

mod carrier;

mod agent;
mod agentless;
mod detect;
mod endpoint;

mod client;
mod failure;
mod http_date;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;

#[cfg(test)]
mod rig;
#[cfg(test)]
mod tests;

pub(crate) use failure::{CarrierFailure, Failure, SendError};
pub(crate) use route::{Payload, Route};
pub(crate) use send::Transport;
