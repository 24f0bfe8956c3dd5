//! The context in `_meta`.

use std::collections::HashMap;
use std::sync::Arc;

use rmcp::model::{CallToolRequest, ClientRequest, RequestMetaObject};
use rmcp::service::PeerRequestOptions;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpClientTransport, StreamableHttpServerConfig, StreamableHttpService};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_llmobs::propagation::Trust;
use tracing_llmobs::{Builder, propagation, testing};
use tracing_llmobs_compat::seen;
use tracing_llmobs_rmcp::ClientSession;
use tracing_subscriber::prelude::*;

use super::*;

/// The metadata of a call, as the server sees it.
async fn metadata(client: &RunningService<RoleClient, ()>, params: CallToolRequestParams) -> Value {
    let answer = client.call_tool_observed(params).await.unwrap();
    read(&json!(answer.content[0].as_text().unwrap().text))["meta"].take()
}

#[tokio::test]
async fn what_the_caller_says_in_the_metadata_stays_beside_the_context() {
    const THEIRS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let asked = async {
        let client = connected().await;
        let mut params = CallToolRequestParams::new("meta");
        let meta = json!({"tenant": "a", "traceparent": THEIRS, "tracestate": "theirs=1"});
        params.meta = serde_json::from_value::<JsonObject>(meta).ok().map(RequestMetaObject::from);
        let span = info_span!("answer", llmobs.kind = "agent");
        let meta = metadata(&client, params).instrument(span).await;
        client.cancel().await.unwrap();
        meta
    };
    let (meta, recorder) = run_with_tasks(asked).await;
    assert_eq!((&meta["tenant"], &meta["traceparent"]), (&json!("a"), &json!(THEIRS)));
    assert!(meta["progressToken"].is_number(), "{meta}");
    let state = meta["tracestate"].as_str().unwrap();
    assert!(state.starts_with("dd=") && state.ends_with("theirs=1"), "{state}");
    let called = recorder.span("MCP Client Tool Call: meta");
    let tags = meta["_dd_trace_context"]["x-datadog-tags"].as_str().unwrap();
    assert!(tags.contains(&format!("_dd.p.llmobs_parent_id={}", called.span_id)), "{tags}");
    let seen = answered(&recorder, 4).await;
    let served = &seen[0]["children"][0]["children"][0];
    let request = json!({"method": "tools/call", "params": {"name": "meta", "_meta": {"tenant": "a"}}});
    assert_eq!(read(&served["input"]), request);
}

#[tokio::test]
async fn a_server_of_somebody_else_need_not_be_told_and_a_caller_need_not_be_believed() {
    for (tells, trust) in [(false, Trust::All), (true, Trust::Nothing)] {
        let asked = async {
            let server = LlmObsService::new(Weather).trust(trust);
            let client = ClientSession::open(().serve(serve(server))).await.unwrap().propagate(tells);
            let answer = client.call_tool(CallToolRequestParams::new("meta")).await.unwrap();
            let request = ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("meta")));
            client.send_request(request, PeerRequestOptions::no_options()).await.unwrap();
            client.cancel().await.unwrap();
            read(&json!(answer.content[0].as_text().unwrap().text))["meta"].take()
        };
        let (meta, recorder) = run_with_tasks(asked).await;
        assert_eq!(meta.get("_dd_trace_context").is_some(), tells, "{meta}");
        let seen = answered(&recorder, 7).await;
        let called = "tool MCP Client Tool Call: meta";
        let session = json!({"workflow MCP Client Session": ["task MCP Client Initialize", called, called]});
        // What rmcp does for a server in the same program is inside of no session.
        assert_eq!(shape(&seen), json!([session, "tool meta", "tool meta"]));
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_added() {
    let client = connected().await;
    let meta = metadata(&client, CallToolRequestParams::new("meta")).await;
    client.cancel().await.unwrap();
    let names: Vec<_> = meta.as_object().unwrap().keys().collect();
    assert_eq!(names, ["progressToken"]);
}

#[tokio::test]
async fn a_caller_that_only_speaks_the_standard_is_understood() {
    let asked = async {
        let client = connected().await;
        let span = info_span!("theirs", llmobs.kind = "agent");
        let mut headers = HashMap::new();
        assert!(propagation::inject(&span, &mut headers));
        let mut params = call("weather", json!({"city": "Oslo"}));
        let meta: JsonObject =
            ["traceparent", "tracestate"].map(|name| (name.to_owned(), json!(headers[name]))).into_iter().collect();
        params.meta = Some(meta.into());
        client.call_tool(params).await.unwrap();
        client.cancel().await.unwrap();
    };
    let ((), recorder) = run_with_tasks(asked).await;
    let seen = answered(&recorder, 4).await;
    assert_eq!(shape(&seen), json!([{"agent theirs": [{"tool weather": ["retrieval look_up"]}]}]));
}

/// A server on loopback, and a client whose requests have these headers.
async fn over_http(server: LlmObsService<Weather>, headers: http::HeaderMap) -> ClientSession<()> {
    let (sessions, config) = (Arc::new(LocalSessionManager::default()), StreamableHttpServerConfig::default());
    let service = StreamableHttpService::new(move || Ok(server.clone().into_handler()), sessions, config);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = axum::Router::new().route_service("/mcp", service);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap();
    let config = StreamableHttpClientTransportConfig::with_uri(uri);
    ClientSession::open(().serve(StreamableHttpClientTransport::with_client(http, config))).await.unwrap()
}

