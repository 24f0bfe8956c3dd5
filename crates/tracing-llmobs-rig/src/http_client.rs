//! The HTTP client that goes around another one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use rig_http::http_client::{BoxedStream, Error, HttpClientExt, LazyBody, MultipartForm, Result, StreamingResponse};
use rig_http::wasm_compat::WasmCompatSend;
use tracing::Span;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::{ClientCall, EndpointRules};

/// An HTTP client for rig that sends its requests with another one, and records the model calls among them.
///
/// [The crate's page](crate) has an example.
#[derive(Debug, Clone, Default)]
pub struct LlmObsHttpClient<H> {
    inner: H,
    rules: EndpointRules,
}

impl<H> LlmObsHttpClient<H> {
    /// Creates a client around `inner`, with the default rules.
    pub const fn new(inner: H) -> Self {
        Self { inner, rules: EndpointRules::new() }
    }

    /// Sets the rules that decide which requests are model calls.
    pub fn rules(mut self, rules: EndpointRules) -> Self {
        self.rules = rules;
        self
    }

    fn begin(&self, request: &Request<Bytes>) -> Option<ClientCall> {
        let url = request.uri().to_string();
        ClientCall::begin(&self.rules, request.method().as_str(), &url, || request.body().clone())
    }
}

impl<H: HttpClientExt> HttpClientExt for LlmObsHttpClient<H> {
    fn send<T, U>(
        &self,
        request: Request<T>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>>> + WasmCompatSend + 'static
    where
        T: Into<Bytes> + WasmCompatSend,
        U: From<Bytes> + WasmCompatSend + 'static,
    {
        let request = request.map(Into::into);
        let mut call = self.begin(&request);
        let span = call.as_ref().map_or_else(Span::none, ClientCall::span);
        let response = span.in_scope(|| self.inner.send::<Bytes, Bytes>(request));
        async move {
            let response = response.instrument(span).await;
            record_head(call.as_mut(), &response);
            let (parts, body) = response?.into_parts();
            let body: LazyBody<U> = Box::pin(async move {
                let body = body.await;
                record_body(call, &body);
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
        let mut call = self.begin(&request);
        let span = call.as_ref().map_or_else(Span::none, ClientCall::span);
        let response = span.in_scope(|| self.inner.send_streaming(request));
        let response = response.instrument(span).await;
        record_head(call.as_mut(), &response);
        let (parts, inner) = response?.into_parts();
        let body: BoxedStream = match call {
            Some(call) => Box::pin(ObservedStream { inner, call }),
            None => inner,
        };
        Ok(Response::from_parts(parts, body))
    }
}

/// Records status and headers. A response with an error status is an `Err` in rig, with its whole body.
fn record_head<B>(call: Option<&mut ClientCall>, response: &Result<Response<B>>) {
    let Some(call) = call else { return };
    match response {
        Ok(response) => call.response(response.status().as_u16(), response.headers()),
        Err(Error::InvalidStatusCodeWithDetails { status, body, headers }) => {
            call.response(status.as_u16(), headers);
            call.push(body.as_bytes());
            call.complete();
        }
        Err(error) => call.fail(error),
    }
}

fn record_body(call: Option<ClientCall>, body: &Result<Bytes>) {
    let Some(mut call) = call else { return };
    match body {
        Ok(bytes) => {
            call.push(bytes);
            call.complete();
        }
        Err(error) => call.fail(error),
    }
}

/// A streamed body that passes all chunks on unchanged, and hands their bytes to the call.
struct ObservedStream {
    inner: BoxedStream,
    call: ClientCall,
}

impl Stream for ObservedStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.inner.as_mut().poll_next(cx));
        match &chunk {
            Some(Ok(bytes)) => self.call.push(bytes),
            Some(Err(error)) => self.call.fail(error),
            None => self.call.complete(),
        }
        Poll::Ready(chunk)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
