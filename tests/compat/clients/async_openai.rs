//! `async-openai` with its tower middleware.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::retry::OpenAIRetryLayer;
use async_openai::middleware::{HttpRequestFactory, ReqwestService};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs_async_openai::LlmObsClientLayer;
use tracing_llmobs_compat::answers::{self, counted, timed};
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::with;

use crate::stage::{http, run, trees};

pub(crate) fn client(provider: &Provider) -> Client<OpenAIConfig> {
    let calls = EndpointRules::new().provider(provider.url(), "openai");
    let service = ServiceBuilder::new()
        .layer(LlmObsClientLayer::new().rules(calls))
        .layer(OpenAIRetryLayer::default())
        .service(ReqwestService::new(http()));
    let config = OpenAIConfig::new().with_api_key("test-key").with_api_base(format!("{}/v1", provider.url()));
    Client::with_config(config).with_http_service(service)
}

fn request(more: Value) -> async_openai::types::chat::CreateChatCompletionRequest {
    let request = json!({
        "model": "gpt-4o-mini", "temperature": 0.5,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Greet me."}],
    });
    serde_json::from_value(with(&request, more)).unwrap()
}

#[tokio::test]
async fn a_chat_below_a_span_is_one_llm_span() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let asked = async {
        let span = info_span!("greet", llmobs.kind = "workflow");
        client(&provider).chat().create(request(json!({}))).instrument(span).await
    };
    let (answer, recorder) = run(asked).await;
    assert_eq!(answer.unwrap().choices[0].message.content.as_deref(), Some("Hello."));
    assert_eq!(
        trees(&recorder, 2).await,
        json!([{"span": "workflow greet", "children": [{
            "span": "llm OpenAI.createChatCompletion",
            "model": "openai/gpt-4o-mini-2024-07-18",
            "input": ["system: Be brief.", "user: Greet me."],
            "output": ["assistant: Hello."],
            "metrics": counted(),
            "metadata": {"temperature": 0.5, "finish_reason": "stop"},
        }]}])
    );
}

#[tokio::test]
async fn a_streamed_chat_ends_with_done() {
    let provider = Provider::start([answers::chat_events(&["Hel", "lo."])]).await;
    let asked = async {
        let more = json!({"stream": true, "stream_options": {"include_usage": true}});
        let stream = client(&provider).chat().create_stream(request(more)).await.unwrap();
        stream.collect::<Vec<_>>().await
    };
    let (chunks, recorder) = run(asked).await;
    assert_eq!((chunks.len(), chunks.iter().all(Result::is_ok)), (5, true));
    assert_eq!(
        trees(&recorder, 1).await,
        json!([{
            "span": "llm OpenAI.createChatCompletion",
            "model": "openai/gpt-4o-mini-2024-07-18",
            "input": ["system: Be brief.", "user: Greet me."],
            "output": ["assistant: Hello."],
            "metrics": timed(&counted()),
            "metadata": {"temperature": 0.5, "finish_reason": "stop", "stream": true, "stream_options": {"include_usage": true}},
        }])
    );
}

