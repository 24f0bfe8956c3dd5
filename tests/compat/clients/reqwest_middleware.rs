//! `reqwest-middleware`, and with it whatever is made on `reqwest`.

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::EndpointRules;
use tracing_llmobs::observe::reqwest::LlmObsMiddleware;
use tracing_llmobs::propagation::extract;
use tracing_llmobs::propagation::reqwest::Propagation;
use tracing_llmobs::providers::{Api, Endpoint};
use tracing_llmobs::{Builder, CapturePolicy};
use tracing_llmobs_compat::answers::{self, counted};
use tracing_llmobs_compat::provider::{Answer, Provider};

use crate::stage::{http, nowhere, run, run_with, trees};

fn client(observe: LlmObsMiddleware) -> ClientWithMiddleware {
    ClientBuilder::new(http()).with(observe).with(Propagation::new()).build()
}

async fn post(client: &ClientWithMiddleware, url: String, body: &Value) -> reqwest::Response {
    client.post(url).header("content-type", "application/json").body(body.to_string()).send().await.unwrap()
}

fn chat() -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet me."}]})
}

#[tokio::test]
async fn the_response_is_as_it_was() {
    let text = answers::chat_text("Hello.");
    let provider = Provider::start([text.clone(), text]).await;
    let url = format!("{}/v1/chat/completions?a=b", provider.url());
    let plain = http().post(&url).body(chat().to_string()).send().await.unwrap();
    let (seen, recorder) = run(post(&client(LlmObsMiddleware::new()), url.clone(), &chat())).await;
    assert_eq!(seen.url().as_str(), url);
    assert_eq!((seen.status(), seen.version()), (plain.status(), plain.version()));
    assert_eq!((seen.content_length(), seen.remote_addr()), (plain.content_length(), plain.remote_addr()));
    let without_date = |response: &reqwest::Response| {
        let mut headers = response.headers().clone();
        headers.remove("date");
        headers
    };
    assert_eq!(without_date(&seen), without_date(&plain));
    assert_eq!(seen.bytes().await.unwrap(), plain.bytes().await.unwrap());
    assert_eq!(
        trees(&recorder, 1).await,
        json!([{
            "span": "llm OpenAI.createChatCompletion",
            "model": "unknown/gpt-4o-mini-2024-07-18",
            "input": ["user: Greet me."],
            "output": ["assistant: Hello."],
            "metrics": counted(),
            "metadata": {"finish_reason": "stop"},
        }])
    );
}

#[tokio::test]
async fn what_is_called_is_below_the_call() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let url = format!("{}/v1/chat/completions", provider.url());
    let (_, recorder) = run(async { post(&client(LlmObsMiddleware::new()), url, &chat()).await.bytes().await }).await;
    trees(&recorder, 1).await;
    let told = extract(&provider.asked()[0].headers).unwrap();
    assert_eq!(told.span_id, recorder.spans()[0].span_id);
}

#[tokio::test]
async fn other_providers_are_told_apart_and_their_streams_too() {
    let answers = [
        answers::message(&json!([{"type": "text", "text": "Hello."}]), "end_turn"),
        answers::message_events(&["Hel", "lo."]),
    ];
    let provider = Provider::start(answers).await;
    let body = |stream: bool| {
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 20, "stream": stream,
            "messages": [{"role": "user", "content": "Greet me."}],
        })
    };
    let url = format!("{}/v1/messages", provider.url());
    let asked = async {
        for stream in [false, true] {
            post(&client(LlmObsMiddleware::new()), url.clone(), &body(stream)).await.bytes().await.unwrap();
        }
    };
    let ((), recorder) = run(asked).await;
    let seen = trees(&recorder, 2).await;
    for at in 0..2 {
        let span = &seen[at];
        assert_eq!(span["span"], "llm anthropic.request");
        assert_eq!(span["model"], "unknown/claude-sonnet-4-5");
        assert_eq!((&span["input"], &span["output"]), (&json!(["user: Greet me."]), &json!(["assistant: Hello."])));
        assert_eq!((&span["metrics"]["input_tokens"], &span["metrics"]["output_tokens"]), (&json!(9), &json!(4)));
        assert_eq!(span["metrics"].get("time_to_first_token").is_some(), at == 1);
    }
}

#[tokio::test]
async fn rules_say_what_a_call_is() {
    let text = answers::chat_text("Hello.");
    let provider = Provider::start([text.clone(), text]).await;
    let calls = EndpointRules::new()
        .at(&format!("{}/generate", provider.url()), Endpoint::new(Api::OpenAiChat, "vllm"))
        .ignore(&format!("{}/v1", provider.url()));
    let client = client(LlmObsMiddleware::new().rules(calls));
    let asked = async {
        post(&client, format!("{}/v1/chat/completions", provider.url()), &chat()).await.bytes().await.unwrap();
        post(&client, format!("{}/generate", provider.url()), &chat()).await.bytes().await.unwrap();
    };
    let ((), recorder) = run(asked).await;
    let seen = trees(&recorder, 1).await;
    assert_eq!((seen.as_array().map(Vec::len), &seen[0]["model"]), (Some(1), &json!("vllm/gpt-4o-mini-2024-07-18")));
}

