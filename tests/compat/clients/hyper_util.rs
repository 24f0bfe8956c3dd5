//! `hyper-util`, and with it whatever is a `tower` service of `http` types.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tower::retry::{Policy, RetryLayer};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs::observe::tower::{LlmObsClient, LlmObsClientLayer, RequestBody};
use tracing_llmobs::propagation::extract;
use tracing_llmobs::propagation::tower::ClientLayer;
use tracing_llmobs_compat::answers::{self, counted, timed};
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{finished, with, without_error};

use crate::stage::{nowhere, run, trees};

type Hyper<B> = LlmObsClient<Client<HttpConnector, RequestBody<B>>>;

fn client(provider: &Provider) -> Hyper<Full<Bytes>> {
    let calls = EndpointRules::new().provider(provider.url(), "openai");
    ServiceBuilder::new()
        .layer(LlmObsClientLayer::new().rules(calls))
        .service(Client::builder(TokioExecutor::new()).build_http())
}

fn request(provider: &Provider, more: Value) -> Request<Full<Bytes>> {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]});
    let request = Request::post(format!("{}/v1/chat/completions", provider.url()));
    request.header("content-type", "application/json").body(Full::from(with(&body, more).to_string())).unwrap()
}

/// The span of a call that asks for a greeting.
fn greeting(more: Value) -> Value {
    let span = json!({
        "span": "llm OpenAI.createChatCompletion",
        "model": "openai/gpt-4o-mini-2024-07-18",
        "input": ["user: Greet me."],
    });
    with(&span, more)
}

#[tokio::test]
async fn a_call_below_a_span_is_one_llm_span_and_the_bytes_are_as_they_were() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let asked = async {
        let span = info_span!("greet", llmobs.kind = "workflow");
        let answer = client(&provider).oneshot(request(&provider, json!({}))).instrument(span).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts, body.collect().await.unwrap().to_bytes())
    };
    let ((parts, body), recorder) = run(asked).await;
    let message = json!({"role": "assistant", "content": "Hello.", "refusal": null});
    assert_eq!((parts.status, &parts.headers["x-request-id"]), (StatusCode::OK, &"req-1".parse().unwrap()));
    assert_eq!(body, answers::chat(&message, "stop").to_string());
    let expected = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]});
    assert_eq!(provider.asked()[0].body, expected);
    let call = greeting(json!({"output": ["assistant: Hello."], "metrics": counted()}));
    assert_eq!(trees(&recorder, 2).await, finished(json!([{"span": "workflow greet", "children": [call]}]), &["stop"]));
}

