use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::endpoint::{Api, Endpoint};
use crate::test_exchange::TestExchange;
use crate::test_frames::{AWS, aws, said};
use llmobs_model::{Annotation, Content, SpanError, SpanKind};

const URL: &str = "https://bedrock-agent-runtime.eu-west-1.amazonaws.com/agents/AG1/agentAliases/AL1/sessions/s-1/text";

fn asked() -> TestExchange {
    TestExchange::new(URL, &json!({"inputText": "Is it open?", "enableTrace": true}))
}

fn begun() -> Annotation {
    let said = said(SpanKind::Agent, "Bedrock Agent AG1", "bedrock_agents").session_id("s-1");
    said.metadata("agent_id", "AG1").metadata("agent_alias_id", "AL1").input("Is it open?")
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    aws("event", "chunk", &json!({"bytes": STANDARD.encode(bytes)}))
}

fn trace(at: &str, trace: &Value) -> Vec<u8> {
    let event = json!({
        "agentId": "AG1", "agentAliasId": "AL1", "sessionId": "s-1", "eventTime": format!("2026-03-01T00:00:{at}Z"),
        "trace": trace,
    });
    aws("event", "trace", &event)
}

#[test]
fn the_path_says_which_agent_and_which_session() {
    let found = Endpoint::recognise("POST", URL).unwrap();
    assert_eq!((found.api(), found.provider()), (Api::BedrockAgent, "amazon_bedrock"));
    for other in ["/agents/AG1/text", "/agents/AG1/agentAliases/AL1/sessions//text", "/agents/a/b/c/d/e/text"] {
        assert_eq!(Endpoint::recognise("POST", &format!("https://h{other}")), None, "{other}");
    }
}

#[test]
fn an_answer_is_its_pieces_wherever_they_are_cut() {
    let text = "Grüße.";
    let (front, back) = text.as_bytes().split_at(3);
    let whole = asked().stream(AWS, &[chunk(front), chunk(back)].concat());
    assert_eq!(whole, begun().output(text));
    let broken = asked().broken(AWS, &chunk(b"Ye"));
    assert_eq!(broken, begun().output("Ye").span_error(SpanError::new("reset").error_type("io")));
    let thrown = aws("exception", "throttlingException", &json!({"message": "Slow down."}));
    let thrown = asked().stream(AWS, &[chunk(b"Ye"), thrown].concat());
    let error = SpanError::new("Slow down.").error_type("throttlingException");
    assert_eq!(thrown, begun().output("Ye").span_error(error));
    assert_eq!(asked().first_token(AWS, &[trace("01", &json!({})), chunk(b"Yes.")]), Some(2.0));
    let refused = asked().answer(403, &json!({"message": "Not you."}));
    assert_eq!(refused.error, Some(SpanError::new("Not you.").error_type("HTTP 403")));
}

#[test]
fn what_the_agent_wants_of_the_application_is_its_answer() {
    let wanted =
        json!({"invocationId": "i-1", "invocationInputs": [{"functionInvocationInput": {"function": "open"}}]});
    let said = asked().stream(AWS, &aws("event", "returnControl", &wanted));
    assert_eq!(said.output, Some(Content::from(wanted.to_string())));
}

/// Kind, name, input, output, seconds from start to end, and what is inside.
fn shown(said: &Annotation) -> Value {
    let text = |content: &Option<Content>| match content {
        Some(Content::Text(text)) => json!(text),
        Some(Content::Messages(messages)) => {
            messages.iter().map(|message| json!(format!("{}: {}", message.role.as_str(), message.content))).collect()
        }
        None => Value::Null,
        other => panic!("{other:?}"),
    };
    let inner = said.details.iter().flat_map(|details| &details.synthesized).map(shown).collect::<Value>();
    let took = said.start_ns.zip(said.end_ns).map(|(start, end)| end.saturating_sub(start) / 1_000_000_000);
    let name = format!("{} {}", said.kind.unwrap(), said.name.as_deref().unwrap());
    json!([name, text(&said.input), text(&said.output), took, inner])
}

