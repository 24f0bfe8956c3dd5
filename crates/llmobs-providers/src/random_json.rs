//! Requests and answers of any shape, made of the words that the APIs use, so that every reader gets to see them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::test_exchange::{TestExchange, array, lines, sse};

/// An API, and what its streams are.
const APIS: &[(&str, &str)] = &[
    ("https://generativelanguage.googleapis.com/v1beta/models/gemini:streamGenerateContent", "text/event-stream"),
    ("https://generativelanguage.googleapis.com/v1beta/models/gemini:streamGenerateContent", "application/json"),
    ("https://generativelanguage.googleapis.com/v1beta/models/gemini:batchEmbedContents", "text/event-stream"),
    ("https://generativelanguage.googleapis.com/v1beta/interactions", "text/event-stream"),
    ("https://x-aiplatform.googleapis.com/v1/publishers/google/models/embed:predict", "text/event-stream"),
    ("https://api.mistral.ai/v1/chat/completions", "text/event-stream"),
    ("https://api.mistral.ai/v1/embeddings", "text/event-stream"),
    ("https://api.cohere.com/v1/chat", "application/stream+json"),
    ("https://api.cohere.com/v2/chat", "text/event-stream"),
    ("https://api.cohere.com/v2/embed", "text/event-stream"),
    ("http://localhost:11434/api/chat", "application/x-ndjson"),
    ("http://localhost:11434/api/generate", "application/x-ndjson"),
    ("http://localhost:11434/api/embed", "application/x-ndjson"),
];

/// Names of members, those that nest most often first.
const NAMES: &str = "message messages content contents parts text delta tool_calls function candidates choices type role \
    index thought thinking functionCall partialArgs jsonPath stringValue willContinue function_response executableCode inlineData fileData mimeType fileUri data uri \
    usageMetadata promptTokenCount thoughtsTokenCount usage tokens input_tokens meta billed_units finishReason \
    promptFeedback blockReason systemInstruction generationConfig tools functionDeclarations requests instances \
    predictions embeddings embedding values statistics token_count steps outputs step summary arguments input \
    interaction event_type error citations sources document_ids documents tool_results outputs call chat_history \
    tool_plan response images prompt model done_reason eval_count eval_duration image_url name id object";

/// Texts that mean something somewhere.
const TEXTS: &str = "text thinking tool assistant user model TOOL step.start step.delta content.start content.delta \
    thought thought_summary arguments_delta model_output function_call x_call x_result image text-generation stream-end \
    tool-calls-generation citation-generation content-delta tool-call-start tool-call-delta tool-plan-delta \
    citation-start message-end ERROR STOP SAFETY $.a[0].b data:image/png;base64,AAAA iVBORw0KGgo {\"a\":1} error null";

fn word(words: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => prop::sample::select(vec![json!(0), json!(u64::MAX), json!(-1), json!(0.5)]),
        1 => any::<String>().prop_map(Value::from),
        4 => word(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        let members = prop::collection::vec((word(NAMES), inner.clone()), 0..6);
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
            4 => members.prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_sent_or_received_does_harm(
        (url, content_type) in prop::sample::select(APIS),
        request in value(),
        answer in value(),
        events in prop::collection::vec(value(), 0..6),
        status in prop_oneof![4 => Just(200_u16), 1 => Just(500)],
    ) {
        let exchange = TestExchange::new(url, &request);
        let said = exchange.answer(status, &answer);
        let is_llm = said.kind == Some(llmobs_model::SpanKind::Llm);
        prop_assert!(said.output.is_some() || !is_llm);
        prop_assert!(status == 200 || said.error.is_some());
        let body = match content_type {
            "text/event-stream" => sse(&events),
            "application/json" => array(&events),
            _ => lines(&events),
        };
        let streamed = exchange.split(content_type, &body, 13);
        prop_assert!(streamed.output.is_some() || !is_llm);
        prop_assert_eq!(streamed, exchange.split(content_type, &body, usize::MAX));
    }
}