#[tokio::test]
async fn the_http_request_that_brings_a_call_names_its_session_and_its_caller_unless_the_call_does() {
    for tells in [false, true] {
        let asked = async {
            let span = info_span!("theirs", llmobs.kind = "agent");
            let mut headers = http::HeaderMap::new();
            assert!(propagation::inject(&span, &mut headers));
            let client = over_http(LlmObsService::new(Weather), headers).await.propagate(tells);
            client.call_tool(call("weather", json!({"city": "Oslo"}))).await.unwrap();
            client.cancel().await.unwrap();
        };
        let ((), recorder) = run_with_tasks(asked).await;
        let seen = trees(&recorder, 7).await;
        let (called, served) = ("tool MCP Client Tool Call: weather", json!({"tool weather": ["retrieval look_up"]}));
        let session = |called: Value| json!({"workflow MCP Client Session": ["task MCP Client Initialize", called]});
        let expected = if tells {
            json!([{"agent theirs": ["task mcp.initialize"]}, session(json!({called: [served]}))])
        } else {
            json!([{"agent theirs": ["task mcp.initialize", served]}, session(json!(called))])
        };
        assert_eq!(shape(&seen), expected);
        assert!(recorder.span("weather").tags.get("mcp_session_id").is_some_and(|id| !id.is_empty()));
    }
}

#[tokio::test]
async fn a_handler_shows_what_a_server_shows() {
    let asked = async {
        let client = over_http(LlmObsService::new(Weather).capture_intent(true), http::HeaderMap::new()).await;
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.iter().all(|tool| tool.input_schema["properties"].get("telemetry").is_some()));
        let arguments = json!({"city": "Atlantis", "telemetry": {"intent": "to dive"}});
        assert_eq!(client.call_tool(call("weather", arguments)).await.unwrap().is_error, Some(true));
        assert!(client.call_tool(call("weather", json!({}))).await.is_err());
        client.read_resource(ReadResourceRequestParams::new("file:///oslo")).await.unwrap();
        client.get_prompt(GetPromptRequestParams::new("told")).await.unwrap();
        client.cancel().await.unwrap();
    };
    let ((), recorder) = run_with_tasks(asked).await;
    let seen = answered(&recorder, 13).await;
    let called = json!({"tool MCP Client Tool Call: weather": ["tool weather"]});
    let steps = [
        json!("task MCP Client Initialize"),
        json!("task MCP Client list Tools"),
        json!("task MCP Client list Tools"),
        called.clone(),
        called,
        json!({"task MCP Client Read Resource": ["task mcp.resources/read"]}),
        json!({"task MCP Client Get Prompt: told": ["task mcp.prompts/get"]}),
    ];
    assert_eq!(shape(&seen), json!([{"workflow MCP Client Session": steps}]));
    let served = |step: usize| &seen[0]["children"][step]["children"][0];
    assert_eq!(served(3)["error"], "ToolError: never heard of it");
    let request = json!({"method": "tools/call", "params": {"name": "weather", "arguments": {"city": "Atlantis"}}});
    assert_eq!(read(&served(3)["input"]), request);
    assert_eq!(read(&served(3)["output"])["content"], json!([{"type": "text", "text": "never heard of it"}]));
    assert!(served(4)["error"].as_str().is_some_and(|error| error.contains("no city")));
    assert_eq!(read(&served(5)["output"])["contents"][1]["blob"], "[file]");
    assert_eq!(read(&served(6)["output"])["messages"][0]["content"]["text"], "Do as told.");
    let intents: Vec<_> = recorder.spans().into_iter().filter_map(|span| span.intent).collect();
    assert_eq!(intents, ["to dive"]);
}

#[tokio::test]
async fn a_call_between_two_processes_is_one_trace() {
    let process = |ml_app: &str| {
        let (layer, recorder) = testing::recorder_of(Builder::without_environment().ml_app(ml_app)).unwrap();
        (Dispatch::new(tracing_subscriber::registry().with(layer)), recorder)
    };
    let ((near_side, called), (far_side, serving)) = (process("caller"), process("server"));
    // The ids of a recorder are counted, and those of two processes are not the same.
    tracing::dispatcher::with_default(&far_side, || {
        (0..16).for_each(|_| drop(info_span!("earlier", llmobs.kind = "task")));
    });
    let (near, far) = tokio::io::duplex(4096);
    let serving_thread = std::thread::spawn(move || {
        let _default = tracing::dispatcher::set_default(&far_side);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let running = LlmObsService::new(Weather).serve(far).await.unwrap();
            running.waiting().await.unwrap();
        });
    });
    let asked = async {
        let client = ().serve(near).await.unwrap();
        let span = info_span!("answer", llmobs.kind = "agent", llmobs.session_id = "s-1");
        client.call_tool_observed(call("weather", json!({"city": "Oslo"}))).instrument(span).await.unwrap();
        client.cancel().await.unwrap();
    };
    asked.with_subscriber(near_side).await;
    serving_thread.join().unwrap();
    trees(&called, 2).await;
    trees(&serving, 16 + 3).await;
    let mut spans = called.spans();
    spans.extend(serving.spans().into_iter().filter(|span| !["earlier", "mcp.initialize"].contains(&&*span.name)));
    let below = json!([{"tool weather": ["retrieval look_up"]}]);
    let tree = json!([{"agent answer": [{"tool MCP Client Tool Call: weather": below}]}]);
    assert_eq!(shape(&seen::trees(&spans)), tree);
    let (asking, serving) = (called.span("MCP Client Tool Call: weather"), serving.span("weather"));
    assert_eq!(serving.trace_id, asking.trace_id);
    assert_eq!((serving.session_id.as_deref(), serving.tags.get("ml_app")), (Some("s-1"), Some("caller")));
}