/// An answer with the traces of three steps.
fn traced() -> Vec<u8> {
    let step = |name: &str, mut said: Value| {
        said["traceId"] = json!("t-0");
        json!({"orchestrationTrace": {name: said}})
    };
    let prompt = json!({"system": "Be brief.", "messages": [{"role": "user", "content": "Is it open?"}]}).to_string();
    let looks = json!({"role": "assistant", "content": [{"type": "text", "text": "I look."}]}).to_string();
    let usage = json!({"inputTokens": 9, "outputTokens": 4});
    let used =
        json!({"actionGroupName": "hours", "function": "get", "parameters": [{"name": "day", "value": "Monday"}]});
    [
        trace("00", &json!({"guardrailTrace": {"traceId": "g-0", "action": "NONE"}})),
        trace(
            "01",
            &step(
                "modelInvocationInput",
                json!({
                    "text": prompt, "type": "ORCHESTRATION", "foundationModel": "claude",
                    "inferenceConfiguration": {"temperature": 0, "maximumLength": 20},
                }),
            ),
        ),
        trace(
            "03",
            &step(
                "modelInvocationOutput",
                json!({
                    "rawResponse": {"content": looks}, "metadata": {"usage": usage},
                }),
            ),
        ),
        trace("03", &step("rationale", json!({"text": "I must look."}))),
        trace(
            "04",
            &step("invocationInput", json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": used})),
        ),
        trace(
            "06",
            &step("observation", json!({"type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": "Open."}})),
        ),
        trace("07", &step("observation", json!({"type": "FINISH", "finalResponse": {"text": "Yes."}}))),
        trace("08", &json!({"failureTrace": {"traceId": "f-0", "failureReason": "It broke.", "failureCode": 500}})),
        chunk(b"Yes."),
    ]
    .concat()
}

#[test]
fn its_steps_are_below_it_with_their_times() {
    let said = asked().stream(AWS, &traced());
    let used =
        json!({"actionGroupName": "hours", "function": "get", "parameters": [{"name": "day", "value": "Monday"}]});
    assert_eq!(said.output, Some(Content::from("Yes.")));
    let inner = &said.details.as_ref().unwrap().synthesized;
    let shown: Vec<Value> = inner.iter().map(shown).collect();
    let expected = json!([
        ["workflow guardrailTrace Step", null, null, 0, [["task guardrail", null, r#"{"action":"NONE"}"#, 0, null]]],
        [
            "workflow orchestrationTrace Step",
            null,
            "Yes.",
            6,
            [
                ["llm modelInvocation", ["system: Be brief.", "user: Is it open?"], ["assistant: I look."], 2, null],
                ["task reasoning", null, "I must look.", 0, null],
                ["tool hours", used.to_string(), "Open.", 2, null],
            ]
        ],
        ["workflow failureTrace Step", null, null, 0, [["task failureEvent", null, null, 0, null]]],
    ]);
    let expected: Value = serde_json::from_str(&expected.to_string().replace(",null]", ",[]]")).unwrap();
    assert_eq!(json!(shown), expected);
    let steps: Vec<&Annotation> = inner.iter().flat_map(|step| &step.details.as_ref().unwrap().synthesized).collect();
    let model = steps[1];
    assert_eq!((model.model_name.as_deref(), &model.metadata["max_tokens"]), (Some("claude"), &json!(20)));
    assert_eq!((model.metrics.clone(), &model.metadata["temperature"]), (super::tokens(9, 4), &json!(0)));
    assert_eq!(steps[4].error, Some(SpanError::new("It broke.").error_type("500")));
    assert_eq!(inner[1].start_ns, Some(1_772_323_201_000_000_000));
}

#[test]
fn traces_that_lack_something_do_no_harm_and_lose_no_text() {
    let said = asked().stream(
        AWS,
        &[
            trace("xx", &json!({"orchestrationTrace": {"observation": {"knowledgeBaseLookupOutput": {"retrievedReferences": [{"content": {"text": "From a book."}}]}}}})),
            trace("01", &json!({"customOrchestrationTrace": {"traceId": "c", "event": {"text": "My own way."}}})),
            trace("01", &json!({"newTrace": {"newThing": {"words": "Never seen."}}})),
            trace("01", &json!({"preProcessingTrace": {"modelInvocationOutput": {"parsedResponse": {"isValid": true, "rationale": "It is fine."}}}})),
            trace("01", &json!(7)),
            aws("event", "trace", &json!("nothing")),
            aws("event", "chunk", &json!({"bytes": "no base64"})),
        ]
        .concat(),
    );
    let said = format!("{said:?}");
    for text in ["From a book.", "My own way.", "Never seen.", "It is fine."] {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn many_steps_take_no_longer_than_they_are() {
    let step = |at: u32| {
        trace("01", &json!({"orchestrationTrace": {"rationale": {"traceId": format!("t-{at}"), "text": "Hm."}}}))
    };
    let traces: Vec<u8> = (0..10_000).flat_map(step).collect();
    let began = std::time::Instant::now();
    assert!(asked().split(AWS, &traces, 1_000_000).details.is_some_and(|details| details.synthesized.len() == 10_000));
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
