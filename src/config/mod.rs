//! Settings as values.
//!
//! In: what the builder's methods and the environment say. Out: [`Settings`], complete and checked, or a
//! [`ConfigError`](crate::error::ConfigError) that names the culprit. Never: I/O other than reading the environment, words.
//!
//! ```text
//! environment ─▶ env::read ─▶ Config ─┐
//!                                     ├─ code beats environment ─▶ Config::resolve ─▶ Settings + warnings
//! builder's methods ─────────▶ Config ┘
//! ```

mod env;

mod declared;
mod given;
mod integrations;
mod settings;

mod address;
mod limits;
mod ml_app;
mod site;

#[cfg(test)]
mod tests;

pub use env::{VARIABLES, Variable};
pub use ml_app::sanitize_ml_app;
pub use site::{ApiKey, Site};

pub(crate) use address::{Address, UrlText};
pub(crate) use declared::Config;
pub(crate) use env::API_KEY;
pub(crate) use given::Given;
pub(crate) use integrations::named;
pub(crate) use ml_app::broken_rule;
pub(crate) use settings::{Mode, Settings};
