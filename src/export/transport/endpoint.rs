//! The receiver of requests: its addresses, and the credentials it wants.

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};

use super::route::{KEY_HEADER, Payload, Route, SUBDOMAIN_HEADER};
use crate::config::Address;
use crate::diagnostics::Destination;
use crate::error::ConfigError;

/// A receiver of requests.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    client: Client,
    spans: Url,
    evaluations: Url,
    credentials: Credentials,
    /// The path of a socket, which the URLs do not show.
    socket: Option<String>,
}

/// The credentials of a request.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// The API key.
    Key(HeaderValue),
    /// None: the agent adds its own key, and only has to know which intake is meant.
    Agents,
}

impl Endpoint {
    /// Creates an endpoint from the URL of each route.
    pub(super) fn new(
        client: Client,
        credentials: Credentials,
        address: Option<&Address>,
        url: impl Fn(Route) -> String,
    ) -> Result<Self, ConfigError> {
        let (spans, evaluations) = (parse(&url(Route::Spans))?, parse(&url(Route::Evaluations))?);
        let socket = address.filter(|address| matches!(address, Address::Unix(_))).map(ToString::to_string);
        Ok(Self { client, spans, evaluations, credentials, socket })
    }

    /// Describes the receiver of a route for log lines.
    pub(super) fn destination(&self, route: Route) -> Destination {
        let is_agent = matches!(self.credentials, Credentials::Agents);
        let address = self.socket.clone().unwrap_or_else(|| self.url(route).origin().ascii_serialization());
        Destination { is_agent, address }
    }

    fn url(&self, route: Route) -> &Url {
        match route {
            Route::Spans => &self.spans,
            Route::Evaluations | Route::Feedback => &self.evaluations,
        }
    }

    /// **Shape:** `POST` of the body as `application/json`.
    pub(super) fn request(&self, payload: &Payload) -> RequestBuilder {
        let request = self.client.post(self.url(payload.route).clone()).header(CONTENT_TYPE, "application/json");
        let request = match &self.credentials {
            Credentials::Key(key) => request.header(KEY_HEADER, key),
            Credentials::Agents => request.header(SUBDOMAIN_HEADER, payload.route.subdomain()),
        };
        request.body(payload.body.clone())
    }
}

/// Parses a URL that the configuration has accepted. A full parser may still refuse it.
pub(super) fn parse(url: &str) -> Result<Url, ConfigError> {
    Url::parse(url).map_err(|source| ConfigError::Client { source: source.into() })
}