#[tokio::test]
async fn a_streamed_answer_and_a_call_of_a_tool_are_read_as_they_pass() {
    let answers = [
        answers::chat_events(&["Hel", "lo."]),
        answers::chat_tool_events("call-1", "get_weather", ["{\"city\":", "\"Paris\"}"]),
    ];
    let provider = Provider::start(answers).await;
    let tools = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]);
    let asked = async {
        let mut client = client(&provider);
        for more in [json!({"stream": true}), json!({"stream": true, "tools": tools})] {
            let answer = client.ready().await.unwrap().call(request(&provider, more)).await.unwrap();
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(text.ends_with(b"data: [DONE]\n\n"), "{text:?}");
        }
    };
    let ((), recorder) = run(asked).await;
    let more = json!({"output": ["assistant: Hello."], "metrics": timed(&counted()), "metadata": {"stream": true}});
    let greeting = greeting(more);
    let asks = json!([r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#]);
    let tool = with(&greeting, json!({"output": asks, "tools": ["get_weather"]}));
    assert_eq!(trees(&recorder, 2).await, finished(json!([greeting, tool]), &["stop", "tool_calls"]));
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_spans_and_none_of_the_clients() {
    let provider = Provider::start([answers::chat_error(401, "invalid_request_error", "No such key.")]).await;
    let asked = async {
        let answer = client(&provider).oneshot(request(&provider, json!({}))).await.unwrap();
        (answer.status(), answer.into_body().collect().await.unwrap().to_bytes())
    };
    let ((status, _), recorder) = run(asked).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let error = "invalid_request_error: No such key.";
    let expected = greeting(json!({"model": "openai/gpt-4o-mini", "output": [": "], "error": error}));
    assert_eq!(trees(&recorder, 1).await, json!([expected]));
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_breaks_has_what_came() {
    let whole = answers::chat_events(&["Hel", "lo."]);
    let provider = Provider::start([whole.clone().then_silence(2), whole.then_break(2)]).await;
    let asked = async {
        let mut client = client(&provider);
        let stream = json!({"stream": true});
        let answer = client.ready().await.unwrap().call(request(&provider, stream.clone())).await.unwrap();
        let mut body = answer.into_body();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("Hel") {
            seen.extend_from_slice(body.frame().await.unwrap().unwrap().data_ref().unwrap());
        }
        drop(body);
        let answer = client.ready().await.unwrap().call(request(&provider, stream.clone())).await.unwrap();
        answer.into_body().collect().await.map(|_| ())
    };
    let (broken, recorder) = run(asked).await;
    assert!(broken.is_err());
    let mut seen = trees(&recorder, 2).await;
    seen[1] = without_error(seen[1].take(), "ConnectionClosed: ");
    let expected = greeting(json!({
        "output": ["assistant: Hel"],
        "metrics": {"time_to_first_token": true},
        "metadata": {"stream": true},
    }));
    assert_eq!(seen, json!([expected, expected]));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_an_error() {
    let provider = Provider::start([]).await;
    let asked = async {
        let (mut parts, body) = request(&provider, json!({})).into_parts();
        parts.uri = format!("http://{}/v1/chat/completions", nowhere()).parse().unwrap();
        client(&provider).oneshot(Request::from_parts(parts, body)).await.map(|_| ())
    };
    let (answer, recorder) = run(asked).await;
    assert!(answer.is_err());
    let seen = trees(&recorder, 1).await;
    // Nobody was there who could have been asked.
    assert!(seen[0]["error"].as_str().is_some_and(|error| error.contains("client error (Connect)")), "{seen}");
    assert_eq!(seen[0]["output"], json!([": "]));
}

#[tokio::test]
async fn what_is_called_is_below_the_call_and_other_requests_are_left_alone() {
    let provider = Provider::start([answers::chat_text("Hello."), Answer::json(200, &json!({"data": []}))]).await;
    let asked = async {
        let http: Client<HttpConnector, RequestBody<Full<Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
        let layers = ServiceBuilder::new().layer(LlmObsClientLayer::new()).layer(ClientLayer::new());
        let mut client = layers.service(http);
        client.ready().await.unwrap().call(request(&provider, json!({}))).await.unwrap();
        let models = Request::get(format!("{}/v1/models", provider.url())).body(Full::default()).unwrap();
        let models = client.ready().await.unwrap().call(models).await.unwrap();
        models.into_body().collect().await.unwrap().to_bytes()
    };
    let (models, recorder) = run(asked).await;
    assert_eq!(models, r#"{"data":[]}"#);
    assert_eq!(trees(&recorder, 1).await.as_array().map(Vec::len), Some(1));
    assert_eq!(extract(&provider.asked()[0].headers).unwrap().span_id, recorder.spans()[0].span_id);
}

/// Tries again what is refused.
#[derive(Clone)]
struct Busy;

impl<R, B> Policy<Request<RequestBody<Full<Bytes>>>, Response<B>, R> for Busy {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<RequestBody<Full<Bytes>>>,
        answer: &mut Result<Response<B>, R>,
    ) -> Option<Ready<()>> {
        let is_busy = answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE);
        is_busy.then(|| ready(()))
    }

    fn clone_request(
        &mut self,
        request: &Request<RequestBody<Full<Bytes>>>,
    ) -> Option<Request<RequestBody<Full<Bytes>>>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn a_call_that_is_tried_again_is_one_span() {
    let busy = answers::chat_error(503, "server_error", "Busy.");
    let provider = Provider::start([busy, answers::chat_text("Hello.")]).await;
    let asked = async {
        let http: Client<HttpConnector, RequestBody<Full<Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
        let calls = EndpointRules::new().provider(provider.url(), "openai");
        let layers = ServiceBuilder::new().layer(LlmObsClientLayer::new().rules(calls)).layer(RetryLayer::new(Busy));
        let answer = layers.service(http).oneshot(request(&provider, json!({}))).await.unwrap();
        answer.into_body().collect().await.unwrap();
    };
    let ((), recorder) = run(asked).await;
    assert_eq!(provider.asked().len(), 2);
    let expected = greeting(json!({"output": ["assistant: Hello."], "metrics": counted()}));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["stop"]));
}

#[tokio::test]
async fn a_body_that_is_sent_in_pieces_is_seen_and_a_boxed_one_goes_through_a_stack_of_layers() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let asked = async {
        let http: Client<HttpConnector, BoxBody<Bytes, BoxError>> = Client::builder(TokioExecutor::new()).build_http();
        let calls = EndpointRules::new().provider(provider.url(), "openai");
        let client = ServiceBuilder::new()
            .layer(LlmObsClientLayer::new().rules(calls))
            .map_request(|request: Request<RequestBody<_>>| {
                request.map(|body: RequestBody<StreamBody<_>>| body.map_err(BoxError::from).boxed())
            })
            .timeout(Duration::from_secs(10))
            .service(http);
        let (parts, body) = request(&provider, json!({})).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let pieces: Vec<_> = body.chunks(7).map(Bytes::copy_from_slice).collect();
        let pieces = pieces.into_iter().map(|piece| Ok::<_, Infallible>(http_body::Frame::data(piece)));
        let request = Request::from_parts(parts, StreamBody::new(stream::iter(pieces)));
        let answer = client.oneshot(request).await.unwrap();
        // What axum answers with, to pass it on.
        Body::new(answer.into_body()).collect().await.unwrap();
    };
    let ((), recorder) = run(asked).await;
    let expected = greeting(json!({"output": ["assistant: Hello."], "metrics": counted()}));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["stop"]));
}
