//! A single attempt to send a request.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio::sync::Mutex;

use super::detect::Detect;
use super::endpoint::Endpoint;
use super::failure::{Failure, SendError};
use super::route::{Payload, Route};
use super::{agent, agentless, carrier};
use crate::carriers::Carrier;
use crate::config::{API_KEY, Mode, Settings};
use crate::diagnostics::Destination;
use crate::error::ConfigError;

/// Sends requests to the receiver that was configured, or that was found. Shared by all requests in flight.
#[derive(Debug)]
pub(crate) struct Transport {
    channel: Channel,
    /// The receivers by route that requests are tried with; `None` for a carrier.
    tried: Option<[Arc<Destination>; Route::ALL.len()]>,
    /// The receivers that were decided on.
    decided: OnceLock<[Arc<Destination>; Route::ALL.len()]>,
}

#[derive(Debug)]
enum Channel {
    /// The intake or an agent, by HTTP.
    Http(Mutex<Way>),
    /// The route that the application has chosen.
    Carrier { carrier: Carrier, timeout: Duration },
}

#[derive(Debug)]
enum Way {
    Decided(Arc<Endpoint>),
    /// No mode was configured, and no request was sent yet. The agent is asked when there is something to send: not at
    /// start, and not on a thread of the application. A positive answer holds for good, so that a restart of the agent
    /// does not change which organisation gets the data; without a key there is only one way, so the agent is asked again.
    Open(Box<Open>),
}

#[derive(Debug)]
struct Open {
    detect: Detect,
    agent: Endpoint,
    agentless: Option<Endpoint>,
}

impl Transport {
    /// Builds the clients and connects to nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let straight = || settings.api_key.as_ref().map(|key| agentless::endpoint(settings, key)).transpose();
        let way = match settings.mode {
            Mode::Agent => Way::Decided(Arc::new(agent::endpoint(settings)?)),
            Mode::Agentless => {
                let missing = ConfigError::MissingApiKey { setting: API_KEY.name };
                Way::Decided(Arc::new(straight()?.ok_or(missing)?))
            }
            Mode::Auto => {
                let (detect, agent) = (Detect::new(settings)?, agent::endpoint(settings)?);
                Way::Open(Box::new(Open { detect, agent, agentless: straight()? }))
            }
        };
        let tried = Some(destinations(match &way {
            Way::Decided(endpoint) => endpoint,
            Way::Open(open) => &open.agent,
        }));
        Ok(Self { channel: Channel::Http(Mutex::new(way)), tried, decided: OnceLock::new() })
    }

    /// Returns the receiver that items go to, once the first request has found it.
    pub(crate) fn decided(&self, route: Route) -> Option<Arc<Destination>> {
        self.decided.get()?.get(route.index()).map(Arc::clone)
    }

    /// Returns the receiver that items go to, or where it is looked for.
    pub(crate) fn destination(&self, route: Route) -> Option<Arc<Destination>> {
        self.decided(route).or_else(|| self.tried.as_ref()?.get(route.index()).map(Arc::clone))
    }

    /// Sends everything to a carrier of the application, which has `timeout` for each payload.
    pub(crate) const fn to_carrier(carrier: Carrier, timeout: Duration) -> Self {
        Self { channel: Channel::Carrier { carrier, timeout }, tried: None, decided: OnceLock::new() }
    }

    /// Returns true when payloads go to a carrier, which wants to know where each item ends.
    pub(crate) const fn is_carrier(&self) -> bool {
        matches!(self.channel, Channel::Carrier { .. })
    }

    /// Posts a payload once; `Ok` means that a 2xx answer of the intake or the agent was read.
    ///
    /// # Errors
    ///
    /// Anything else. After a timeout or a broken connection the payload may have arrived all the same.
    pub(crate) async fn send(&self, payload: &Payload) -> Result<(), SendError> {
        let way = match &self.channel {
            Channel::Http(way) => way,
            Channel::Carrier { carrier, timeout } => return carrier::send(carrier, payload, *timeout).await,
        };
        let endpoint = self.endpoint(way).await?;
        let response = endpoint.request(payload).send().await?;
        let status = response.status();
        if !status.is_success() {
            let error = SendError::status(status.as_u16(), response.headers());
            discard(response).await;
            return Err(error);
        }
        // The intake answers 202. A 200 with a web page comes from a login form in between, which has kept nothing.
        let is_page = status == StatusCode::OK && response.headers().get_all(CONTENT_TYPE).iter().any(is_web_page);
        discard(response).await;
        if is_page { Err(SendError::new(Failure::WebPage)) } else { Ok(()) }
    }

    /// Returns the receiver. While it is not decided, requests wait here for one detection.
    #[expect(
        clippy::significant_drop_tightening,
        reason = "the lock is held while the receiver is detected, so that it is once"
    )]
    async fn endpoint(&self, way: &Mutex<Way>) -> Result<Arc<Endpoint>, SendError> {
        let mut way = way.lock().await;
        let found = match &*way {
            Way::Decided(endpoint) => {
                self.decided.get_or_init(|| destinations(endpoint));
                return Ok(Arc::clone(endpoint));
            }
            Way::Open(open) => {
                let Open { detect, agent, agentless } = open.as_ref();
                if detect.is_there().await { Some(agent) } else { agentless.as_ref() }.cloned()
            }
        };
        let endpoint = Arc::new(found.ok_or(SendError::new(Failure::NoWay))?);
        self.decided.get_or_init(|| destinations(&endpoint));
        *way = Way::Decided(Arc::clone(&endpoint));
        Ok(endpoint)
    }
}

fn destinations(endpoint: &Endpoint) -> [Arc<Destination>; Route::ALL.len()] {
    Route::ALL.map(|route| Arc::new(endpoint.destination(route)))
}

/// Returns true for the media type of a web page, in any case.
fn is_web_page(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().get(..WEB_PAGE.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(WEB_PAGE))
}

/// Reads a little of the body, so that the connection can be used again. The status alone decides: it does not matter
/// how the body ends, or whether.
async fn discard(mut response: Response) {
    let read = async {
        let mut left = MAX_BODY_BYTES;
        while let Ok(Some(chunk)) = response.chunk().await {
            let Some(rest) = left.checked_sub(chunk.len()) else { return };
            left = rest;
        }
    };
    // A timeout here means that the connection is not used again, and no more.
    let _ = tokio::time::timeout(MAX_BODY_TIME, read).await;
}

const WEB_PAGE: &[u8] = b"text/html";
const MAX_BODY_BYTES: usize = 64 << 10;
const MAX_BODY_TIME: Duration = Duration::from_millis(500);