#[tokio::test]
async fn a_call_of_a_tool_is_told_whole_and_streamed() {
    let answers = [
        answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"})),
        answers::chat_tool_events("call-1", "get_weather", ["{\"city\":", "\"Paris\"}"]),
    ];
    let provider = Provider::start(answers).await;
    let tools = json!({"tools": [{"type": "function", "function": {
        "name": "get_weather", "description": "Tells the weather.", "parameters": {"type": "object", "properties": {}},
    }}]});
    let asked = async {
        client(&provider).chat().create(request(tools.clone())).await.unwrap();
        let mut streamed = tools.clone();
        streamed["stream"] = json!(true);
        let stream = client(&provider).chat().create_stream(request(streamed)).await.unwrap();
        stream.collect::<Vec<_>>().await;
    };
    let ((), recorder) = run(asked).await;
    let seen = trees(&recorder, 2).await;
    for (at, more) in [(0, Value::Null), (1, json!(true))] {
        let span = &seen[at];
        assert_eq!(span["output"], json!([r#"assistant:  [call call-1 get_weather {"city":"Paris"}]"#]));
        assert_eq!((&span["tools"], &span["metrics"]["time_to_first_token"]), (&json!(["get_weather"]), &more));
    }
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_applications_and_the_spans() {
    let provider = Provider::start([answers::chat_error(401, "invalid_request_error", "No such key.")]).await;
    let (answer, recorder) = run(client(&provider).chat().create(request(json!({})))).await;
    let Err(OpenAIError::ApiError(error)) = answer else { panic!("{answer:?}") };
    assert!(error.to_string().contains("No such key."), "{error}");
    assert_eq!(
        trees(&recorder, 1).await,
        json!([{
            "span": "llm OpenAI.createChatCompletion",
            "model": "openai/gpt-4o-mini",
            "input": ["system: Be brief.", "user: Greet me."],
            "output": [": "],
            "metadata": {"temperature": 0.5},
            "error": "invalid_request_error: No such key.",
        }])
    );
}

#[tokio::test]
async fn a_call_that_is_tried_again_is_one_span() {
    let busy = answers::chat_error(503, "server_error", "Busy.");
    let provider = Provider::start([busy, answers::chat_text("Hello.")]).await;
    let (answer, recorder) = run(client(&provider).chat().create(request(json!({})))).await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(provider.asked().len(), 2);
    let seen = trees(&recorder, 1).await;
    assert_eq!((seen.as_array().map(Vec::len), &seen[0]["output"]), (Some(1), &json!(["assistant: Hello."])));
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_breaks_has_what_came() {
    let whole = answers::chat_events(&["Hel", "lo."]);
    let provider = Provider::start([whole.clone().then_silence(3), whole.then_break(2)]).await;
    let stream = request(json!({"stream": true}));
    let asked = async {
        let mut answer = client(&provider).chat().create_stream(stream.clone()).await.unwrap();
        for _ in 0..3 {
            answer.next().await.unwrap().unwrap();
        }
        drop(answer);
        let answer = client(&provider).chat().create_stream(stream.clone()).await.unwrap();
        answer.collect::<Vec<_>>().await
    };
    let (broken, recorder) = run(asked).await;
    assert!(broken.last().is_some_and(Result::is_err), "{broken:?}");
    let seen = trees(&recorder, 2).await;
    let (dropped, broken) = (&seen[0], &seen[1]);
    assert_eq!((&dropped["output"], &dropped["error"]), (&json!(["assistant: Hello."]), &Value::Null));
    assert_eq!(broken["output"], json!(["assistant: Hel"]));
    assert!(broken["error"].as_str().is_some_and(|error| error.contains("request or response body")), "{broken}");
}

#[tokio::test]
async fn what_is_no_call_of_a_model_is_left_alone() {
    let models = Answer::json(200, &json!({"object": "list", "data": []}));
    let provider = Provider::start([models]).await;
    let (answer, recorder) = run(client(&provider).models().list()).await;
    assert!(answer.is_ok());
    assert_eq!(trees(&recorder, 0).await, json!([]));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_an_error() {
    let service = ServiceBuilder::new().layer(LlmObsClientLayer::new()).service(ReqwestService::new(http()));
    let config = OpenAIConfig::new().with_api_key("test-key").with_api_base("http://127.0.0.1:1/v1");
    let client = Client::with_config(config).with_http_service(service);
    let (answer, recorder) = run(client.chat().create(request(json!({})))).await;
    assert!(answer.is_err());
    let seen = trees(&recorder, 1).await;
    assert_eq!(seen[0]["input"], json!(["system: Be brief.", "user: Greet me."]));
    assert!(seen[0]["error"].as_str().is_some_and(|error| error.starts_with("ConnectionRefused: ")), "{seen}");
}

/// A request that can be built once for each attempt, and no oftener, as one can that opens a file.
fn once_an_attempt(url: String, attempts: usize) -> HttpRequestFactory {
    let builds = Arc::new(AtomicUsize::new(0));
    HttpRequestFactory::new(move || {
        let (url, built) = (url.clone(), builds.fetch_add(1, Ordering::Relaxed));
        async move {
            if built >= attempts {
                return Err(OpenAIError::InvalidArgument("it was built already".to_owned()));
            }
            let body = json!({"model": "m", "messages": [{"role": "user", "content": format!("Attempt {built}.")}]});
            Ok(reqwest::Client::new().post(url).body(body.to_string()).build()?)
        }
    })
}

#[tokio::test]
async fn every_attempt_builds_its_request_once() {
    let failed = || Answer::json(500, &json!({"error": {"message": "Oh."}}));
    for (path, answers, attempts, spans) in [
        ("/v1/chat/completions", vec![answers::chat_text("Hello.")], 1, 1),
        ("/v1/chat/completions", vec![failed(), answers::chat_text("Hello.")], 2, 1),
        ("/v1/files", vec![failed(), answers::chat_text("Hello.")], 2, 0),
    ] {
        let provider = Provider::start(answers).await;
        let retry = OpenAIRetryLayer::default();
        let service =
            ServiceBuilder::new().layer(LlmObsClientLayer::new()).layer(retry).service(ReqwestService::new(http()));
        let factory = once_an_attempt(format!("{}{path}", provider.url()), attempts);
        let (answer, recorder) = run(async { service.oneshot(factory).await.unwrap().text().await }).await;
        assert!(answer.unwrap().contains("Hello."));
        let sent: Vec<Value> = provider.asked().into_iter().map(|asked| asked.body).collect();
        let texts: Vec<&Value> = sent.iter().map(|body| &body["messages"][0]["content"]).collect();
        assert_eq!(texts, ["Attempt 0.", "Attempt 1."].into_iter().take(attempts).collect::<Vec<_>>(), "{path}");
        let seen = trees(&recorder, spans).await;
        assert_eq!(seen.as_array().map(Vec::len), Some(spans), "{path}");
        assert!(spans == 0 || seen[0]["input"] == json!(["user: Attempt 0."]));
    }
}

#[tokio::test]
async fn what_cannot_be_built_is_the_error_that_it_was() {
    let service =
        ServiceBuilder::new().layer(LlmObsClientLayer::new()).service(ReqwestService::new(reqwest::Client::new()));
    let (answer, _recorder) = run(service.oneshot(once_an_attempt("http://127.0.0.1:9/v1".to_owned(), 0))).await;
    assert!(matches!(answer, Err(OpenAIError::InvalidArgument(_))), "{answer:?}");
}
