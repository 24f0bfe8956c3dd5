//! Requests and answers of any shape, made of the words that Anthropic and Bedrock use, so that every reader gets to see them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::ResponseHead;
use crate::test_exchange::TestExchange;
use crate::test_frames::{AWS, SSE, aws, chunks, sse};
use llmobs_model::SpanKind;

/// Names of members, those that nest most often first.
const NAMES: &str = "content message messages type text system delta index content_block usage role thinking input name id \
    source data media_type tool_use_id citations citation partial_json error input_tokens output_tokens cache_creation \
    cache_creation_input_tokens cache_read_input_tokens output_tokens_details thinking_tokens tools input_schema \
    defer_loading output toolUse toolResult toolUseId reasoningContent reasoningText redactedContent guardContent \
    citationsContent toolConfig toolSpec inputSchema json inferenceConfig temperature maxTokens stopReason inputTokens \
    totalTokens contentBlockIndex start messageStart contentBlockStart contentBlockDelta contentBlockStop messageStop \
    metadata anthropic_version max_tokens prompt inputText textGenerationConfig generation generations outputs results \
    outputText completions completion choices tool_calls event_type response chat_history tool_results preamble \
    prompt_tokens inputTextTokenCount amazon-bedrock-invocationMetrics inputTokenCount embedding embeddings \
    embeddingsByType texts inputs images schemaVersion signature encrypted_content bytes cost";

/// Texts that mean something somewhere.
const TEXTS: &str = "text thinking redacted_thinking image document tool_use server_tool_use tool_result base64 url \
    message_start content_block_start content_block_delta content_block_stop message_delta message_stop ping error \
    text_delta input_json_delta thinking_delta signature_delta citations_delta compaction_delta image/png AAAA {\"a\": \
    {} user assistant USER CHATBOT text-generation stream-end tool-calls-generation message completion end_turn";

/// An operation, and whether its streams are events of their own.
const CALLS: &[&str] = &[
    "https://api.anthropic.com/v1/messages",
    "https://x-aiplatform.googleapis.com/v1/publishers/anthropic/models/m:streamRawPredict",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m.n/converse-stream",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m.n/invoke-with-response-stream",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m.embed/invoke",
];

fn word(words: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => prop_oneof![Just(json!(0)), Just(json!(1)), Just(json!(u64::MAX)), Just(json!(-1)), Just(json!(0.5))],
        4 => word(TEXTS).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        let members = prop::collection::vec((word(NAMES), inner.clone()), 0..6);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
            4 => members.prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// An event of the type that it names, so that most are taken for one.
fn event() -> impl Strategy<Value = (String, Value)> {
    (word(TEXTS), word(NAMES), value()).prop_map(|(kind, name, mut data)| {
        if let Some(members) = data.as_object_mut() {
            members.insert("type".to_owned(), kind.into());
        }
        (name, data)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_sent_or_received_does_harm(
        url in prop::sample::select(CALLS),
        request in value(),
        answer in value(),
        events in prop::collection::vec(event(), 0..6),
        status in prop_oneof![4 => Just(200_u16), 1 => Just(500)],
    ) {
        let exchange = TestExchange::new(url, &request);
        let said = exchange.answered(ResponseHead::new(status), &answer);
        let is_llm = said.kind == Some(SpanKind::Llm);
        prop_assert!(said.output.is_some() || !is_llm);
        prop_assert!(status == 200 || said.error.is_some());
        let data: Vec<Value> = events.iter().map(|(_, data)| data.clone()).collect();
        let named = events.iter().map(|(name, data)| aws("event", name, data)).collect::<Vec<_>>();
        for (content_type, frames) in [(SSE, sse(&data)), (AWS, chunks(&data)), (AWS, named)] {
            let body = frames.concat();
            let whole = exchange.split(content_type, &body, usize::MAX);
            prop_assert!(whole.output.is_some() || !is_llm);
            prop_assert_eq!(exchange.split(content_type, &body, 13), whole);
        }
    }
}
