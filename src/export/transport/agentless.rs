//! Straight to the intake, with the API key.

use reqwest::header::HeaderValue;

use super::client;
use super::endpoint::{Credentials, Endpoint};
use crate::config::{API_KEY, Address, ApiKey, Settings};
use crate::error::ConfigError;

/// `https://<subdomain>.<site><path>`, or the path at the overriding address.
///
/// Source: dd-trace-py `ddtrace/llmobs/_writer.py`, as of August 2026.
pub(super) fn endpoint(settings: &Settings, key: &ApiKey) -> Result<Endpoint, ConfigError> {
    let mut key = HeaderValue::from_str(key.expose())
        .map_err(|_| ConfigError::ApiKey { setting: API_KEY.name, problem: "it cannot be sent in a header" })?;
    key.set_sensitive(true);
    let intake = Address::https(settings.site.as_str());
    let client = client::build(settings.override_origin.as_ref().unwrap_or(&intake), client::Proxy::Allowed, settings)?;
    let address = settings.override_origin.as_ref();
    Endpoint::new(client, Credentials::Key(key), address, |route| match &settings.override_origin {
        Some(address) => format!("{}{}", client::base(address), route.path()),
        None => format!("https://{}{}", settings.site.host(route.subdomain()), route.path()),
    })
}
