use serde_json::json;

use super::said;
use crate::test_exchange::TestExchange;
use crate::test_frames::{SSE, sse};
use llmobs_model::{Annotation, Message, SpanError};

const MODEL: &str = "claude-2.1";
const PROMPT: &str = "\n\nHuman: Greet me.\n\nAssistant:";

fn exchange() -> TestExchange {
    let request = json!({
        "model": MODEL, "prompt": PROMPT, "max_tokens_to_sample": 20, "temperature": 0, "metadata": {"user_id": "u-1"},
    });
    TestExchange::new("https://api.anthropic.com/v1/complete", &request)
}

fn asked() -> Annotation {
    said(MODEL).metadata("max_tokens", 20).metadata("temperature", 0).input(Message::new("", PROMPT))
}

#[test]
fn a_prompt_is_completed_whole_and_streamed() {
    let answer = json!({"type": "completion", "completion": " Hello.", "stop_reason": "stop_sequence", "model": MODEL});
    let expected = asked().output(Message::new("", " Hello."));
    let expected = expected.metadata("finish_reason", "stop_sequence");
    assert_eq!(exchange().answer(200, &answer), expected);
    let piece = |text: &str| json!({"type": "completion", "completion": text, "stop_reason": null, "model": MODEL});
    let end = json!({"type": "completion", "completion": "", "stop_reason": "stop_sequence", "model": MODEL});
    let events = [piece(" Hel"), json!({"type": "ping"}), piece("lo."), end];
    assert_eq!(exchange().stream(SSE, &sse(&events).concat()), expected);
    assert_eq!(exchange().first_token(SSE, &sse(&[json!({"type": "ping"}), piece(""), piece(" Hel")])), Some(3.0));
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}});
    let failed = exchange().stream(SSE, &sse(&[piece(" Hel"), error]).concat());
    let busy = SpanError::new("Busy.").error_type("overloaded_error");
    assert_eq!(failed, asked().output(Message::new("", " Hel")).span_error(busy));
}
