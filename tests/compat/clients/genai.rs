//! `genai` with its feature `otel`: its spans are all there is, and all that is needed.

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, Tool};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use serde_json::json;
use tracing_llmobs_compat::answers;
use tracing_llmobs_compat::provider::Provider;

use crate::stage::{run, trees};

fn client(provider: &Provider, adapter: AdapterKind) -> Client {
    let base = format!("{}/v1/", provider.url());
    let resolver = ServiceTargetResolver::from_resolver_fn(move |target: ServiceTarget| {
        let model = ModelIden::new(adapter, target.model.model_name);
        Ok(ServiceTarget {
            endpoint: Endpoint::from_owned(base.clone()),
            auth: AuthData::from_single("test-key"),
            model,
        })
    });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Client::builder().with_reqwest(http).with_service_target_resolver(resolver).build().unwrap()
}

fn request() -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::system("Be brief."), ChatMessage::user("Greet me.")])
}

#[tokio::test]
async fn a_chat() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let (answer, recorder) =
        run(client(&provider, AdapterKind::OpenAI).exec_chat("gpt-4o-mini", request(), None)).await;
    answer.unwrap();
    println!("{:#}", trees(&recorder, 1).await);
}

#[tokio::test]
async fn a_streamed_chat() {
    let provider = Provider::start([answers::chat_events(&["Hel", "lo."])]).await;
    let client = client(&provider, AdapterKind::OpenAI);
    let options = ChatOptions::default().with_capture_usage(true).with_capture_content(true);
    let asked = async {
        let mut stream = client.exec_chat_stream("gpt-4o-mini", request(), Some(&options)).await.unwrap().stream;
        while let Some(event) = stream.next().await {
            event.unwrap();
        }
    };
    let ((), recorder) = run(asked).await;
    println!("{:#}", trees(&recorder, 1).await);
}

#[tokio::test]
async fn a_call_of_a_tool() {
    let provider = Provider::start([answers::chat_tool("call-1", "get_weather", &json!({"city": "Paris"}))]).await;
    let tool = Tool::new("get_weather").with_description("Tells the weather.").with_schema(json!({"type": "object"}));
    let request = request().with_tools(vec![tool]);
    let (answer, recorder) = run(client(&provider, AdapterKind::OpenAI).exec_chat("gpt-4o-mini", request, None)).await;
    answer.unwrap();
    println!("{:#}", trees(&recorder, 1).await);
}

#[tokio::test]
async fn an_error_of_the_provider() {
    let provider = Provider::start([answers::chat_error(401, "invalid_request_error", "No such key.")]).await;
    let (answer, recorder) =
        run(client(&provider, AdapterKind::OpenAI).exec_chat("gpt-4o-mini", request(), None)).await;
    assert!(answer.is_err());
    println!("{:#}", trees(&recorder, 1).await);
}
