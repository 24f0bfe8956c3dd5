//! A client's session, with its calls below.

use rmcp::model::{GetPromptRequestParams, ProtocolVersion, ReadResourceRequestParams};
use rmcp::{ClientLifecycleMode, ClientServiceExt};
use tokio::time::timeout;
use tracing_llmobs_rmcp::ClientSession;

use super::*;

const MOMENT: std::time::Duration = std::time::Duration::from_millis(50);

async fn opened() -> ClientSession<()> {
    ClientSession::open(().serve(serve(LlmObsService::new(Weather)))).await.unwrap()
}

#[tokio::test]
async fn a_session_is_a_span_with_its_beginning_and_its_calls_below() {
    let work = async {
        let client = opened().await;
        client.list_all_tools().await.unwrap();
        let planned = client.call_tool(call("weather", json!({"city": "Oslo"})));
        planned.instrument(info_span!("plan", llmobs.kind = "task")).await.unwrap();
        client.call_tool(call("weather", json!({"city": "Bergen"}))).await.unwrap();
        client.read_resource(ReadResourceRequestParams::new("file:///oslo")).await.unwrap();
        client.get_prompt(GetPromptRequestParams::new("told")).await.unwrap();
        client.cancel().await.unwrap();
    };
    let work = async { work.instrument(info_span!("work", llmobs.kind = "agent")).await };
    let ((), recorder) = run_with_tasks(work).await;
    let seen = answered(&recorder, 17).await;
    let called = json!([{"tool weather": ["retrieval look_up"]}]);
    let tree = json!([{"agent work": [
        {"workflow MCP Client Session": [
            "task MCP Client Initialize",
            "task MCP Client list Tools",
            "task MCP Client list Tools",
            {"tool MCP Client Tool Call: weather": called},
            {"task MCP Client Read Resource": ["task mcp.resources/read"]},
            {"task MCP Client Get Prompt: told": ["task mcp.prompts/get"]},
        ]},
        {"task plan": [{"tool MCP Client Tool Call: weather": called}]},
    ]}]);
    assert_eq!(shape(&seen), tree);
    let session = recorder.span("MCP Client Session");
    let tags = ["mcp_server_name", "mcp_server_version", "mcp_server_title"].map(|key| session.tags.get(key));
    assert_eq!(tags, [Some("weather-server"), Some("1.2.3"), Some("The weather")]);
    let steps = &seen[0]["children"][0]["children"];
    assert_eq!(read(&steps[0]["output"])["serverInfo"]["name"], "weather-server");
    assert_eq!((read(&steps[1]["input"]), read(&steps[2]["input"])), (json!({"cursor": null}), json!({"cursor": "2"})));
    assert_eq!(read(&steps[1]["output"])["tools"][0]["name"], "weather");
    assert_eq!(read(&steps[4]["input"]), json!({"uri": "file:///oslo"}));
    for span in [&steps[4], &steps[4]["children"][0]] {
        let contents = &read(&span["output"])["contents"];
        assert_eq!((&contents[0]["text"], &contents[1]["blob"]), (&json!("dry"), &json!("[file]")));
    }
    assert_eq!(read(&steps[5]["output"])["messages"][0]["content"]["text"], "Do as told.");
    assert!(recorder.spans().iter().all(|span| span.error.is_none()), "{seen:#}");
}

#[tokio::test]
async fn a_client_that_discovers_a_server_is_seen_by_it_as_one_that_initializes() {
    for is_handler in [false, true] {
        let work = async {
            let service = LlmObsService::new(Weather);
            let pipe = if is_handler { serve(service.into_handler()) } else { serve(service) };
            let discover = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] };
            let client = ().serve_with_lifecycle(pipe, discover).await.unwrap();
            client.cancel().await.unwrap();
        };
        let ((), recorder) = run_with_tasks(work).await;
        let seen = trees(&recorder, 1).await;
        assert_eq!(shape(&seen), json!(["task mcp.server/discover"]));
        assert_eq!(read(&seen[0]["input"])["method"], "server/discover");
        let capabilities = &read(&seen[0]["output"])["capabilities"];
        assert_eq!(capabilities["tools"], json!({}), "{capabilities}");
        let span = recorder.span("mcp.server/discover");
        let tags = ["mcp_method", "client_name"].map(|key| span.tags.get(key));
        assert_eq!((tags[0], tags[1].is_some()), (Some("server/discover"), true), "{tags:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_dropped_has_ended() {
    let ((), recorder) = run_with_tasks(async { drop(opened().await) }).await;
    let seen = answered(&recorder, 3).await;
    assert_eq!(shape(&seen), json!([{"workflow MCP Client Session": ["task MCP Client Initialize"]}]));
}

