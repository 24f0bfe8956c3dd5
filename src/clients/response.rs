//! What goes to `reqwest`, and what comes back from it, with a body that tells what it yields.

use bytes::Bytes;
use reqwest::{Body, Response, ResponseBuilderExt};

use super::body::ResponseBody;
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
    let body = Body::wrap(ResponseBody::new(inner, Some(observation)));
    Response::from(http::Response::from_parts(parts, body))
}

/// What is sent; nothing of a body that is a stream.
pub(super) fn sent(body: Option<&Body>) -> Bytes {
    body.and_then(Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default()
}
