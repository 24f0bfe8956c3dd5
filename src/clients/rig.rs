//! An HTTP client for `rig`. Feature `rig`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use rig_http::http_client::{BoxedStream, Error, HttpClientExt, LazyBody, MultipartForm, Result, StreamingResponse};
use rig_http::wasm_compat::WasmCompatSend;
use tracing::Span;
use tracing::instrument::Instrument;

use super::calls::Calls;
use super::observation::Observation;

/// Adds to rig's own spans what they lack: content where rig records none, errors, time to the first token.
///
/// It goes around any client of rig's. A call outside of a span of rig's is a span of its own.
///
/// # Example
///
/// ```
/// use rig_http::http_client::HttpClientExt;
/// use tracing_llmobs::clients::rig::Observe;
///
/// // `http` is rig's own: `rig_reqwest::ReqwestClient::default()`.
/// fn observed(http: impl HttpClientExt) -> impl HttpClientExt {
///     Observe::new(http)
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Observe<H> {
    inner: H,
    calls: Calls,
}

impl<H> Observe<H> {
    /// A client that makes its requests with this one.
    pub const fn new(inner: H) -> Self {
        Self { inner, calls: Calls::new() }
    }

    /// Says which requests are calls of models.
    pub fn calls(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }

    fn see(&self, request: &Request<Bytes>) -> Option<Observation> {
        let url = request.uri().to_string();
        Observation::begin(&self.calls, request.method().as_str(), &url, || request.body().clone())
    }
}

impl<H: HttpClientExt> HttpClientExt for Observe<H> {
    fn send<T, U>(
        &self,
        request: Request<T>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>>> + WasmCompatSend + 'static
    where
        T: Into<Bytes> + WasmCompatSend,
        U: From<Bytes> + WasmCompatSend + 'static,
    {
        let request = request.map(Into::into);
        let mut observation = self.see(&request);
        let span = observation.as_ref().map_or_else(Span::none, Observation::span);
        let sent = span.in_scope(|| self.inner.send::<Bytes, Bytes>(request));
        async move {
            let answer = sent.instrument(span).await;
            tell_head(observation.as_mut(), &answer);
            let (parts, body) = answer?.into_parts();
            let body: LazyBody<U> = Box::pin(async move {
                let body = body.await;
                tell_body(observation, &body);
                body.map(U::from)
            });
            Ok(Response::from_parts(parts, body))
        }
    }

    fn send_multipart<U>(
        &self,
        request: Request<MultipartForm>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>>> + WasmCompatSend + 'static
    where
        U: From<Bytes> + WasmCompatSend + 'static,
    {
        self.inner.send_multipart(request)
    }

    async fn send_streaming<T>(&self, request: Request<T>) -> Result<StreamingResponse>
    where
        T: Into<Bytes> + WasmCompatSend,
    {
        let request = request.map(Into::into);
        let mut observation = self.see(&request);
        let span = observation.as_ref().map_or_else(Span::none, Observation::span);
        let sent = span.in_scope(|| self.inner.send_streaming(request));
        let answer = sent.instrument(span).await;
        tell_head(observation.as_mut(), &answer);
        let (parts, inner) = answer?.into_parts();
        let body: BoxedStream = match observation {
            Some(observation) => Box::pin(Observed { inner, observation }),
            None => inner,
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// Tells how the answer begins. An answer with a bad status is an error in rig, with all that came.
fn tell_head<B>(observation: Option<&mut Observation>, answer: &Result<Response<B>>) {
    let Some(observation) = observation else { return };
    match answer {
        Ok(response) => observation.head(response.status().as_u16(), response.headers()),
        Err(Error::InvalidStatusCodeWithDetails { status, body, headers }) => {
            observation.head(status.as_u16(), headers);
            observation.piece(&Bytes::copy_from_slice(body.as_bytes()));
            observation.complete();
        }
        Err(error) => observation.fail(error),
    }
}

fn tell_body(observation: Option<Observation>, body: &Result<Bytes>) {
    let Some(mut observation) = observation else { return };
    match body {
        Ok(bytes) => {
            observation.piece(bytes);
            observation.complete();
        }
        Err(error) => observation.fail(error),
    }
}

/// A stream that passes everything on as it comes.
struct Observed {
    inner: BoxedStream,
    observation: Observation,
}

impl Stream for Observed {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.inner.as_mut().poll_next(cx));
        match &piece {
            Some(Ok(bytes)) => self.observation.piece(bytes),
            Some(Err(error)) => self.observation.fail(error),
            None => self.observation.complete(),
        }
        Poll::Ready(piece)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
