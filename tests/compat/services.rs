//! A client and a server on loopback, with the adapters for `tower` and `reqwest-middleware`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use http::{HeaderMap, Request, Response};
use tonic::Status;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::{Service, ServiceBuilder, ServiceExt};
use tracing::instrument::{Instrument, WithSubscriber};
use tracing::{Dispatch, info_span};
use tracing_llmobs::propagation::reqwest::Propagation;
use tracing_llmobs::propagation::tower::{ClientLayer, ServerLayer};
use tracing_llmobs::propagation::{Trust, extract};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Builder, SpanKind};
use tracing_subscriber::prelude::*;

/// A process of its own, as far as spans are concerned.
struct Process {
    dispatch: Dispatch,
    recorder: Recorder,
}

impl Process {
    fn start(ml_app: &str) -> Self {
        let (layer, recorder) = testing::recorder_of(Builder::without_environment().ml_app(ml_app)).unwrap();
        Self { dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)), recorder }
    }
}

/// Answers with LLM spans, one of them in a task of its own.
async fn answer() -> &'static str {
    async { tokio::task::yield_now().await }.instrument(info_span!("answer", llmobs.kind = "workflow")).await;
    let task = async {}.instrument(info_span!("background", llmobs.kind = "task"));
    tokio::spawn(task.in_current_span()).await.unwrap();
    "hi"
}

async fn serve(process: &Process, router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The current dispatch belongs to tasks, so every service that answers brings its own.
    let dispatch = process.dispatch.clone();
    let router = router.layer(tower::layer::layer_fn(move |inner| WithDispatch { inner, dispatch: dispatch.clone() }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Runs a service below a subscriber of its own.
#[derive(Clone)]
struct WithDispatch<S> {
    inner: S,
    dispatch: Dispatch,
}

impl<S: Service<R>, R> Service<R> for WithDispatch<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = tracing::instrument::WithDispatch<S::Future>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let future = tracing::dispatcher::with_default(&self.dispatch, || self.inner.call(request));
        future.with_subscriber(self.dispatch.clone())
    }
}

fn client() -> reqwest_middleware::ClientWithMiddleware {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    reqwest_middleware::ClientBuilder::new(client).with(Propagation::new()).build()
}

/// A service of gRPC whose every call is an LLM span.
struct Answers;

#[tonic::async_trait]
impl Health for Answers {
    async fn check(
        &self,
        _: tonic::Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        answer().await;
        Ok(tonic::Response::new(HealthCheckResponse::default()))
    }

    type WatchStream = futures_util::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: tonic::Request<HealthCheckRequest>) -> Result<tonic::Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("nobody watches"))
    }
}

