//! `rmcp`, client and server, over a pipe in memory.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, Implementation, JsonObject, ListToolsResult, PaginatedRequestParams, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ResourceContents, Role, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RunningService, ServiceError};
use rmcp::{ErrorData, RoleClient, RoleServer, ServerHandler, Service, ServiceExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tracing::instrument::Instrument;
use tracing::{info_span, instrument};
use tracing_llmobs::testing::Recorder;
use tracing_llmobs_rmcp::{ClientExt, LlmObsService};

use crate::stage::{run_with_tasks, trees};

mod context;
mod errors;
mod server_requests;
mod sessions;
mod with_rig;

#[derive(Clone)]
struct Weather;

impl ServerHandler for Weather {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        let mut info = ServerConfig::new(capabilities);
        info.server_info = Implementation::new("weather-server", "1.2.3").with_title("The weather");
        info
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match &*call.name {
            "weather" => weather(&call),
            "ask" => server_requests::ask(&call, &context).await,
            "meta" => {
                let seen = json!({"meta": context.meta, "arguments": call.arguments});
                Ok(CallToolResult::success(vec![ContentBlock::text(seen.to_string())]).into())
            }
            "structured" => {
                let mut result = CallToolResult::success(Vec::new());
                result.structured_content = Some(json!({"degrees": 7}));
                Ok(result.into())
            }
            "wait" => {
                context.ct.cancelled().await;
                Ok(CallToolResult::success(vec![ContentBlock::text("too late")]).into())
            }
            "panic" => panic!("no weather today"),
            name => Err(ErrorData::invalid_params(format!("no tool {name}"), None)),
        }
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let schema: JsonObject = serde_json::from_value(schema).unwrap();
        let is_first = page.is_none_or(|page| page.cursor.is_none());
        let name = if is_first { "weather" } else { "ask" };
        let mut listed =
            ListToolsResult::with_all_items(vec![Tool::new(name, "Tells it.", std::sync::Arc::new(schema))]);
        listed.next_cursor = is_first.then(|| "2".to_owned());
        Ok(listed)
    }

    async fn read_resource(
        &self,
        read: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = vec![ResourceContents::text("dry", &*read.uri), ResourceContents::blob(PICTURE, &*read.uri)];
        Ok(ReadResourceResult::new(contents).into())
    }

    async fn get_prompt(
        &self,
        get: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let said = vec![PromptMessage::new_text(Role::User, format!("Do as {}.", get.name))];
        Ok(GetPromptResult::new(said).into())
    }
}

fn weather(call: &CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
    let city = call.arguments.as_ref().and_then(|arguments| arguments.get("city")?.as_str()).unwrap_or_default();
    match city {
        "Rome" => {
            let picture = ContentBlock::image(PICTURE.repeat(1_000_000), "image/png");
            let file = ResourceContents::blob(PICTURE, "file:///rome.pdf");
            let content = vec![ContentBlock::text("sun"), picture, ContentBlock::resource(file)];
            Ok(CallToolResult::success(content).into())
        }
        "" => Err(ErrorData::invalid_params("no city", None)),
        "Atlantis" => Ok(CallToolResult::error(vec![ContentBlock::text("never heard of it")]).into()),
        city => Ok(CallToolResult::success(vec![ContentBlock::text(look_up(city))]).into()),
    }
}

const PICTURE: &str = "aGVsbG8=";

#[instrument(fields(llmobs.kind = "retrieval"))]
fn look_up(city: &str) -> &'static str {
    "rain"
}

/// A server with tasks of its own, and the client's end of the pipe.
fn serve(server: impl Service<RoleServer>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(4096);
    tokio::spawn(async move {
        let running = server.serve(far).await.unwrap();
        let _ = running.waiting().await;
    });
    near
}

async fn connected() -> RunningService<RoleClient, ()> {
    ().serve(serve(LlmObsService::new(Weather))).await.unwrap()
}

fn call(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    let arguments: JsonObject = serde_json::from_value(arguments).unwrap();
    CallToolRequestParams::new(tool).with_arguments(arguments)
}

async fn ask(arguments: Value) -> Result<CallToolResult, ServiceError> {
    let client = connected().await;
    let span = info_span!("answer", llmobs.kind = "agent");
    let answer = client.call_tool_observed(call("weather", arguments)).instrument(span).await;
    client.cancel().await.unwrap();
    answer
}

