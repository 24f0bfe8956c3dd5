//! `aws-sdk-bedrockagentruntime` with the interceptor of Bedrock.

use aws_sdk_bedrockagentruntime::error::ProvideErrorMetadata;
use aws_sdk_bedrockagentruntime::types::ResponseStream;
use aws_sdk_bedrockagentruntime::{Client, config};
use serde_json::{Value, json};
use tracing::info_span;
use tracing::instrument::Instrument;
use tracing_llmobs_bedrock::LlmObsInterceptor;
use tracing_llmobs_compat::answers::counted;
use tracing_llmobs_compat::bedrock;
use tracing_llmobs_compat::provider::{Answer, Provider};
use tracing_llmobs_compat::seen::{with, without_error};

use crate::bedrock::shared;
use crate::stage::{run, trees};

fn client(provider: &Provider) -> Client {
    Client::from_conf(config::Builder::from(&shared(provider)).interceptor(LlmObsInterceptor::new()).build())
}

/// Asks the agent, reads so many events at most, and says what it answered.
async fn ask(provider: &Provider, events: usize) -> Result<String, Option<String>> {
    let call = client(provider).invoke_agent().agent_id("AG1").agent_alias_id("AL1").session_id("s-1");
    let answer = call.enable_trace(true).input_text("Is it open?").send().await;
    let mut answer = answer.map_err(|error| error.message().map(str::to_owned))?;
    let mut text = Vec::new();
    for _ in 0..events {
        match answer.completion.recv().await {
            Ok(Some(ResponseStream::Chunk(chunk))) => text.extend_from_slice(chunk.bytes().unwrap().as_ref()),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return Err(Some(format!("{error:?}"))),
        }
    }
    Ok(String::from_utf8(text).unwrap())
}

/// The frames of an answer: an action that the agent took, and the text in two pieces.
fn frames() -> Vec<Vec<u8>> {
    let step = |name: &str, mut said: Value| {
        said["traceId"] = json!("t-0");
        let trace = json!({"orchestrationTrace": {name: said}});
        bedrock::frame("trace", &json!({"agentId": "AG1", "agentAliasId": "AL1", "sessionId": "s-1", "trace": trace}))
    };
    // "Yes, " and "it is.", as base64.
    let text = |base64: &str| bedrock::frame("chunk", &json!({"bytes": base64}));
    let prompt = json!({"messages": [{"role": "user", "content": "Is it open?"}]}).to_string();
    let used = json!({"actionGroupName": "hours", "function": "get"});
    vec![
        step("modelInvocationInput", json!({"text": prompt, "type": "ORCHESTRATION", "foundationModel": "claude"})),
        step(
            "modelInvocationOutput",
            json!({
                "rawResponse": {"content": "I look."}, "metadata": {"usage": {"inputTokens": 9, "outputTokens": 4}},
            }),
        ),
        step("invocationInput", json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": used})),
        step("observation", json!({"type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": "Open."}})),
        text("WWVzLCA="),
        text("aXQgaXMu"),
    ]
}

fn agent(more: Value) -> Value {
    let span = json!({
        "span": "agent Bedrock Agent AG1",
        "input": "Is it open?",
        "metadata": {"agent_id": "AG1", "agent_alias_id": "AL1"},
    });
    with(&span, more)
}

fn steps() -> Value {
    json!([{"span": "workflow orchestrationTrace Step", "children": [
        {
            "span": "llm modelInvocation",
            "model": "amazon_bedrock/claude",
            "input": ["user: Is it open?"],
            "output": ["assistant: I look."],
            "metrics": counted(),
        },
        {"span": "tool hours", "input": r#"{"actionGroupName":"hours","function":"get"}"#, "output": "Open."},
    ]}])
}

#[tokio::test]
async fn an_agent_is_one_span_with_its_steps_below_it() {
    let provider = Provider::start([Answer::frames(frames())]).await;
    let asked = async {
        let span = info_span!("visit", llmobs.kind = "workflow");
        ask(&provider, usize::MAX).instrument(span).await
    };
    let (answer, recorder) = run(Box::pin(asked)).await;
    assert_eq!(answer.as_deref(), Ok("Yes, it is."));
    let expected = agent(json!({
        "output": "Yes, it is.", "metrics": {"time_to_first_token": true}, "children": steps(),
    }));
    assert_eq!(trees(&recorder, 5).await, json!([{"span": "workflow visit", "children": [expected]}]));
    let sessions: Vec<_> = recorder.spans().iter().map(|span| span.session_id.clone()).collect();
    assert_eq!(sessions.iter().filter(|session| session.as_deref() == Some("s-1")).count(), 4, "{sessions:?}");
}

#[tokio::test]
async fn an_agent_that_is_not_heard_to_its_end_or_breaks_off_has_what_came() {
    let answer = Answer::frames(frames());
    let provider = Provider::start([answer.clone().then_silence(5), answer.then_break(5)]).await;
    let asked = async { (ask(&provider, 5).await, ask(&provider, usize::MAX).await) };
    let ((dropped, broken), recorder) = run(Box::pin(asked)).await;
    assert!(dropped.as_deref() == Ok("Yes, ") && broken.is_err(), "{dropped:?} {broken:?}");
    let mut seen = trees(&recorder, 8).await;
    seen[1] = without_error(seen[1].take(), "ResponseError: ");
    let part = json!({"output": "Yes, ", "metrics": {"time_to_first_token": true}, "children": steps()});
    assert_eq!(seen, json!([agent(part.clone()), agent(part)]));
}

#[tokio::test]
async fn a_refusal_is_an_error() {
    let refused = json!({"__type": "ResourceNotFoundException", "message": "No such agent."});
    let provider = Provider::start([Answer::json(404, &refused)]).await;
    let (answer, recorder) = run(Box::pin(ask(&provider, 0))).await;
    assert_eq!(answer, Err(Some("No such agent.".to_owned())));
    let expected = agent(json!({"error": "ResourceNotFoundException: No such agent."}));
    assert_eq!(trees(&recorder, 1).await, json!([expected]));
}
