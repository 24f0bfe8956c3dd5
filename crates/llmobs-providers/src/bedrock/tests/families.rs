//! Families with a prompt and a text: every shape, whole and streamed.

use serde_json::{Value, json};

use super::{counted, exchange, said, tokens};
use crate::ResponseHead;
use crate::test_frames::{AWS, chunks};
use llmobs_model::{Annotation, Message, Metrics, SpanKind, ToolCall, ToolDefinition, ToolResult};

/// The headers of an answer in one piece.
fn head(input: u64, output: u64) -> ResponseHead {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-amzn-bedrock-input-token-count", input.into());
    headers.insert("x-amzn-bedrock-output-token-count", output.into());
    ResponseHead::new(200).headers(&headers)
}

fn invocation() -> Value {
    json!({"inputTokenCount": 7, "outputTokenCount": 9, "invocationLatency": 4, "firstByteLatency": 1})
}

struct Family {
    model: &'static str,
    request: Value,
    /// Both without the counts of the invocation.
    whole: Value,
    chunks: Vec<Value>,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn families() -> Vec<Family> {
    let family = |model, request, whole, chunks| Family { model, request, whole, chunks };
    vec![
        family(
            "amazon.titan-text-lite-v1",
            json!({"inputText": "Hi", "textGenerationConfig": {"temperature": 0, "maxTokenCount": 64, "topP": 1}}),
            json!({"inputTextTokenCount": 7, "results": [{"tokenCount": 9, "outputText": " Hello, wörld", "completionReason": "FINISH"}]}),
            vec![
                json!({"outputText": " Hello,", "index": 0, "totalOutputTextTokenCount": null, "inputTextTokenCount": 7}),
                json!({"outputText": " wörld", "index": 0, "totalOutputTextTokenCount": 9, "inputTextTokenCount": null}),
            ],
        ),
        family(
            "meta.llama3-8b-instruct-v1:0",
            json!({"prompt": "Hi", "temperature": 0, "max_gen_len": 64, "top_p": 1}),
            json!({"generation": " Hello, wörld", "prompt_token_count": 7, "generation_token_count": 9, "stop_reason": "stop"}),
            vec![
                json!({"generation": " Hello,", "prompt_token_count": 7, "generation_token_count": 1, "stop_reason": null}),
                json!({"generation": " wörld", "prompt_token_count": null, "generation_token_count": 9, "stop_reason": "stop"}),
            ],
        ),
        family(
            "mistral.mistral-7b-instruct-v0:2",
            json!({"prompt": "Hi", "temperature": 0, "max_tokens": 64}),
            json!({"outputs": [{"text": " Hello, wörld", "stop_reason": "stop"}]}),
            vec![
                json!({"outputs": [{"text": " Hello,", "stop_reason": null}]}),
                json!({"outputs": [{"text": " wörld"}]}),
            ],
        ),
        family(
            "cohere.command-text-v14",
            json!({"prompt": "Hi", "temperature": 0, "max_tokens": 64, "num_generations": 1}),
            json!({"generations": [{"text": " Hello, wörld", "finish_reason": "COMPLETE"}], "prompt": "Hi"}),
            vec![
                json!({"is_finished": false, "text": " Hello,"}),
                json!({"is_finished": false, "text": " wörld"}),
                json!({"is_finished": true, "finish_reason": "COMPLETE"}),
            ],
        ),
        family(
            "anthropic.claude-v2:1",
            json!({"prompt": "Hi", "temperature": 0, "max_tokens_to_sample": 64}),
            json!({"type": "completion", "completion": " Hello, wörld", "stop_reason": "stop_sequence"}),
            vec![
                json!({"type": "completion", "completion": " Hello,", "stop_reason": null}),
                json!({"type": "completion", "completion": " wörld", "stop_reason": "stop_sequence"}),
            ],
        ),
        family(
            "us.deepseek.r1-v1:0",
            json!({"prompt": "Hi", "temperature": 0, "max_tokens": 64}),
            json!({"choices": [{"text": " Hello, wörld", "stop_reason": "stop"}]}),
            vec![
                json!({"choices": [{"text": " Hello,", "stop_reason": null}]}),
                json!({"choices": [{"text": " wörld"}]}),
            ],
        ),
        family(
            "us.twelvelabs.pegasus-1-2-v1:0",
            json!({"inputPrompt": "Hi", "temperature": 0, "maxOutputTokens": 64, "mediaSource": {"base64String": "AAAA"}}),
            json!({"message": " Hello, wörld", "finishReason": "stop"}),
            vec![json!({"message": " Hello,"}), json!({"message": " wörld", "finishReason": "stop"})],
        ),
        // Jurassic has no streams.
        family(
            "ai21.j2-mid-v1",
            json!({"prompt": "Hi", "temperature": 0, "maxTokens": 64, "topP": 1}),
            json!({"id": 1234, "prompt": {"text": "Hi", "tokens": []}, "completions": [{"data": {"text": " Hello, wörld"}}]}),
            Vec::new(),
        ),
    ]
}

#[test]
fn every_family_says_the_same_whole_and_streamed() {
    for Family { model, request, whole, chunks: mut pieces } in families() {
        let expected = said(SpanKind::Llm, model)
            .metadata("temperature", 0)
            .metadata("max_tokens", 64)
            .input(Message::new("", "Hi"))
            .output([Message::new("", " Hello, wörld")])
            .metrics(tokens(7, 9));
        // Each family has words of its own for the end.
        let without_reason = |mut annotation: Annotation| {
            annotation.metadata.remove("finish_reason");
            annotation
        };
        let answered = exchange(model, "invoke", &request).answered(head(7, 9), &whole);
        assert_eq!(without_reason(answered), expected, "{model}");
        if let Some(last) = pieces.last_mut() {
            last["amazon-bedrock-invocationMetrics"] = invocation();
            let stream = exchange(model, "invoke-with-response-stream", &request);
            assert_eq!(without_reason(stream.stream(AWS, &chunks(&pieces).concat())), expected, "{model}");
            assert_eq!(stream.first_token(AWS, &chunks(&pieces)), Some(1.0), "{model}");
        }
    }
}

#[test]
fn what_bedrock_adds_to_the_chunks_does_not_hide_the_family() {
    let pieces = [
        json!({"amazon-bedrock-guardrailAction": "NONE"}),
        json!({"type": "message_start", "message": {"role": "assistant", "usage": {"input_tokens": 7}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
        json!({"amazon-bedrock-trace": {"guardrail": {}}, "amazon-bedrock-invocationMetrics": invocation()}),
        json!({"amazon-bedrock-guardrailAction": "INTERVENED"}),
    ];
    let model = "anthropic.claude-3-haiku-20240307-v1:0";
    let stream = exchange(model, "invoke-with-response-stream", &json!({"anthropic_version": "x", "messages": []}));
    let expected = said(SpanKind::Llm, model).output([Message::assistant("Hi")]).metrics(tokens(7, 9));
    assert_eq!(stream.stream(AWS, &chunks(&pieces).concat()), expected);
}

#[test]
fn several_answers_are_several_messages() {
    let request = json!({"prompt": "Hi", "num_generations": 2});
    let whole = json!({"generations": [{"text": " One"}, {"text": " Two"}]});
    let pieces = [
        json!({"index": 0, "is_finished": false, "text": " On"}),
        json!({"index": 1, "is_finished": false, "text": " T"}),
        json!({"index": 0, "is_finished": false, "text": "e"}),
        json!({"index": 1, "is_finished": false, "text": "wo"}),
        json!({"is_finished": true, "finish_reason": "COMPLETE", "amazon-bedrock-invocationMetrics": invocation()}),
    ];
    let model = "cohere.command-light-text-v14";
    let expected = said(SpanKind::Llm, model)
        .input(Message::new("", "Hi"))
        .output([Message::new("", " One"), Message::new("", " Two")])
        .metrics(tokens(7, 9));
    assert_eq!(exchange(model, "invoke", &request).answered(head(7, 9), &whole), expected);
    let streamed = exchange(model, "invoke-with-response-stream", &request).stream(AWS, &chunks(&pieces).concat());
    assert_eq!(streamed, expected.metadata("finish_reason", "COMPLETE"));
}

fn command() -> (Value, Annotation) {
    let request = json!({
        "message": "And in Oslo?", "temperature": 0.5, "max_tokens": 64, "preamble": "Be brief.",
        "chat_history": [{"role": "USER", "message": "Weather?"}, {"role": "CHATBOT", "message": "Where?"}],
        "tools": [{"name": "weather", "description": "Weather", "parameter_definitions": {"city": {"type": "str"}}}],
        "tool_results": [{"call": {"name": "weather", "parameters": {"city": "Bergen"}}, "outputs": [{"sky": "rain"}]}],
    });
    let result = ToolResult::new(r#"[{"sky":"rain"}]"#).name("weather").kind("tool_result");
    let tool = ToolDefinition::new("weather").description("Weather").schema(json!({"city": {"type": "str"}}));
    let asked = said(SpanKind::Llm, "cohere.command-r-v1:0")
        .input([
            Message::system("Be brief."),
            Message::user("Weather?"),
            Message::assistant("Where?"),
            Message::new("tool", "").tool_result(result),
            Message::user("And in Oslo?"),
        ])
        .tool_definitions([tool])
        .metadata("temperature", 0.5)
        .metadata("max_tokens", 64);
    (request, asked)
}

#[test]
fn command_r_has_a_conversation_and_tools() {
    let (request, asked) = command();
    let model = "cohere.command-r-v1:0";
    let calls = json!([{"name": "weather", "parameters": {"city": "Oslo"}}]);
    let whole = json!({"text": "I look.", "generation_id": "g", "chat_history": [], "finish_reason": "COMPLETE", "tool_calls": calls});
    let call = ToolCall::new("weather", json!({"city": "Oslo"})).kind("function");
    let expected = asked
        .output(Message::assistant("I look.").tool_call(call))
        .metrics(tokens(7, 9))
        .metadata("finish_reason", "COMPLETE");
    assert_eq!(exchange(model, "invoke", &request).answered(head(7, 9), &whole), expected);
    let end = json!({"event_type": "stream-end", "is_finished": true, "finish_reason": "COMPLETE", "response": whole,
        "amazon-bedrock-invocationMetrics": invocation()});
    let pieces = vec![
        json!({"event_type": "stream-start", "is_finished": false, "generation_id": "g"}),
        json!({"event_type": "text-generation", "is_finished": false, "text": "I "}),
        json!({"event_type": "text-generation", "is_finished": false, "text": "look."}),
        json!({"event_type": "tool-calls-generation", "is_finished": false, "tool_calls": calls}),
        end.clone(),
    ];
    let stream = exchange(model, "invoke-with-response-stream", &request);
    assert_eq!(stream.stream(AWS, &chunks(&pieces).concat()), expected);
    // The end alone says all of it.
    assert_eq!(stream.stream(AWS, &chunks(&[end]).concat()), expected);
}

#[test]
fn the_body_counts_before_the_headers_do() {
    let answered = |body: Value| -> Metrics {
        exchange("meta.llama3-8b-instruct-v1:0", "invoke", &json!({"prompt": "Hi"})).answered(head(7, 9), &body).metrics
    };
    let own = answered(json!({"generation": "x", "prompt_token_count": 1, "generation_token_count": 2}));
    assert_eq!(own, tokens(1, 2));
    assert_eq!(answered(json!({"generation": "x", "prompt_token_count": 1})), tokens(1, 9));
    assert_eq!(answered(json!({"generation": "x", "prompt_token_count": null})), tokens(7, 9));
    let body = json!({"results": [{"outputText": "x", "tokenCount": 2}, {"outputText": "y", "tokenCount": 3}], "inputTextTokenCount": 1});
    assert_eq!(answered(body), tokens(1, 5));
}

#[test]
fn what_no_family_says_is_an_empty_message() {
    let exchange = exchange("some.model", "invoke", &json!({"steps": 30}));
    for body in [json!({"artifacts": [{"base64": "iVBO"}]}), json!(null), json!([]), json!("x"), json!({"choices": []})]
    {
        let expected = said(SpanKind::Llm, "some.model").output([Message::new("", "")]);
        assert_eq!(exchange.answered(ResponseHead::new(200), &body), expected, "{body}");
    }
    assert_eq!(counted([]), Metrics::new());
}
