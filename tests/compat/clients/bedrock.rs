//! `aws-sdk-bedrockruntime` with its interceptor.

use std::time::Duration;

use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_bedrockruntime::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
};
use aws_sdk_bedrockruntime::{Client, config};
use aws_types::SdkConfig;
use serde_json::{Value, json};
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs_bedrock::LlmObsInterceptor;
use tracing_llmobs_compat::answers::{counted, timed};
use tracing_llmobs_compat::bedrock;
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{finished, with, without_error};

use crate::stage::{nowhere, run, trees};

const MODEL: &str = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";

/// The configuration that clients of all services share.
pub(crate) fn shared(provider: &Provider) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(provider.url())
        .build()
}

fn client(provider: &Provider) -> Client {
    Client::from_conf(config::Builder::from(&shared(provider)).interceptor(LlmObsInterceptor::new()).build())
}

fn user() -> Message {
    let text = ContentBlock::Text("Greet me.".to_owned());
    Message::builder().role(ConversationRole::User).content(text).build().unwrap()
}

/// The span of a call that asks for a greeting.
fn greeting(more: Value) -> Value {
    let span = json!({
        "span": "llm bedrock-runtime.command",
        "model": "amazon_bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "input": ["user: Greet me."],
    });
    with(&span, more)
}

#[tokio::test]
async fn a_conversation_below_a_span_is_one_llm_span() {
    let provider = Provider::start([bedrock::answered(&json!([{"text": "Hello."}]), "end_turn")]).await;
    let asked = async {
        let system = SystemContentBlock::Text("Be brief.".to_owned());
        let settings = InferenceConfiguration::builder().temperature(0.5).max_tokens(20).build();
        let call = client(&provider).converse().model_id(MODEL).system(system).messages(user());
        call.inference_config(settings).send().instrument(info_span!("greet", llmobs.kind = "workflow")).await
    };
    let (answer, recorder) = run(Box::pin(asked)).await;
    assert_eq!(answer.unwrap().usage.unwrap().total_tokens, 13);
    let call = greeting(json!({
        "input": ["system: Be brief.", "user: Greet me."],
        "output": ["assistant: Hello."],
        "metrics": counted(),
        "metadata": {"temperature": 0.5, "max_tokens": 20, "stop_reason": "end_turn"},
    }));
    assert_eq!(
        trees(&recorder, 2).await,
        finished(json!([{"span": "workflow greet", "children": [call]}]), &["end_turn"])
    );
}

