//! Requests from a server to its client, and the reason why a model calls a tool.
#![allow(deprecated, reason = "the protocol gives up sampling, and its servers still ask for it")]

use rmcp::ClientHandler;
use rmcp::model::{
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, SamplingMessage, SamplingMessageContentBlock as Block,
};
use tracing_llmobs::SpanKind;
use tracing_llmobs_rmcp::{ClientSession, PeerExt};

use super::*;

/// The tool `ask`: asks the client's model and its user.
pub(super) async fn ask(
    call: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let internal = |error: ServiceError| ErrorData::internal_error(error.to_string(), None);
    if call.arguments.as_ref().is_some_and(|arguments| arguments.contains_key("user")) {
        let schema = ElicitationSchema::builder().build().unwrap();
        let form = ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: "Which city?".to_owned(),
            requested_schema: schema,
        };
        let answer = context.peer.create_elicitation_observed(form).await.map_err(internal)?;
        let text = json!(answer.content).to_string();
        return Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into());
    }
    let picture = Block::Image(rmcp::model::ImageContent::new(PICTURE, "image/png"));
    let messages = vec![SamplingMessage::user_text("Rain?"), SamplingMessage::new(Role::User, picture)];
    let mut params = CreateMessageRequestParams::new(messages, 100);
    params.system_prompt = Some("Be brief.".to_owned());
    let answer = context.peer.create_message_observed(params).await.map_err(internal)?;
    Ok(CallToolResult::success(vec![ContentBlock::text(answer.model)]).into())
}

/// A client with a model and a user.
#[derive(Clone)]
struct Host;

impl ClientHandler for Host {
    fn get_info(&self) -> rmcp::model::ClientConfig {
        let mut info = rmcp::model::ClientConfig::default();
        info.capabilities = rmcp::model::ClientCapabilities::builder().enable_sampling().enable_elicitation().build();
        info
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let _span = info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "the-model").entered();
        let message = SamplingMessage::assistant_text("No.");
        Ok(CreateMessageResult::new(message, "the-model".to_owned()).with_stop_reason("endTurn"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"city": "Oslo"})))
    }
}

async fn hosted(arguments: Value) -> (CallToolResult, Recorder) {
    let asked = async {
        let opening = LlmObsService::new(Host).serve(serve(LlmObsService::new(Weather)));
        let client = ClientSession::open(opening).await.unwrap();
        let answer = client.call_tool(call("ask", arguments)).await.unwrap();
        client.cancel().await.unwrap();
        answer
    };
    run_with_tasks(asked).await
}

#[tokio::test]
async fn a_message_that_a_server_asks_for_is_one_trace_on_both_sides() {
    let (answer, recorder) = hosted(json!({})).await;
    assert_eq!(answer.content[0].as_text().unwrap().text, "the-model");
    let seen = answered(&recorder, 7).await;
    let asked = json!([{"llm MCP Server Sampling": [{"task mcp.sampling/createMessage": ["llm chat"]}]}]);
    let tree = json!([{"workflow MCP Client Session": [
        "task MCP Client Initialize",
        {"tool MCP Client Tool Call: ask": [{"tool ask": asked}]},
    ]}]);
    assert_eq!(shape(&seen), tree);
    let asking = &seen[0]["children"][1]["children"][0]["children"][0];
    assert_eq!(asking["input"], json!(["system: Be brief.", "user: Rain?", "user: [image]"]));
    assert_eq!((&asking["output"], &asking["model"]), (&json!(["assistant: No."]), &json!("custom/the-model")));
    assert_eq!(asking["metadata"], json!({"max_tokens": 100, "stop_reason": "endTurn"}));
    let answering = &asking["children"][0];
    let request = read(&answering["input"]);
    assert_eq!(request["method"], "sampling/createMessage");
    assert_eq!(request["params"]["messages"][1]["content"][0]["data"], "[image]");
    assert_eq!(read(&answering["output"])["model"], "the-model");
}

#[tokio::test]
async fn what_a_server_asks_the_user_is_one_trace_on_both_sides() {
    let (_, recorder) = hosted(json!({"user": true})).await;
    let seen = answered(&recorder, 6).await;
    let served = &seen[0]["children"][1]["children"][0];
    assert_eq!(shape(&served["children"]), json!([{"task MCP Server Elicitation": ["task mcp.elicitation/create"]}]));
    let asking = &served["children"][0];
    assert_eq!(read(&asking["input"])["message"], "Which city?");
    assert_eq!(read(&asking["output"])["content"], json!({"city": "Oslo"}));
    assert_eq!(read(&asking["children"][0]["output"])["action"], "accept");
}

#[tokio::test]
async fn a_model_is_asked_why_it_calls_a_tool_only_if_the_server_wants_to_know() {
    for captures_intent in [false, true] {
        let asked = async {
            let server = LlmObsService::new(Weather).capture_intent(captures_intent);
            let client = ().serve(serve(server)).await.unwrap();
            let listed = client.list_tools(None).await.unwrap();
            let arguments = json!({"city": "Oslo", "telemetry": {"intent": "to pack"}});
            let answer = client.call_tool(call("meta", arguments)).await.unwrap();
            client.cancel().await.unwrap();
            let seen = read(&json!(answer.content[0].as_text().unwrap().text));
            (Value::Object((*listed.tools[0].input_schema).clone()), seen["arguments"].clone())
        };
        let ((schema, arguments), recorder) = run_with_tasks(asked).await;
        answered(&recorder, 2).await;
        let served = recorder.span("meta");
        assert_eq!((served.kind, served.intent.as_deref()), (SpanKind::Tool, captures_intent.then_some("to pack")));
        assert_eq!(schema["properties"].get("telemetry").is_some(), captures_intent);
        let left = if captures_intent {
            json!({"city": "Oslo"})
        } else {
            json!({"city": "Oslo", "telemetry": {"intent": "to pack"}})
        };
        assert_eq!(arguments, left);
        let input = trees(&recorder, 2).await;
        let served = input.as_array().unwrap().iter().find(|root| root["span"] == "tool meta").unwrap();
        assert_eq!(read(&served["input"])["params"]["arguments"], left);
    }
}
