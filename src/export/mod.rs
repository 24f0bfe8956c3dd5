//! From recordings to the intake, on the worker thread.
//!
//! In: what the queue held. Out: requests. Never: `tracing` callbacks, the application's threads.

mod retry;
mod transport;