#[tokio::test]
async fn a_tool_call_is_part_of_the_answer() {
    let call = json!([{"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}}]);
    let provider = Provider::start([bedrock::answered(&call, "tool_use")]).await;
    let asked = async { client(&provider).converse().model_id(MODEL).messages(user()).send().await };
    let (answer, recorder) = run(Box::pin(asked)).await;
    answer.unwrap();
    let expected = greeting(json!({
        "output": [r#"assistant:  [call t1 weather {"city":"Oslo"}]"#],
        "metrics": counted(),
        "metadata": {"stop_reason": "tool_use"},
    }));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["tool_use"]));
}

#[tokio::test]
async fn a_streamed_conversation_is_read_by_both() {
    let provider = Provider::start([Answer::frames(bedrock::frames(&["Hel", "lo."]))]).await;
    let asked = async {
        let mut answer = client(&provider).converse_stream().model_id(MODEL).messages(user()).send().await.unwrap();
        let mut count = 0;
        while answer.stream.recv().await.unwrap().is_some() {
            count += 1;
        }
        count
    };
    let (count, recorder) = run(Box::pin(asked)).await;
    assert_eq!(count, 6);
    let expected = greeting(json!({
        "output": ["assistant: Hello."],
        "metrics": timed(&counted()),
        "metadata": {"stop_reason": "end_turn"},
    }));
    assert_eq!(trees(&recorder, 1).await, finished(json!([expected]), &["end_turn"]));
}

#[tokio::test]
async fn a_stream_that_nobody_reads_to_its_end_has_what_was_read() {
    let provider = Provider::start([Answer::frames(bedrock::frames(&["Hel", "lo."])).then_silence(2)]).await;
    let asked = async {
        let mut answer = client(&provider).converse_stream().model_id(MODEL).messages(user()).send().await.unwrap();
        answer.stream.recv().await.unwrap();
        answer.stream.recv().await.unwrap();
    };
    let ((), recorder) = run(Box::pin(asked)).await;
    let expected = greeting(json!({"output": ["assistant: Hel"], "metrics": {"time_to_first_token": true}}));
    assert_eq!(trees(&recorder, 1).await, json!([expected]));
}

#[tokio::test]
async fn a_stream_that_breaks_off_has_what_came_and_why() {
    let provider = Provider::start([Answer::frames(bedrock::frames(&["Hel", "lo."])).then_break(2)]).await;
    let asked = async {
        let mut answer = client(&provider).converse_stream().model_id(MODEL).messages(user()).send().await.unwrap();
        while let Ok(Some(_)) = answer.stream.recv().await {}
    };
    let ((), recorder) = run(Box::pin(asked)).await;
    let mut seen = trees(&recorder, 1).await;
    seen[0] = without_error(seen[0].take(), "ResponseError: ");
    let expected = greeting(json!({"output": ["assistant: Hel"], "metrics": {"time_to_first_token": true}}));
    assert_eq!(seen, json!([expected]));
}

#[tokio::test]
async fn a_streamed_call_of_a_tool_and_an_exception_in_the_middle_are_read_as_they_pass() {
    let at = |event: &str, mut more: Value| {
        more["contentBlockIndex"] = json!(0);
        bedrock::frame(event, &more)
    };
    let begun = json!({"start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}});
    let piece = |input: &str| at("contentBlockDelta", json!({"delta": {"toolUse": {"input": input}}}));
    let mut frames =
        vec![bedrock::frame("messageStart", &json!({"role": "assistant"})), at("contentBlockStart", begun)];
    frames.extend([piece("{\"city\":"), piece("\"Oslo\"}"), at("contentBlockStop", json!({}))]);
    let mut thrown = frames.clone();
    frames.push(bedrock::frame("messageStop", &json!({"stopReason": "tool_use"})));
    thrown.push(bedrock::exception("throttlingException", &json!({"message": "Slow down."})));
    let provider = Provider::start([Answer::frames(frames), Answer::frames(thrown)]).await;
    let asked = async {
        for is_good in [true, false] {
            let call = client(&provider).converse_stream().model_id(MODEL).messages(user());
            let mut answer = call.send().await.unwrap();
            let end = loop {
                match answer.stream.recv().await {
                    Ok(Some(_)) => {}
                    end => break end,
                }
            };
            assert_eq!(end.is_ok(), is_good);
        }
    };
    let ((), recorder) = run(Box::pin(asked)).await;
    let asks = json!({
        "output": [r#"assistant:  [call t1 weather {"city":"Oslo"}]"#],
        "metrics": {"time_to_first_token": true},
    });
    let (mut whole, mut thrown) = (greeting(asks.clone()), greeting(asks));
    whole["metadata"] = json!({"stop_reason": "tool_use"});
    thrown["error"] = json!("throttlingException: Slow down.");
    assert_eq!(trees(&recorder, 2).await, finished(json!([whole, thrown]), &["tool_use"]));
}

#[tokio::test]
async fn a_refusal_is_an_error_and_retries_are_one_span() {
    let busy = Answer::json(503, &json!({"message": "Busy."}));
    let refused = Answer::json(400, &json!({"__type": "ValidationException", "message": "No such model."}));
    let provider = Provider::start([busy, refused]).await;
    let asked = async { client(&provider).converse().model_id(MODEL).messages(user()).send().await };
    let (answer, recorder) = run(Box::pin(asked)).await;
    assert_eq!(answer.unwrap_err().message(), Some("No such model."));
    assert_eq!(provider.asked().len(), 2);
    let expected = greeting(json!({"output": [": "], "error": "ValidationException: No such model."}));
    assert_eq!(trees(&recorder, 1).await, json!([expected]));
}

#[tokio::test]
async fn a_call_that_reaches_nobody_says_so() {
    let provider = Provider::start([]).await;
    let asked = async {
        let config = client(&provider).config().to_builder().endpoint_url(format!("http://{}", nowhere())).build();
        Client::from_conf(config).converse().model_id(MODEL).messages(user()).send().await
    };
    let (answer, recorder) = run(Box::pin(asked)).await;
    let text = DisplayErrorContext(answer.unwrap_err()).to_string();
    assert!(text.contains("dispatch failure"), "{text}");
    let seen = trees(&recorder, 1).await;
    let error = seen[0]["error"].as_str().unwrap_or_default();
    assert!(error.starts_with("DispatchFailure: "), "{seen}");
    assert_eq!(seen[0]["input"], json!(["user: Greet me."]));
}

#[tokio::test]
async fn a_call_that_takes_too_long_says_so() {
    let provider = Provider::start([]).await;
    let asked = async {
        // Nobody accepts what comes here.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let limit = TimeoutConfig::builder().operation_timeout(Duration::from_millis(100)).build();
        let config = client(&provider).config().to_builder().endpoint_url(url).timeout_config(limit).build();
        Client::from_conf(config).converse().model_id(MODEL).messages(user()).send().await
    };
    let (answer, recorder) = run(asked).await;
    assert!(format!("{:?}", answer.unwrap_err()).starts_with("TimeoutError"));
    let seen = trees(&recorder, 1).await;
    assert!(seen[0]["error"].as_str().unwrap_or_default().starts_with("TimeoutError: "), "{seen}");
    assert_eq!(seen[0]["input"], json!(["user: Greet me."]));
}

#[tokio::test]
async fn a_model_in_its_own_words_is_read_too() {
    let body = json!({
        "model": "claude-haiku-4-5-20251001", "role": "assistant", "type": "message", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello."}], "usage": {"input_tokens": 9, "output_tokens": 4},
    });
    let provider = Provider::start([Answer::json(200, &body)]).await;
    let asked = async {
        let body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 20,
            "messages": [{"role": "user", "content": "Greet me."}],
        });
        client(&provider).invoke_model().model_id(MODEL).body(Blob::new(body.to_string())).send().await
    };
    let (answer, recorder) = run(Box::pin(asked)).await;
    assert_eq!(answer.unwrap().body.into_inner(), body.to_string().into_bytes());
    let seen = trees(&recorder, 1).await;
    assert_eq!((&seen[0]["input"], &seen[0]["output"]), (&json!(["user: Greet me."]), &json!(["assistant: Hello."])));
    assert_eq!((&seen[0]["metrics"]["input_tokens"], &seen[0]["model"]), (&json!(9), &greeting(json!({}))["model"]));
}
