//! What goes to `reqwest`, and what comes back from it, with a body that tells what it yields.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::{Body, Response, ResponseBuilderExt};

use super::observation::Observation;

/// The same response; the observation is told what is read of it. Status, version, headers, extensions and URL stay.
pub(super) fn observed(response: Response, mut observation: Observation) -> Response {
    observation.head(response.status().as_u16(), response.headers());
    let url = response.url().clone();
    let (mut parts, inner) = http::Response::<Body>::from(response).into_parts();
    // The URL is an extension whose type is private.
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    let body = Body::wrap(Observed { inner, observation: Mutex::new(observation) });
    Response::from(http::Response::from_parts(parts, body))
}

/// What is sent; nothing of a body that is a stream.
pub(super) fn sent(body: Option<&Body>) -> Bytes {
    body.and_then(Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default()
}

/// A body that passes everything on as it comes.
struct Observed {
    inner: Body,
    /// Never locked by two: the body must be `Sync`, and a provider's reader is not.
    observation: Mutex<Observation>,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let observation = self.observation.get_mut().unwrap_or_else(PoisonError::into_inner);
        match &frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    observation.piece(bytes);
                }
            }
            Some(Err(error)) => observation.fail(error),
            None => observation.complete(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
