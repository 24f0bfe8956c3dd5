//! Calls that do not go well: one event each, with its error.

use std::time::Duration;

use rmcp::model::{CallToolRequest, ClientRequest};
use rmcp::service::PeerRequestOptions;
use tokio::time::timeout;

use super::*;

const MOMENT: Duration = Duration::from_millis(50);

/// The errors of the client's span and the server's.
async fn errors(recorder: &Recorder, count: usize) -> (String, String) {
    let seen = answered(recorder, count).await;
    let called = &seen[0]["children"][0];
    let served = &called["children"][0];
    assert_eq!(shape(&seen)[0]["agent answer"][0].as_object().map(serde_json::Map::len), Some(1), "{seen:#}");
    let error = |span: &Value| span["error"].as_str().unwrap_or_default().to_owned();
    (error(called), error(served))
}

async fn asked(tool: &'static str, options: PeerRequestOptions) -> Result<(), ServiceError> {
    let client = connected().await;
    let request = ClientRequest::CallToolRequest(CallToolRequest::new(call(tool, json!({}))));
    let span = info_span!("answer", llmobs.kind = "agent");
    let answer = client.send_request_observed(request, options).instrument(span).await;
    client.cancel().await.unwrap();
    answer.map(drop)
}

#[tokio::test]
async fn a_tool_that_fails_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(ask(json!({"city": "Atlantis"}))).await;
    assert_eq!(answer.unwrap().is_error, Some(true));
    let error = "ToolError: never heard of it".to_owned();
    assert_eq!(errors(&recorder, 4).await, (error.clone(), error));
    let seen = answered(&recorder, 4).await;
    assert_eq!(read(&seen[0]["children"][0]["output"])["isError"], true);
}

#[tokio::test]
async fn a_call_that_is_refused_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(ask(json!({}))).await;
    assert!(answer.unwrap_err().to_string().contains("no city"));
    let (client, server) = errors(&recorder, 4).await;
    assert!(client.contains("no city") && server.contains("no city"), "{client}, {server}");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_cancelled_on_both_sides() {
    let asked = async {
        let client = connected().await;
        let waited = timeout(MOMENT, client.call_tool_observed(call("wait", json!({}))));
        let waited = waited.instrument(info_span!("answer", llmobs.kind = "agent")).await;
        // rmcp tells the server that it need not go on, and the server's task has to hear of it.
        client.list_tools(None).await.unwrap();
        client.cancel().await.unwrap();
        waited.is_err()
    };
    let (timed_out, recorder) = run_with_tasks(asked).await;
    assert!(timed_out);
    let (client, server) = errors(&recorder, 4).await;
    assert!(client.starts_with("Cancelled: nobody waits"), "{client}");
    assert!(server.starts_with("Cancelled: the request"), "{server}");
    assert!(recorder.span("wait").output.is_some(), "what was done is shown");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(asked("wait", PeerRequestOptions::with_timeout(MOMENT))).await;
    assert!(matches!(answer, Err(ServiceError::Timeout { .. })));
    let (client, server) = errors(&recorder, 4).await;
    assert!(client.contains("timeout"), "{client}");
    assert!(server.starts_with("Cancelled: "), "{server}");
}

#[tokio::test]
async fn a_handler_that_panics_is_an_error_on_both_sides() {
    let (answer, recorder) = run_with_tasks(asked("panic", PeerRequestOptions::with_timeout(MOMENT))).await;
    assert!(answer.is_err());
    let (client, server) = errors(&recorder, 4).await;
    assert!(client.contains("timeout"), "rmcp answers nothing: {client}");
    assert!(server.starts_with("panic: "), "{server}");
}

#[tokio::test]
async fn a_call_that_is_still_open_when_its_server_ends_is_cancelled_there() {
    let asked = async {
        let (near, far) = tokio::io::duplex(4096);
        let server = tokio::spawn(async move { LlmObsService::new(Weather).serve(far).await.unwrap() });
        let client = ().serve(near).await.unwrap();
        let server = server.await.unwrap();
        let ended = async {
            tokio::time::sleep(MOMENT).await;
            // What the handlers still answer is sent.
            drop(server);
        };
        let called = client.call_tool_observed(call("wait", json!({})));
        let called = called.instrument(info_span!("answer", llmobs.kind = "agent"));
        let (answer, ()) = tokio::join!(called, ended);
        answer
    };
    let (answer, recorder) = run_with_tasks(asked).await;
    assert_eq!(answer.unwrap().content[0].as_text().unwrap().text, "too late");
    let (client, server) = errors(&recorder, 4).await;
    assert_eq!(client, "");
    assert!(server.starts_with("Cancelled: "), "{server}");
}
