//! Reading the body of a request: bounded in bytes, in time, and together with all other bodies.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_core::Stream;
use tokio::time::timeout;

/// The bytes of all bodies that are being received.
#[derive(Debug, Default)]
pub(super) struct BodiesInFlight(AtomicUsize);

/// A share of [`BodiesInFlight`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    all: &'a BodiesInFlight,
    bytes: usize,
}

impl InFlight<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), RequestError> {
        let before = self.all.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        if before.saturating_add(bytes) > MAX_IN_FLIGHT_BYTES { Err(RequestError::Busy) } else { Ok(()) }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The error of a body that did not come in full.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("body did not come within {} s", BODY_TIMEOUT.as_secs())]
    TooSlow,
    #[error("too many large requests at a time; try again")]
    Busy,
    #[error("body broke off: {0}")]
    Broken(#[source] axum::Error),
}

impl RequestError {
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::TooSlow => 408,
            Self::Busy => 503,
            Self::Broken(_) => 400,
        }
    }
}

/// Reads a body, with its share of the bytes in flight.
pub(super) async fn read_body(body: Body, all: &BodiesInFlight) -> Result<(Vec<u8>, InFlight<'_>), RequestError> {
    let in_flight = InFlight { all, bytes: 0 };
    timeout(BODY_TIMEOUT, collect(body.into_data_stream(), in_flight)).await.unwrap_or(Err(RequestError::TooSlow))
}

async fn collect(
    mut chunks: BodyDataStream,
    mut in_flight: InFlight<'_>,
) -> Result<(Vec<u8>, InFlight<'_>), RequestError> {
    let mut bytes = Vec::new();
    loop {
        let Some(chunk) = next(&mut chunks).await else { return Ok((bytes, in_flight)) };
        let chunk = chunk.map_err(RequestError::Broken)?;
        if bytes.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
            drop((bytes, in_flight));
            return discard(chunks).await;
        }
        in_flight.grow(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
}

/// Reads the rest of a body that is too large, up to a bound: a client that is still writing would not see the response.
async fn discard<T>(mut chunks: BodyDataStream) -> Result<T, RequestError> {
    let mut left = MAX_BODY_BYTES;
    while let Some(Ok(chunk)) = next(&mut chunks).await {
        let Some(after) = left.checked_sub(chunk.len()) else { break };
        left = after;
    }
    Err(RequestError::TooLarge)
}

async fn next(chunks: &mut BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    std::future::poll_fn(|cx| Pin::new(&mut *chunks).poll_next(cx)).await
}

/// More than the largest request that any SDK sends (20 MiB, of APM traces) or that the Agent takes (25 MB).
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of all bodies together.
const MAX_IN_FLIGHT_BYTES: usize = 128 * 1024 * 1024;
/// Time for a body, from the end of the head.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
