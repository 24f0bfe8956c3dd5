//! Whatever comes as request and answer, something sensible is said of it.

use proptest::prelude::*;
use serde_json::{Value, json};
use tracing_llmobs::Problem;
use tracing_llmobs::providers::{Api, Call, Ending, Endpoint, ResponseHead};

use crate::exchange::{events as events_of, messages};

/// The members that some API reads; with them, arbitrary JSON gets further than the first line.
const NAMES: &[&str] = &[
    "messages",
    "role",
    "content",
    "type",
    "text",
    "tool_calls",
    "function",
    "custom",
    "name",
    "arguments",
    "input",
    "id",
    "function_call",
    "choices",
    "message",
    "delta",
    "index",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "prompt_tokens_details",
    "cached_tokens",
    "cost_details",
    "model",
    "tools",
    "parameters",
    "image_url",
    "url",
    "input_audio",
    "data",
    "audio",
    "error",
    "code",
    "output",
    "summary",
    "response",
    "output_index",
    "item",
    "instructions",
    "prompt",
    "variables",
    "embedding",
    "encoding_format",
    "dimensions",
    "reasoning_details",
    "x_groq",
    "images",
    "status",
];

const WORDS: &[&str] = &[
    "",
    "tool",
    "assistant",
    "message",
    "function_call",
    "mcp_call",
    "mcp_list_tools",
    "reasoning",
    "input_image",
    "computer_call_output",
    "response.output_text.delta",
    "response.output_item.done",
    "response.failed",
    "error",
    "image_url",
    "data:image/png;base64,AA==",
    "data:,",
    "{\"a\":",
    "[[[[",
    "ä",
    "thinking",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![0..4_u64, any::<u64>()].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(NAMES), inner, 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// A URL for each API; an API is covered as soon as its URL is recognised.
const URLS: &[&str] = &[
    "https://api.openai.com/v1/chat/completions",
    "https://api.openai.com/v1/completions",
    "https://api.openai.com/v1/responses",
    "https://api.openai.com/v1/embeddings",
    "https://api.anthropic.com/v1/messages",
    "https://api.anthropic.com/v1/complete",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1:0/converse",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1:0/converse-stream",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1:0/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/cohere.command-r-v1:0/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/meta.llama3-8b-instruct-v1:0/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/mistral.mistral-7b-instruct-v0:2/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/ai21.jamba-1-5-mini-v1:0/invoke",
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-text-lite-v1/invoke",
    "https://bedrock-agent-runtime.us-east-1.amazonaws.com/agents/A/agentAliases/B/sessions/C/text",
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent",
    "https://generativelanguage.googleapis.com/v1beta/models/text-embedding-004:batchEmbedContents",
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/g:generateContent",
    "https://api.mistral.ai/v1/chat/completions",
    "https://api.mistral.ai/v1/embeddings",
    "https://api.cohere.ai/v2/chat",
    "https://api.cohere.ai/v1/chat",
    "https://api.cohere.ai/v1/embed",
    "http://localhost:11434/api/chat",
    "http://localhost:11434/api/generate",
    "http://localhost:11434/api/embed",
];

fn endpoints() -> Vec<Endpoint> {
    URLS.iter().filter_map(|url| Endpoint::recognise("POST", url)).collect()
}

#[test]
fn every_api_of_openai_is_among_them() {
    let found: Vec<Api> = endpoints().iter().map(Endpoint::api).collect();
    for api in [Api::OpenAiChat, Api::OpenAiCompletions, Api::OpenAiResponses, Api::OpenAiEmbeddings] {
        assert!(found.contains(&api), "{api:?}");
    }
}

#[test]
fn what_is_nested_deep_costs_no_stack_and_no_other_content() {
    for depth in [10, 126, 127, 128, 200, 100_000] {
        let deep = ["{\"a\":".repeat(depth), "}".repeat(depth)].join("1");
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": deep}});
        let answer = json!({"choices": [{"message": {"role": "assistant", "content": "text", "tool_calls": [call]}}]});
        let metadata = format!("{{\"messages\":[],\"response_format\":{deep}}}");
        let endpoint = Endpoint::recognise("POST", URLS[0]).unwrap();
        for request in ["{}".to_owned(), metadata, deep] {
            let mut received = Call::new(endpoint.clone(), request).begin_response(ResponseHead::new(200));
            received.push(answer.to_string(), None);
            let (events, recorder) = events_of([received.finish(Ending::Complete)]);
            let said = &messages(events[0].output.as_ref())[0];
            assert_eq!((said.content.as_str(), said.tool_calls.len()), ("text", 1), "{depth}");
            let stats = recorder.handle().stats();
            assert!(Problem::ALL.iter().copied().all(|problem| stats.problems(problem) == 0), "{depth}: {stats:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_read_without_harm(
        request in any_json(),
        answer in any_json(),
        events in prop::collection::vec((prop::sample::select(WORDS), any_json()), 0..6),
        status in prop::sample::select(&[200_u16, 400, 500][..]),
    ) {
        let mut said_of_whole = Vec::new();
        for endpoint in endpoints() {
            let call = Call::new(endpoint, request.to_string());
            let mut received = call.clone().begin_response(ResponseHead::new(status).content_type("application/json"));
            received.push(answer.to_string(), None);
            said_of_whole.push(received.finish(Ending::Complete));
            let sse = events.iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"));
            let lines = events.iter().map(|(_, data)| format!("{data}\n"));
            let list = json!(events.iter().map(|(_, data)| data).collect::<Vec<_>>());
            for (content_type, body) in
                [("text/event-stream", sse.collect::<String>()), ("application/x-ndjson", lines.collect()), ("", list.to_string())]
            {
                let said = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                    let mut received = call.clone().begin_response(ResponseHead::new(status).content_type(content_type));
                    pieces.for_each(|piece| received.push(piece.to_vec(), None));
                    received.finish(Ending::Complete)
                };
                let whole = said(&mut [body.as_bytes()].into_iter());
                prop_assert_eq!(&said(&mut body.as_bytes().chunks(3)), &whole);
                said_of_whole.push(whole);
            }
        }
        let count = said_of_whole.len();
        prop_assert_eq!(events_of(said_of_whole).0.len(), count);
    }

    #[test]
    fn any_bytes_are_read_without_harm(
        request in prop::collection::vec(any::<u8>(), 0..200),
        answer in prop::collection::vec(any::<u8>(), 0..400),
        content_type in prop::sample::select(
            &["", "application/json", "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"][..],
        ),
    ) {
        let said = endpoints().into_iter().map(|endpoint| {
            let call = Call::new(endpoint, request.clone());
            let mut received = call.begin_response(ResponseHead::new(200).content_type(content_type));
            received.push(answer.clone(), None);
            received.finish(Ending::Complete)
        });
        prop_assert_eq!(events_of(said).0.len(), endpoints().len());
    }

    #[test]
    fn any_url_is_read_without_harm(method in "[A-Z]{0,5}", url in "\\PC{0,80}", path in "(/[a-z:%0-9{}]{0,9}){0,6}") {
        let _ = Endpoint::recognise(&method, &url);
        let _ = Endpoint::recognise("POST", &format!("https://api.openai.com{path}"));
        let _ = Endpoint::recognise("POST", &path);
    }
}
