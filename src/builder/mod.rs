//! The builder: settings in code, which beat those of the environment, and the wiring of all rooms.
//!
//! In: calls of its methods, the environment. Out: the layer and its guard, or a
//! [`ConfigError`](crate::error::ConfigError). Never: a thread or a socket before [`Builder::start`].
//!
//! ```text
//! builder() ─▶ setters (one a row of config's table) ─▶ Builder::start ─▶ Settings ─▶ queue, worker, layer, guard
//! ```

mod setup;

mod integrations;
mod process;
mod propagation;
mod setters;

mod start;

#[cfg(test)]
mod tests;

pub use setup::{Builder, builder};
