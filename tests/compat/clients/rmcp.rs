//! `rmcp`, client and server, over a pipe in memory.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ListToolsResult,
    PaginatedRequestParams,
};
use rmcp::service::{RequestContext, RunningService, ServiceError};
use rmcp::{ErrorData, RoleClient, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tracing::instrument::Instrument;
use tracing::{info_span, instrument};
use tracing_llmobs::clients::rmcp::{Observed, ObservedCalls};

use crate::stage::{run_with_tasks, trees};

#[derive(Clone)]
struct Weather;

impl ServerHandler for Weather {
    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let city = call.arguments.as_ref().and_then(|arguments| arguments.get("city")?.as_str()).unwrap_or_default();
        match city {
            "Oslo" => Ok(CallToolResult::success(vec![ContentBlock::text(look_up(city))]).into()),
            "" => Err(ErrorData::invalid_params("no city", None)),
            _ => Ok(CallToolResult::error(vec![ContentBlock::text("never heard of it")]).into()),
        }
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Vec::new()))
    }
}

#[instrument(fields(llmobs.kind = "retrieval"))]
fn look_up(city: &str) -> &'static str {
    "rain"
}

/// A client and a server, each with tasks of its own.
async fn connected() -> RunningService<RoleClient, ()> {
    let (near, far) = tokio::io::duplex(4096);
    let server = async move {
        let running = Observed::new(Weather).serve(far).await.unwrap();
        let _ = running.waiting().await;
    };
    tokio::spawn(server);
    ().serve(near).await.unwrap()
}

async fn ask(arguments: Value) -> Result<CallToolResult, ServiceError> {
    let client = connected().await;
    let arguments: JsonObject = serde_json::from_value(arguments).unwrap();
    let params = CallToolRequestParams::new("weather").with_arguments(arguments);
    let span = info_span!("answer", llmobs.kind = "agent");
    let answer = client.call_tool_observed(params).instrument(span).await;
    client.cancel().await.unwrap();
    answer
}

/// The trees without the beginning of the session.
async fn answered(recorder: &tracing_llmobs::testing::Recorder, count: usize) -> Value {
    let mut seen = trees(recorder, count).await;
    let roots = seen.as_array_mut().unwrap();
    let before = roots.len();
    roots.retain(|root| root["span"] != "task mcp.initialize");
    assert_eq!(before, roots.len() + 1, "a session begins once");
    seen
}

/// JSON that is the value of a span.
fn read(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_call_is_one_trace_from_the_agent_through_the_client_into_the_server() {
    let (answer, recorder) = run_with_tasks(ask(json!({"city": "Oslo"}))).await;
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert_eq!(answer["content"][0]["text"], "rain");
    let seen = answered(&recorder, 5).await;
    let called = &seen[0]["children"][0];
    let served = &called["children"][0];
    assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(
        (&seen[0]["span"], &called["span"]),
        (&json!("agent answer"), &json!("tool MCP Client Tool Call: weather"))
    );
    assert_eq!((&served["span"], &called["input"]), (&json!("tool weather"), &json!(r#"{"city":"Oslo"}"#)));
    assert_eq!(read(&served["input"]), json!({"name": "weather", "arguments": {"city": "Oslo"}}));
    assert_eq!(read(&called["output"])["content"], json!([{"type": "text", "text": "rain"}]));
    assert_eq!(served["children"][0]["span"], "retrieval look_up");
}

#[tokio::test]
async fn a_tool_that_fails_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(ask(json!({"city": "Atlantis"}))).await;
    assert_eq!(answer.unwrap().is_error, Some(true));
    let seen = answered(&recorder, 4).await;
    let called = &seen[0]["children"][0];
    for span in [called, &called["children"][0]] {
        assert_eq!(span["error"], "ToolError: never heard of it", "{seen:#}");
    }
}

#[tokio::test]
async fn a_call_that_is_refused_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(ask(json!({}))).await;
    assert!(answer.unwrap_err().to_string().contains("no city"));
    let seen = answered(&recorder, 4).await;
    let called = &seen[0]["children"][0];
    for span in [called, &called["children"][0]] {
        assert!(span["error"].as_str().unwrap_or_default().contains("no city"), "{span}");
    }
}

#[tokio::test]
async fn the_tools_are_listed_in_a_task() {
    let asked = async {
        let client = connected().await;
        let listed = client.list_tools_observed(None).await;
        client.cancel().await.unwrap();
        listed
    };
    let (listed, recorder) = run_with_tasks(asked).await;
    assert!(listed.unwrap().tools.is_empty());
    let seen = answered(&recorder, 2).await;
    assert_eq!(seen[0]["span"], "task MCP Client list Tools");
    assert_eq!(read(&seen[0]["output"])["tools"], json!([]));
}
