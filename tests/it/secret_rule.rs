//! Credentials stay in the process, on every road that a value takes.

use std::fmt;

use serde_json::json;
use tracing::{info_span, instrument};
use tracing_llmobs::{
    AgentManifest, Annotation, Builder, Evaluation, LlmObsSpanExt, Message, Problem, Prompt, SpanContext, SpanError,
    ToolCall, ToolDefinition, ToolResult, TraceId,
};

use crate::harness::recording::{only_span, record, record_with, text};

/// A canary with no meaning; only the name of what holds it can tell.
const NAMED: &str = "canary-by-name";

/// A canary in the shape of a key, put together when the test runs.
fn shaped() -> String {
    format!("sk-{}", "canary0Canary1".repeat(3))
}

fn is_clean(shown: &str) -> bool {
    !shown.contains("canary")
}

#[derive(Debug)]
struct Login {
    #[expect(dead_code, reason = "read by Debug")]
    password: &'static str,
    #[expect(dead_code, reason = "read by Debug")]
    attempts: u8,
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET https://app:{NAMED}@h/v1?key={NAMED} failed: api_key={NAMED}, Received API Key = {}", shaped())
    }
}

impl std::error::Error for Refused {}

#[instrument(fields(llmobs.kind = "tool"), ret, err)]
#[expect(clippy::too_many_arguments, reason = "one for each name")]
fn login(
    user: &str,
    password: &str,
    api_key: &str,
    authorization: &str,
    token: &str,
    secret_key: &str,
    dsn: &str,
    fails: bool,
) -> Result<Login, Refused> {
    if fails { Err(Refused) } else { Ok(Login { password: NAMED, attempts: 3 }) }
}

#[test]
fn an_instrumented_function_keeps_its_credentials() {
    for kind_fails in [false, true] {
        let token = shaped();
        let recorder = record(|| {
            drop(login("anna", NAMED, NAMED, NAMED, &token, NAMED, NAMED, kind_fails));
        });
        let span = only_span(&recorder);
        let shown = format!("{span:?}");
        assert!(is_clean(&shown), "{shown}");
        assert!(shown.contains("anna") && shown.contains("[secret]"), "{shown}");
        if !kind_fails {
            assert_eq!(span.output, text("Login { password: \"[secret]\", attempts: 3 }"));
        }
    }
}

#[test]
fn every_member_of_a_span_is_judged() {
    let key = shaped();
    let recorder = record(|| {
        let call = ToolCall::new("login", json!({"password": NAMED, "city": "Paris", "max_tokens": 3}));
        let result = ToolResult::new(format!("password={NAMED} city=Paris"));
        let message = Message::assistant(format!("use {key}")).tool_call(call).tool_result(result);
        let annotation = Annotation::new()
            .input([message, Message::user("my password: hunter2")])
            .metadata("api_key", NAMED)
            .metadata("temperature", 1)
            .metadata("nested", json!({"dsn": NAMED, "url": format!("https://u:{NAMED}@h")}))
            .tag("auth_token", NAMED)
            .tag("region", "eu")
            .tag("endpoint", format!("https://h/?sig={NAMED}"))
            .prompt(Prompt::new("p").template("{{x}}").variable("password", NAMED))
            .tool_definitions([ToolDefinition::new("t").description(format!("key {key}"))])
            .span_error(SpanError::new(format!("Authorization: Bearer {NAMED}")).stack(format!("password: {NAMED}")));
        info_span!("chat", llmobs.kind = "llm").annotate(annotation);
        let manifest = AgentManifest::new().model_setting("api_key", NAMED).instructions(format!("use {key}"));
        info_span!("agent", llmobs.kind = "agent", llmobs.input = format!(r#"{{"password":"{NAMED}"}}"#))
            .annotate(Annotation::new().agent_manifest(manifest));
    });
    for name in ["chat", "agent"] {
        let shown = format!("{:?}", recorder.span(name));
        assert!(is_clean(&shown), "{shown}");
    }
    let chat = recorder.span("chat");
    let shown = format!("{chat:?}");
    for kept in ["my password: hunter2", "Paris", "max_tokens", "eu", "temperature"] {
        assert!(shown.contains(kept), "{kept}: {shown}");
    }
    assert_eq!(chat.tags.get("auth_token"), Some("[secret]"));
    assert_eq!(chat.metadata.get("api_key"), Some(&json!("[secret]")));
    assert!(recorder.handle().stats().problems(Problem::Secret) >= 10);
}

#[test]
fn evaluations_are_judged_too() {
    let recorder = record(|| info_span!("chat", llmobs.kind = "llm").in_scope(|| {}));
    let context = SpanContext::new(TraceId::new(7), "9".parse().unwrap());
    let reasoning = format!("it says {}", shaped());
    let evaluation = Evaluation::score("leak", 1).span(context).reasoning(reasoning).metadata("password", NAMED);
    recorder.handle().submit_evaluation(evaluation).unwrap();
    let shown = format!("{:?}", recorder.evaluations());
    assert!(is_clean(&shown) && shown.contains("it says [secret]"), "{shown}");
}

#[test]
fn the_rule_can_be_switched_off() {
    let recorder = record_with(Builder::without_environment().hide_secrets(false), || {
        drop(login("anna", NAMED, NAMED, NAMED, "t", NAMED, NAMED, false));
    });
    let shown = format!("{:?}", only_span(&recorder));
    assert!(shown.contains(NAMED) && !shown.contains("[secret]"), "{shown}");
}
