//! A receiver of payloads that is known by address and credentials.

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};

use super::route::{KEY_HEADER, Payload, Route, SUBDOMAIN_HEADER};
use crate::error::ConfigError;

/// Where payloads are posted.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    client: Client,
    spans: Url,
    evaluations: Url,
    credentials: Credentials,
}

/// Who answers for the payload.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// We do, with the API key.
    Key(HeaderValue),
    /// The agent does, with its own key; it only has to know which intake is meant.
    Agents,
}

impl Endpoint {
    /// An endpoint whose URLs are made of a route.
    pub(super) fn new(
        client: Client,
        credentials: Credentials,
        url: impl Fn(Route) -> String,
    ) -> Result<Self, ConfigError> {
        let (spans, evaluations) = (parse(&url(Route::Spans))?, parse(&url(Route::Evaluations))?);
        Ok(Self { client, spans, evaluations, credentials })
    }

    /// **Shape:** `POST` of the body as `application/json`.
    pub(super) fn request(&self, payload: &Payload) -> RequestBuilder {
        let url = match payload.route {
            Route::Spans => &self.spans,
            Route::Evaluations => &self.evaluations,
        };
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json");
        let request = match &self.credentials {
            Credentials::Key(key) => request.header(KEY_HEADER, key),
            Credentials::Agents => request.header(SUBDOMAIN_HEADER, payload.route.subdomain()),
        };
        request.body(payload.body.clone())
    }
}

/// A URL that the configuration has let pass; what only a full parser refuses is named here.
pub(super) fn parse(url: &str) -> Result<Url, ConfigError> {
    Url::parse(url).map_err(|source| ConfigError::Client { source: source.into() })
}