#[tokio::test]
async fn a_call_of_grpc_carries_the_trace_from_a_tonic_client_into_a_tonic_server() {
    let (caller, server) = (Process::start("caller"), Process::start("callee"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let dispatch = server.dispatch.clone();
    let with_dispatch = tower::layer::layer_fn(move |inner| WithDispatch { inner, dispatch: dispatch.clone() });
    let serving = tonic::transport::Server::builder()
        .layer(ServiceBuilder::new().layer(with_dispatch).layer(ServerLayer::new()).into_inner())
        .add_service(HealthServer::new(Answers));
    tokio::spawn(serving.serve_with_incoming(TcpIncoming::from(listener)));
    let call = async {
        let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        let mut client = HealthClient::new(ServiceBuilder::new().layer(ClientLayer::new()).service(channel));
        client.check(HealthCheckRequest::default()).await.unwrap();
    };
    let span = tracing::dispatcher::with_default(&caller.dispatch, || info_span!("call", llmobs.kind = "agent"));
    call.instrument(span).with_subscriber(caller.dispatch.clone()).await;
    let outer = caller.recorder.span("call");
    let answered = server.recorder.span("answer");
    assert_eq!((&answered.trace_id, answered.parent_id), (&outer.trace_id, Some(outer.span_id)));
    assert_eq!(server.recorder.span("background").parent_id, Some(outer.span_id));
}

#[tokio::test]
async fn a_request_carries_the_trace_from_a_reqwest_client_into_an_axum_server() {
    let (caller, server) = (Process::start("caller"), Process::start("callee"));
    let address = serve(&server, Router::new().route("/", get(answer)).layer(ServerLayer::new())).await;
    let request = async {
        let call = info_span!("call", llmobs.kind = "task", llmobs.session_id = "s-1");
        client().get(format!("http://{address}/")).send().instrument(call).await.unwrap();
    };
    request.with_subscriber(caller.dispatch.clone()).await;
    let call = caller.recorder.span("call");
    assert_eq!(call.tags.get("ml-proxy"), Some("custom"));
    for name in ["answer", "background"] {
        let span = server.recorder.span(name);
        assert_eq!((span.parent_id, &span.trace_id), (Some(call.span_id), &call.trace_id), "{name}");
        assert_eq!((span.session_id.as_deref(), span.tags.get("ml_app")), (Some("s-1"), Some("caller")), "{name}");
        assert_eq!(span.sampling, call.sampling, "{name}");
    }
    assert_eq!(server.recorder.spans().len(), 2, "the request itself is no LLM span");
}

#[tokio::test]
async fn a_caller_who_is_not_trusted_gives_no_parent() {
    for (trust, has_parent, ml_app) in
        [(Trust::All, true, "caller"), (Trust::Place, true, "callee"), (Trust::Nothing, false, "callee")]
    {
        let callee = Process::start("callee");
        let address =
            serve(&callee, Router::new().route("/", get(answer)).layer(ServerLayer::new().trust(trust))).await;
        let tags = "_dd.p.llmobs_parent_id=42,_dd.p.llmobs_trace_id=custom-id,_dd.p.llmobs_ml_app=caller";
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(format!("http://{address}/")).header("x-datadog-tags", tags).send().await.unwrap();
        let span = callee.recorder.span("answer");
        assert_eq!((span.parent_id.is_some(), span.tags.get("ml_app")), (has_parent, Some(ml_app)), "{trust:?}");
    }
}

#[tokio::test]
async fn a_gateway_without_llm_spans_is_no_gap() {
    let (caller, gateway, server) = (Process::start("caller"), Process::start("gateway"), Process::start("callee"));
    let address = serve(&server, Router::new().route("/", get(answer)).layer(ServerLayer::new())).await;
    let pass_on =
        move || async move { client().get(format!("http://{address}/")).send().await.unwrap().text().await.unwrap() };
    let address = serve(&gateway, Router::new().route("/", get(pass_on)).layer(ServerLayer::new())).await;
    let request = async {
        let call = info_span!("call", llmobs.kind = "workflow");
        client().get(format!("http://{address}/")).send().instrument(call).await.unwrap();
    };
    request.with_subscriber(caller.dispatch.clone()).await;
    assert_eq!(gateway.recorder.spans(), []);
    let (call, answer) = (caller.recorder.span("call"), server.recorder.span("answer"));
    assert_eq!((answer.parent_id, answer.trace_id), (Some(call.span_id), call.trace_id));
    assert_eq!(answer.tags.get("ml_app"), Some("caller"));
}

#[tokio::test]
async fn a_tower_client_says_where_the_current_span_stands() {
    let caller = Process::start("caller");
    let service = tower::service_fn(|request: Request<()>| async move {
        Ok::<_, Infallible>(Response::new(request.headers().clone()))
    });
    let service = ServiceBuilder::new().layer(ClientLayer::new()).service(service);
    let ask = async {
        let request = Request::get("http://gateway.test/v1").body(()).unwrap();
        let headers: HeaderMap =
            service.oneshot(request).instrument(info_span!("call", llmobs.kind = "tool")).await.unwrap().into_body();
        headers
    };
    let headers = ask.with_subscriber(caller.dispatch.clone()).await;
    let (told, call) = (extract(&headers).unwrap(), caller.recorder.span("call"));
    assert_eq!((told.span_id, told.trace_id), (call.span_id, call.trace_id));
}

#[tokio::test]
async fn a_call_that_a_gateway_reports_is_not_counted_here() {
    let callee = Process::start("gateway");
    let address = serve(&callee, Router::new().route("/v1", get(answer))).await;
    for (base, kind) in [
        (format!("http://other/, http://{address}/v1/ "), SpanKind::Workflow),
        (format!("http://{address}/v"), SpanKind::Llm),
    ] {
        let settings = Builder::without_environment().instrumented_proxy_urls(base);
        let (layer, recorder) = testing::recorder_of(settings).unwrap();
        let request = async {
            let call = info_span!(
                "call",
                llmobs.kind = "llm",
                llmobs.model_name = "m",
                llmobs.metrics.input_tokens = 3,
                llmobs.metrics.tries = 1
            );
            client().get(format!("http://{address}/v1?a=b")).send().instrument(call).await.unwrap();
        };
        request.with_subscriber(Dispatch::new(tracing_subscriber::registry().with(layer))).await;
        let call = recorder.span("call");
        let is_llm = kind == SpanKind::Llm;
        assert_eq!((call.kind, call.model_name.is_some()), (kind, is_llm));
        assert_eq!((call.metrics.get("input_tokens").is_some(), call.metrics.get("tries").is_some()), (is_llm, true));
    }
}
