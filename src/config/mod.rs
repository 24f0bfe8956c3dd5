//! Settings as values.
//!
//! In: the builder's methods and the environment. Out: [`Settings`], complete and checked, or a
//! [`ConfigError`](crate::error::ConfigError) that names the setting. Never: I/O other than reading the environment.
//!
//! ```text
//! table (one row a setting) ─▶ VARIABLES, Config, the builder's methods, docs/configuration.md
//!
//! environment ─▶ Config::from_env ─▶ Config ─┐
//!                                            ├─ code beats environment ─▶ Config::resolve ─▶ Settings + warnings
//! builder's methods ───────────────▶ Config ─┘
//! ```

mod table;

mod declared;
mod env;
mod given;
mod kinds;
mod variable;

mod settings;
mod warning;

mod address;
mod integrations;
mod ml_app;
mod site;

#[cfg(test)]
mod tests;

pub use ml_app::sanitize_ml_app;
pub use site::{ApiKey, Site};
pub use variable::{VARIABLES, Variable};

pub(crate) use address::{Address, UrlText};
pub(crate) use declared::{Config, Tuning};
pub(crate) use given::Given;
pub(crate) use ml_app::broken_rule;
pub(crate) use settings::{Mode, Settings};
pub(crate) use table::settings_table;
pub(crate) use variable::API_KEY;
pub(crate) use warning::ConfigWarning;
