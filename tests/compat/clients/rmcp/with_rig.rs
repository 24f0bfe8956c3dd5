//! rig's agents with tools of MCP. They are built on an older rmcp, and on the wire that makes no difference.

use rig::http_client::ReqwestClient;
use rig::prelude::*;
use rig::providers::openai::OpenAIConfig;
use rig::tool::rmcp::tools_from_server;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;

use super::*;
use crate::stage::http;

#[tokio::test]
async fn a_tool_of_mcp_that_an_agent_of_rig_calls_is_one_span() {
    let asked = [answers::chat_tool("call-1", "weather", &json!({"city": "Paris"})), answers::chat_text("It rains.")];
    let provider = Provider::start(asked).await;
    let http = ReqwestClient::from(http());
    let model = OpenAIConfig::new("test-key").with_base_url(format!("{}/v1", provider.url())).connect(http);
    let work = async {
        let client = rmcp_of_rig::serve_client((), serve(LlmObsService::new(Weather))).await.unwrap();
        let listed = client.list_tools(None).await.unwrap().tools;
        let tools = tools_from_server(listed, client.peer()).into_iter().map(|tool| tool.try_into().unwrap()).collect();
        let agent = AgentBuilder::new(model.chat("gpt-4o-mini")).name("forecaster").dynamic_tools(tools);
        let agent = agent.record_content_telemetry(true).default_max_turns(4).build();
        let answer = agent.prompt("Do I need a jacket in Paris?").await;
        client.cancel().await.unwrap();
        answer
    };
    let (answer, recorder) = run_with_tasks(work).await;
    assert_eq!(answer.unwrap().output(), "It rains.");
    let seen = answered(&recorder, 7).await;
    let roots = seen.as_array().unwrap();
    let agent = roots.iter().find(|root| root["span"] == "agent invoke_agent forecaster").unwrap();
    let calls = json!(["llm chat gpt-4o-mini", "tool weather", "llm chat gpt-4o-mini"]);
    assert_eq!(shape(&agent["children"]), calls);
    let tool = &agent["children"][1];
    assert_eq!(read(&tool["input"]), json!({"city": "Paris"}));
    assert!(tool["output"].to_string().contains("rain"), "{tool}");
    // rig says nothing in `_meta`, so that the server's side is a trace of its own.
    let served = roots.iter().find(|root| root["span"] == "tool weather").unwrap();
    assert_eq!(shape(&served["children"]), json!(["retrieval look_up"]));
}
