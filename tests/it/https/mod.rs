//! Over TLS and through proxies: a program that knows nothing but its environment, and real servers on loopback.
//!
//! Authorities, keys and certificates are made when the tests run, and none of them is kept.
//!
//! ```text
//! Program (a process) ─▶ [Proxy: CONNECT] ─▶ Front: TLS ─▶ receiver
//! ```

mod authority;
mod front;
mod program;
mod proxy;

mod certificates;
mod proxies;

use authority::{Authority, Identity, Scratch};
use front::Front;
use program::{AGENT, AGENTLESS, Ending, SPANS};
use proxy::{Proxy, Verdict};
