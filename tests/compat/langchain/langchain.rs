//! `langchain-rust`: its spans give the tree, the models and the tokens; a wrapper of ten lines adds what was said.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use langchain_rust::agent::{AgentExecutor, OpenAiToolAgentBuilder};
use langchain_rust::chain::{Chain, LLMChainBuilder};
use langchain_rust::language_models::{GenerateResult, LLMError, llm::LLM};
use langchain_rust::llm::OpenAIConfig;
use langchain_rust::llm::openai::OpenAI;
use langchain_rust::prompt::HumanMessagePromptTemplate;
use langchain_rust::schemas::{Message, StreamData};
use langchain_rust::tools::Tool;
use langchain_rust::{fmt_template, message_formatter, prompt_args, template_fstring};
use serde_json::{Value, json};
use tracing::instrument::{Instrument, WithSubscriber};
use tracing::{Dispatch, info_span};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Builder, LlmObsSpanExt};
use tracing_llmobs_compat::provider::Provider;
use tracing_llmobs_compat::{answers, seen};
use tracing_subscriber::prelude::*;

/// A call of the model, of which langchain-rust says no content.
fn call() -> Value {
    json!({
        "span": "llm llm.generate",
        "model": "openai/gpt-4o-mini",
        "metrics": answers::counted(),
    })
}

async fn run<T>(program: impl Future<Output = T>) -> (T, Recorder) {
    let (layer, recorder) = testing::recorder_of(Builder::without_environment().ml_app("test-app")).unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    (program.with_subscriber(dispatch).await, recorder)
}

fn openai(provider: &Provider) -> OpenAI<OpenAIConfig> {
    let config = OpenAIConfig::default().with_api_key("test-key").with_api_base(format!("{}/v1", provider.url()));
    OpenAI::default().with_config(config).with_model("gpt-4o-mini")
}

#[tokio::test]
async fn a_chain_is_a_workflow_with_its_call() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let prompt =
        message_formatter![fmt_template!(HumanMessagePromptTemplate::new(template_fstring!("Greet {name}.", "name")))];
    let chain = LLMChainBuilder::new().prompt(prompt).llm(openai(&provider)).build().unwrap();
    let (answer, recorder) = run(chain.call(prompt_args! {"name" => "me"})).await;
    assert_eq!(answer.unwrap().generation, "Hello.");
    assert_eq!(seen::trees(&recorder.spans()), json!([{"span": "workflow chain.call", "children": [call()]}]));
}

struct Weather;

#[async_trait]
impl Tool for Weather {
    fn name(&self) -> String {
        "get_weather".to_owned()
    }

    fn description(&self) -> String {
        "Tells the weather.".to_owned()
    }

    async fn run(&self, _: Value) -> Result<String, Box<dyn std::error::Error>> {
        Ok("rain".to_owned())
    }
}

#[tokio::test]
async fn an_agent_has_its_plans_and_its_tools() {
    let answers =
        [answers::chat_tool("call-1", "get_weather", &json!({"input": "Paris"})), answers::chat_text("It rains.")];
    let provider = Provider::start(answers).await;
    let agent = OpenAiToolAgentBuilder::new().tools(&[Arc::new(Weather)]).build(openai(&provider)).unwrap();
    let executor = AgentExecutor::from_agent(agent);
    let (answer, recorder) = run(executor.invoke(prompt_args! {"input" => "Do I need a jacket in Paris?"})).await;
    assert_eq!(answer.unwrap(), "It rains.");
    let plan = json!({"span": "workflow agent.plan", "children": [
        {"span": "workflow chain.call", "children": [call()]},
    ]});
    assert_eq!(
        seen::trees(&recorder.spans()),
        json!([{
            "span": "agent agent.run",
            "metadata": {"usage": {"total_tokens": 26}},
            "children": [plan, {"span": "tool get_weather"}, plan],
        }])
    );
}

#[tokio::test]
async fn a_streamed_call_is_counted() {
    let provider = Provider::start([answers::chat_events(&["Hel", "lo."])]).await;
    let ((), recorder) = run(async {
        let llm = openai(&provider);
        let messages = [Message::new_human_message("Greet me.")];
        assert!(llm.generate_stream(&messages).all(|event| async move { event.is_ok() }).await);
    })
    .await;
    assert_eq!(seen::trees(&recorder.spans()), json!([call()]));
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_one_event() {
    let provider = Provider::start([answers::chat_events(&["Hel", "lo."]).then_silence(2)]).await;
    let ((), recorder) = run(async {
        let llm = openai(&provider);
        let messages = [Message::new_human_message("Greet me.")];
        assert!(llm.generate_stream(&messages).next().await.is_some_and(|event| event.is_ok()));
    })
    .await;
    let expected = json!([{"span": "llm llm.generate", "model": "openai/gpt-4o-mini"}]);
    assert_eq!(seen::trees(&recorder.spans()), expected);
}

#[tokio::test]
async fn an_error_of_the_provider_is_the_spans() {
    let provider = Provider::start([answers::chat_error(401, "invalid_request_error", "No such key.")]).await;
    let (answer, recorder) = run(async { openai(&provider).invoke("Greet me.").await }).await;
    assert!(answer.is_err());
    let error = "Error: OpenAI error: 401 Unauthorized invalid_request_error: No such key.";
    let expected = json!([{"span": "llm llm.generate", "model": "openai/gpt-4o-mini", "error": error}]);
    assert_eq!(seen::trees(&recorder.spans()), expected);
}

/// A model whose calls say what was asked and answered, around the spans that langchain-rust makes of them.
#[derive(Clone)]
struct Observed<L>(L);

#[async_trait]
impl<L: LLM + Clone + 'static> LLM for Observed<L> {
    async fn generate(&self, messages: &[Message]) -> Result<GenerateResult, LLMError> {
        let span = info_span!("generate", llmobs.kind = "workflow");
        let asked: Vec<_> = messages.iter().map(|message| message.content.as_str()).collect();
        span.annotate(Annotation::new().input(asked.join("\n")));
        let answer = self.0.generate(messages).instrument(span.clone()).await?;
        span.annotate(Annotation::new().output(&answer.generation));
        Ok(answer)
    }

    async fn stream(
        &self,
        messages: &[Message],
    ) -> Result<std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<StreamData, LLMError>> + Send>>, LLMError>
    {
        self.0.stream(messages).await
    }
}

#[tokio::test]
async fn a_wrapper_adds_what_was_said() {
    let provider = Provider::start([answers::chat_text("Hello.")]).await;
    let (answer, recorder) = run(async { Observed(openai(&provider)).invoke("Greet me.").await }).await;
    assert_eq!(answer.unwrap(), "Hello.");
    assert_eq!(
        seen::trees(&recorder.spans()),
        json!([{"span": "workflow generate", "input": "Greet me.", "output": "Hello.", "children": [call()]}])
    );
}