/// The trees without what a server says of the beginning of the session.
async fn answered(recorder: &Recorder, count: usize) -> Value {
    let mut seen = trees(recorder, count).await;
    let roots = seen.as_array_mut().unwrap();
    let before = roots.len();
    roots.retain(|root| root["span"] != "task mcp.initialize");
    assert_eq!(before, roots.len() + 1, "a session begins once");
    seen
}

/// The trees of kinds and names alone.
fn shape(trees: &Value) -> Value {
    let node = |tree: &Value| {
        let name = tree["span"].as_str().unwrap();
        if tree["children"].is_array() { json!({name: shape(&tree["children"])}) } else { json!(name) }
    };
    trees.as_array().unwrap().iter().map(node).collect()
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
    let tree =
        json!([{"agent answer": [{"tool MCP Client Tool Call: weather": [{"tool weather": ["retrieval look_up"]}]}]}]);
    assert_eq!(shape(&seen), tree);
    let called = &seen[0]["children"][0];
    let served = &called["children"][0];
    assert_eq!(read(&called["input"]), json!({"city": "Oslo"}));
    let text = json!({"type": "text", "text": "rain", "annotations": {}, "meta": {}});
    assert_eq!(read(&called["output"]), json!({"content": [text], "isError": false}));
    let request = json!({"method": "tools/call", "params": {"name": "weather", "arguments": {"city": "Oslo"}}});
    assert_eq!(read(&served["input"]), request);
    assert_eq!(read(&served["output"])["content"], json!([{"type": "text", "text": "rain"}]));
    let tags = |name: &str, keys: &[&str]| -> Vec<Option<String>> {
        let span = recorder.span(name);
        keys.iter().map(|key| span.tags.get(key).map(str::to_owned)).collect()
    };
    let of = |tags: &[&str]| tags.iter().map(|tag| Some((*tag).to_owned())).collect::<Vec<_>>();
    let calling = tags("MCP Client Tool Call: weather", &["mcp_tool_kind", "mcp_server_name"]);
    assert_eq!(calling, of(&["client", "weather-server"]));
    let serving = tags("weather", &["mcp_tool", "mcp_tool_kind", "mcp_method"]);
    assert_eq!(serving, of(&["weather", "server", "tools/call"]));
    let begun = tags("mcp.initialize", &["mcp_method", "client_name", "client_version"]);
    assert_eq!(begun[0].as_deref(), Some("initialize"));
    let (name, version) = (begun[1].as_deref().unwrap(), begun[2].as_deref().unwrap());
    assert!(version.strip_prefix(name).is_some_and(|rest| rest.starts_with('_')), "{version}");
}

#[tokio::test]
async fn a_client_shows_texts_and_a_server_names_pictures_and_files_that_are_handed_on() {
    let (answer, recorder) = run_with_tasks(ask(json!({"city": "Rome"}))).await;
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert_eq!(answer["content"][1]["data"].as_str().map(str::len), Some(8_000_000));
    assert_eq!(answer["content"][2]["resource"]["blob"], PICTURE);
    let seen = answered(&recorder, 4).await;
    let called = &seen[0]["children"][0];
    let shown = read(&called["output"]);
    assert_eq!(shown["content"], json!([{"type": "text", "text": "sun", "annotations": {}, "meta": {}}]));
    let content = &read(&called["children"][0]["output"])["content"];
    assert_eq!(content[0], json!({"type": "text", "text": "sun"}));
    assert_eq!(content[1], json!({"type": "image", "data": "[image]", "mimeType": "image/png"}));
    assert_eq!(content[2]["resource"]["blob"], "[file]");
    assert_eq!(content[2]["resource"]["uri"], "file:///rome.pdf");
}

#[tokio::test]
async fn an_answer_without_text_shows_what_it_has_in_a_structure() {
    let asked = async {
        let client = connected().await;
        client.call_tool_observed(CallToolRequestParams::new("structured")).await.unwrap();
        client.cancel().await.unwrap();
    };
    let ((), recorder) = run_with_tasks(asked).await;
    let seen = answered(&recorder, 3).await;
    assert_eq!(seen[0]["input"], "{}");
    let shown = json!({"content": [], "isError": false, "structuredContent": {"degrees": 7}});
    assert_eq!(read(&seen[0]["output"]), shown);
}