#[tokio::test]
async fn a_session_that_is_waited_for_ends_with_its_server() {
    let work = async {
        let (near, far) = tokio::io::duplex(4096);
        let server = tokio::spawn(async move { LlmObsService::new(Weather).serve(far).await.unwrap() });
        let client = ClientSession::open(().serve(near)).await.unwrap();
        client.call_tool_observed(call("weather", json!({"city": "Oslo"}))).await.unwrap();
        server.await.unwrap().cancel().await.unwrap();
        client.waiting().await.unwrap();
    };
    let ((), recorder) = run_with_tasks(work).await;
    let seen = answered(&recorder, 6).await;
    let called = json!({"tool MCP Client Tool Call: weather": [{"tool weather": ["retrieval look_up"]}]});
    assert_eq!(shape(&seen), json!([{"workflow MCP Client Session": ["task MCP Client Initialize", called]}]));
    assert_eq!(seen[0]["error"], Value::Null);
}

#[tokio::test]
async fn a_session_ends_with_the_call_that_finds_its_server_gone() {
    let work = async {
        let (near, far) = tokio::io::duplex(4096);
        let server = tokio::spawn(async move { LlmObsService::new(Weather).serve(far).await.unwrap() });
        let client = ClientSession::open(().serve(near)).await.unwrap();
        server.await.unwrap().cancel().await.unwrap();
        let answer = client.call_tool(call("weather", json!({"city": "Oslo"}))).await;
        (answer, client)
    };
    let ((answer, _client), recorder) = run_with_tasks(work).await;
    assert!(matches!(answer, Err(ServiceError::TransportClosed | ServiceError::TransportSend(_))), "{answer:?}");
    let seen = answered(&recorder, 4).await;
    let below = json!(["task MCP Client Initialize", "tool MCP Client Tool Call: weather"]);
    assert_eq!(shape(&seen), json!([{"workflow MCP Client Session": below}]));
    assert_ne!(seen[0]["children"][1]["error"], Value::Null);
}

#[tokio::test]
async fn a_session_that_does_not_begin_is_an_error() {
    let (near, far) = tokio::io::duplex(4096);
    drop(far);
    let (opened, recorder) = run_with_tasks(ClientSession::open(().serve(near))).await;
    assert!(opened.is_err());
    let seen = trees(&recorder, 2).await;
    assert_eq!(shape(&seen), json!([{"workflow MCP Client Session": ["task MCP Client Initialize"]}]));
    assert_eq!(seen[0]["error"], seen[0]["children"][0]["error"]);
    assert_ne!(seen[0]["error"], Value::Null);
}

#[tokio::test]
async fn a_session_whose_beginning_nobody_waits_for_is_cancelled() {
    let (near, _far) = tokio::io::duplex(4096);
    let (waited, recorder) = run_with_tasks(timeout(MOMENT, ClientSession::open(().serve(near)))).await;
    assert!(waited.is_err());
    let seen = trees(&recorder, 2).await;
    let beginning = &seen[0]["children"][0];
    assert_eq!(beginning["span"], "task MCP Client Initialize");
    assert!(beginning["error"].as_str().is_some_and(|error| error.starts_with("Cancelled: ")), "{seen:#}");
}

#[tokio::test]
async fn calls_in_flight_are_each_below_the_span_they_are_made_in() {
    let work = async {
        let client = opened().await;
        let ask = |number: usize| {
            let span = info_span!("agent", llmobs.kind = "agent", llmobs.name = format!("agent {number}"));
            client.call_tool(call("weather", json!({"city": format!("city {number}")}))).instrument(span)
        };
        let answers = futures_util::future::join_all((0..20).map(ask)).await;
        assert!(answers.iter().all(Result::is_ok));
        client.cancel().await.unwrap();
    };
    let ((), recorder) = run_with_tasks(work).await;
    let seen = answered(&recorder, 3 + 4 * 20).await;
    let mut numbers: Vec<usize> = Vec::new();
    for root in seen.as_array().unwrap() {
        let Some(number) = root["span"].as_str().unwrap().strip_prefix("agent agent ") else { continue };
        numbers.push(number.parse().unwrap());
        let called = &root["children"][0];
        assert_eq!(shape(&root["children"]).as_array().map(Vec::len), Some(1));
        let city = json!({"city": format!("city {number}")});
        assert_eq!(read(&called["input"]), city);
        assert_eq!(read(&called["children"][0]["input"])["params"]["arguments"], city);
        assert_eq!(called["children"][0]["children"][0]["span"], "retrieval look_up");
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
}
