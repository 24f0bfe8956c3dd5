//! Completions: text in, text out.

use serde_json::{Value, json};
use tracing_llmobs::{SpanError, SpanEvent};

use super::COMPLETIONS;
use crate::exchange::{Exchange, metadata, metrics, turns};

fn asked(prompt: &Value) -> SpanEvent {
    Exchange::unary(COMPLETIONS, &json!({"model": "m", "prompt": prompt}), &json!({})).event()
}

#[test]
fn a_plain_answer_says_all_of_the_call() {
    let request = json!({"model": "babbage-002", "prompt": "Once", "max_tokens": 5, "temperature": 0.5, "best_of": 2, "logprobs": 3, "metadata": {"a": "b"}});
    let answer = json!({
        "object": "text_completion", "model": "babbage-002:1",
        "choices": [{"text": " upon", "index": 0, "logprobs": {"tokens": [" upon"]}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    let event = Exchange::unary(COMPLETIONS, &request, &answer).event();
    assert_eq!((event.name.as_str(), event.model_name.as_deref()), ("OpenAI.createCompletion", Some("babbage-002:1")));
    assert_eq!((turns(event.input.as_ref()), turns(event.output.as_ref())), (vec![("", "Once")], vec![("", " upon")]));
    assert_eq!(
        metadata(&event),
        json!({"max_tokens": 5, "temperature": 0.5, "best_of": 2, "logprobs": 3, "finish_reason": "length"})
    );
    assert_eq!(metrics(&event), json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}));
}

#[test]
fn prompts_are_one_text_many_or_tokens() {
    for (prompt, input) in [
        (json!("a"), vec!["a"]),
        (json!(["a", "b"]), vec!["a", "b"]),
        // Tokens are text too: their JSON.
        (json!([1, 22, 333]), vec!["[1, 22, 333]"]),
        (json!([[1, 2], [3]]), vec!["[1, 2]", "[3]"]),
        (json!(null), vec![""]),
    ] {
        let event = asked(&prompt);
        let expected: Vec<_> = input.into_iter().map(|text| ("", text)).collect();
        assert_eq!(turns(event.input.as_ref()), expected, "{prompt}");
    }
}

#[test]
fn every_choice_of_every_prompt_is_a_message() {
    let choices: Vec<Value> = ["a", "b", "c", "d"].iter().map(|text| json!({"text": text})).collect();
    let request = json!({"model": "m", "prompt": ["p", "q"], "n": 2});
    let event = Exchange::unary(COMPLETIONS, &request, &json!({"choices": choices})).event();
    assert_eq!(turns(event.output.as_ref()), [("", "a"), ("", "b"), ("", "c"), ("", "d")]);
}

#[test]
fn chunks_are_put_together_by_choice() {
    let chunk = |index: u64, text: &str| json!({"object": "text_completion", "model": "m-1", "choices": [{"index": index, "text": text, "finish_reason": null}]});
    let request =
        json!({"model": "m", "prompt": "p", "n": 2, "stream": true, "stream_options": {"include_usage": true}});
    let events = [
        chunk(1, "x"),
        chunk(0, " a"),
        chunk(0, " b "),
        chunk(1, "y"),
        json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}}),
    ];
    let streamed = Exchange::sse(COMPLETIONS, &request, &events);
    let answer = json!({
        "model": "m-1", "choices": [{"index": 0, "text": " a b "}, {"index": 1, "text": "xy"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5},
    });
    assert_eq!(streamed.whole(), Exchange::unary(COMPLETIONS, &request, &answer).whole());
    assert_eq!(turns(streamed.event().output.as_ref()), [("", " a b "), ("", "xy")]);
}

#[test]
fn an_error_is_said_with_one_empty_message() {
    let answer = json!({"error": {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": "invalid_api_key"}});
    let event = Exchange::failed(COMPLETIONS, &json!({"model": "m", "prompt": "p"}), 401, &answer).event();
    assert_eq!(event.error, Some(SpanError::new("Incorrect API key provided.").error_type("invalid_request_error")));
    assert_eq!((turns(event.output.as_ref()), metrics(&event)), (vec![("", "")], json!({})));
}
