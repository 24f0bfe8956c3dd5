//! Through a Datadog Agent, which adds its own key.

use super::client;
use super::endpoint::{Credentials, Endpoint};
use super::route::AGENT_PREFIX;
use crate::config::{Address, Settings};
use crate::error::ConfigError;

/// `<agent>/evp_proxy/v2<path>`. An overriding address takes the agent's place, and its path, if it has one, that of
/// the prefix.
///
/// Source: dd-trace-py `ddtrace/llmobs/_writer.py`, as of August 2026.
pub(super) fn endpoint(settings: &Settings) -> Result<Endpoint, ConfigError> {
    let address = settings.override_origin.as_ref().unwrap_or(&settings.agent);
    let prefix = match &settings.override_origin {
        Some(Address::Http(base)) if base.has_path() => "",
        Some(Address::Http(_) | Address::Unix(_)) | None => AGENT_PREFIX,
    };
    let client = client::build(address, client::Proxy::Never, settings)?;
    Endpoint::new(client, Credentials::Agents, Some(address), |route| {
        format!("{}{prefix}{}", client::base(address), route.path())
    })
}
