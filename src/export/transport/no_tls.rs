//! The build without TLS: the configuration has refused every https address, so there is nothing to prepare.

use reqwest::ClientBuilder;

use crate::config::Settings;
use crate::error::ConfigError;

/// Returns the builder as it is.
#[expect(clippy::unnecessary_wraps, reason = "the signature of its twin")]
pub(super) fn configure(
    builder: ClientBuilder,
    _is_used: bool,
    _settings: &Settings,
) -> Result<ClientBuilder, ConfigError> {
    Ok(builder)
}
