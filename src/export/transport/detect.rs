//! Detection of a Datadog Agent that forwards events.

use reqwest::{Client, Response, Url};
use serde_json::Value;

use super::route::{AGENT_INFO, AGENT_PREFIX};
use super::{client, endpoint};
use crate::config::Settings;
use crate::error::ConfigError;

/// The request that asks an agent for its endpoints.
#[derive(Debug)]
pub(super) struct Detect {
    client: Client,
    url: Url,
    timeout: std::time::Duration,
}

impl Detect {
    pub(super) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let client = client::build(&settings.agent, client::Proxy::Never, settings)?;
        let url = endpoint::parse(&format!("{}{AGENT_INFO}", client::base(&settings.agent)))?;
        Ok(Self { client, url, timeout: settings.tuning.info_timeout })
    }

    /// Returns true when the agent answers in time that it forwards to the intake.
    ///
    /// **Shape** of the answer: `{"endpoints": ["/evp_proxy/v2/", …], …}`, with or without the last slash. The extension
    /// for AWS Lambda lists the full paths instead, such as `/evp_proxy/v2/api/v2/llmobs`.
    pub(super) async fn is_there(&self) -> bool {
        let Ok(response) = self.client.get(self.url.clone()).timeout(self.timeout).send().await else { return false };
        if !response.status().is_success() {
            return false;
        }
        let Some(body) = body(response).await else { return false };
        let Ok(info) = serde_json::from_slice::<Value>(&body) else { return false };
        let endpoints = info.get("endpoints").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        endpoints.iter().filter_map(Value::as_str).any(is_way_to_the_intake)
    }
}

fn is_way_to_the_intake(path: &str) -> bool {
    path.strip_prefix(AGENT_PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads a body, unless it is too long.
async fn body(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_INFO_BYTES {
            return None;
        }
    }
    Some(body)
}

/// Agents send a few kilobytes.
const MAX_INFO_BYTES: usize = 1 << 20;