#[tokio::test]
async fn a_call_behind_a_gateway_that_reports_itself_is_a_workflow() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let settings = Builder::without_environment().instrumented_proxy_urls(provider.url());
    let url = format!("{}/v1/chat/completions", provider.url());
    let asked = async { post(&client(LlmObsMiddleware::new()), url, &chat()).await.bytes().await };
    let (_, recorder) = run_with(settings, asked).await;
    let seen = trees(&recorder, 1).await;
    assert_eq!(seen[0]["span"], "workflow OpenAI.createChatCompletion");
    assert_eq!((&seen[0]["model"], &seen[0]["metrics"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn the_policy_holds_for_what_is_read_later() {
    const CANARY: &str = "something private";
    let answers = [
        answers::chat_text(CANARY),
        answers::chat_events(&[CANARY]),
        answers::chat_error(400, "invalid_request_error", CANARY),
    ];
    for &policy in CapturePolicy::ALL {
        let provider = Provider::start(answers.clone()).await;
        let url = format!("{}/v1/chat/completions", provider.url());
        let body = json!({"model": "gpt-4o-mini", "user": CANARY, "messages": [{"role": "user", "content": CANARY}]});
        let asked = async {
            let span = info_span!("around", llmobs.kind = "task", llmobs.capture = policy.as_str());
            let work = async {
                for _ in 0..answers.len() {
                    post(&client(LlmObsMiddleware::new()), url.clone(), &body).await.bytes().await.unwrap();
                }
            };
            work.instrument(span).await;
        };
        let ((), recorder) = run(asked).await;
        trees(&recorder, 1 + answers.len()).await;
        for span in recorder.spans().iter().filter(|span| span.name != "around") {
            let (has_content, has_metadata) = (policy == CapturePolicy::All, policy >= CapturePolicy::Metadata);
            assert_eq!((span.input.is_some(), span.output.is_some()), (has_content, has_content), "{policy:?}");
            let has_text = span.error.as_ref().is_some_and(|error| !error.message.is_empty());
            assert_eq!(has_text, span.error.is_some() && has_metadata, "{policy:?}");
            assert_eq!(span.model_provider.as_deref(), Some("unknown"));
            if policy == CapturePolicy::None {
                assert!(!format!("{span:?}").contains(CANARY), "{span:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_reached_is_named_without_the_keys_in_its_url() {
    const KEY: &str = "test-key";
    let host = nowhere();
    let url = format!("http://{host}/v1beta/models/gemini-2.5-flash:generateContent?key={KEY}");
    let body = json!({"contents": [{"parts": [{"text": "Greet me."}]}]});
    let asked = async { client(LlmObsMiddleware::new()).post(&url).body(body.to_string()).send().await };
    let (answer, recorder) = run(asked).await;
    assert!(answer.unwrap_err().to_string().contains(KEY), "the application's error is as it was");
    let seen = trees(&recorder, 1).await;
    assert!(seen[0]["error"].as_str().unwrap_or_default().contains(&format!("{host}/v1beta")), "{seen}");
    assert!(!format!("{:?}", recorder.spans()).contains(KEY), "{:?}", recorder.spans());
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_one_event_all_the_same() {
    let garbage = Answer::events(["data: {\"choices\": 1}\n\n".to_owned(), "data: {\n\ndata: [DONE]\n\n".to_owned()]);
    let provider = Provider::start([garbage, Answer::json(200, &json!("no object"))]).await;
    let url = format!("{}/v1/chat/completions", provider.url());
    let asked = async {
        for expected in ["data: {\"choices\": 1}\n\ndata: {\n\ndata: [DONE]\n\n", "\"no object\""] {
            let answer = post(&client(LlmObsMiddleware::new()), url.clone(), &json!("no object")).await;
            assert_eq!(answer.bytes().await.unwrap(), expected);
        }
    };
    let ((), recorder) = run(asked).await;
    assert_eq!(trees(&recorder, 2).await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_span_that_turns_out_to_be_the_same_call_stands_back_and_one_that_is_it_already_is_filled_in() {
    let provider = Provider::start([answers::chat_text("Hello."), answers::chat_text("Hello.")]).await;
    let url = format!("{}/v1/chat/completions", provider.url());
    let ask = async || post(&client(LlmObsMiddleware::new()), url.clone(), &chat()).await.bytes().await.unwrap();
    let asked = async {
        let late = info_span!("late", gen_ai.operation.name = Empty, gen_ai.usage.input_tokens = Empty);
        ask().instrument(late.clone()).await;
        late.record("gen_ai.operation.name", "chat");
        late.record("gen_ai.usage.input_tokens", 9);
        drop(late);
        let known = info_span!("known", gen_ai.operation.name = "chat", gen_ai.usage.input_tokens = 8);
        ask().instrument(known).await;
    };
    let ((), recorder) = run(asked).await;
    let seen = trees(&recorder, 3).await;
    let (late, known) = (&seen[0], &seen[1]);
    assert_eq!((&late["span"], &late["metrics"]), (&json!("workflow late"), &Value::Null), "{seen}");
    assert_eq!(late["children"][0]["metrics"]["input_tokens"], 9);
    assert_eq!((&known["span"], &known["children"]), (&json!("llm known"), &Value::Null), "{seen}");
    assert_eq!(known["output"], json!(["assistant: Hello."]));
    assert_eq!((&known["metrics"]["input_tokens"], &known["metrics"]["output_tokens"]), (&json!(8), &json!(4)));
}
