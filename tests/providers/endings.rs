//! Events of absent, partial and oversized responses.

use std::time::{Duration, Instant};

use serde_json::json;
use tracing_llmobs::providers::{Ending, ResponseHead, ResponseReader};
use tracing_llmobs::{SpanError, Status};

use crate::exchange::{Exchange, event, messages, turns};

/// Far more than reading takes, far less than reading everything again for each byte.
const LONG: Duration = Duration::from_secs(5);
const URL: &str = "https://api.openai.com/v1/chat/completions";

fn streamed(pieces: usize, text: &str) -> Exchange {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true});
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    Exchange::sse(URL, &request, &vec![chunk; pieces])
}

#[test]
fn a_call_that_was_never_answered_says_what_was_asked() {
    let said = event(streamed(0, "").call().annotate_failure(SpanError::new("timed out").error_type("reqwest::Error")));
    assert_eq!((said.status, turns(said.input.as_ref())), (Status::Error, vec![("user", "hi")]));
    assert_eq!((turns(said.output.as_ref()), said.error.unwrap().message.as_str()), (vec![("", "")], "timed out"));
}

#[test]
fn pushing_keeps_the_bytes_and_reads_them_when_they_are_many() {
    let exchange = streamed(1, &"x".repeat(1_000_000));
    let mut received = exchange.call().begin_response(exchange.head.clone());
    let request = exchange.request.len();
    for pushed in 1..=8 {
        received.push(exchange.body.clone(), None);
        let unread = pushed * exchange.body.len();
        assert!(
            (unread..unread + pushed * 100).contains(&(received.retained_bytes() - request)),
            "{}",
            received.retained_bytes()
        );
    }
    received.push(exchange.body.clone(), None);
    // They have been read: only the texts are held.
    let texts = 9 * 1_000_000;
    assert!(9 * exchange.body.len() > ResponseReader::MAX_UNREAD_BYTES);
    assert!((texts..texts + 1_000).contains(&(received.retained_bytes() - request)), "{}", received.retained_bytes());
    let said = event(received.finish(Ending::Complete));
    assert_eq!(said.status, Status::Ok);
}

#[test]
fn an_answer_without_end_is_bounded() {
    let exchange = streamed(1, &"x".repeat(1_000_000));
    let mut received = exchange.call().begin_response(exchange.head.clone());
    for _ in 0..60 {
        received.push(exchange.body.clone(), None);
    }
    let said = received.finish(Ending::Dropped);
    let kept = format!("{said:?}").len();
    assert!(kept > 30_000_000 && kept < 40_000_000, "{kept}");
    let endless = b"{\"choices\":[{\"message\":{\"content\":\"".repeat(1_000_000);
    let mut received = exchange.call().begin_response(ResponseHead::new(200));
    for _ in 0..3 {
        received.push(endless.clone(), None);
    }
    assert!(received.retained_bytes() < 60_000_000, "{}", received.retained_bytes());
    assert_eq!(messages(event(received.finish(Ending::Complete)).output.as_ref()).len(), 1);
}

#[test]
fn small_pieces_take_no_longer_than_large_ones() {
    let exchange = streamed(2_000, "some words of an answer");
    let request = exchange.request.clone();
    let time = |pieces: &dyn Fn() -> tracing_llmobs::Annotation| {
        let once = || {
            let began = Instant::now();
            drop(pieces());
            began.elapsed()
        };
        // A slow machine is slow now and then, a quadratic reader always.
        (0..3).map(|_| once()).find(|took| *took < LONG).unwrap_or(LONG)
    };
    let whole = time(&|| exchange.whole());
    let bytes = time(&|| exchange.in_pieces(exchange.body.chunks(1)));
    assert!(bytes < LONG, "{bytes:?} for {whole:?}");
    // What never ends, byte by byte: whoever looks at a byte again for each that follows takes minutes.
    let frame = [&[0x00, 0x0F, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0][..], &vec![0; 400_000]].concat();
    for (content_type, body) in [
        ("text/event-stream", [b"data: ".to_vec(), vec![b'x'; 400_000]].concat()),
        ("text/event-stream", b"data: 1\n".repeat(50_000)),
        ("text/event-stream", b": nothing\n\n".repeat(40_000)),
        ("application/x-ndjson", [b"{".to_vec(), vec![b'x'; 400_000]].concat()),
        ("application/json", [b"[".to_vec(), b"{\"a\":[".repeat(60_000)].concat()),
        ("application/json", [b"[".to_vec(), b"{},".repeat(100_000)].concat()),
        ("application/vnd.amazon.eventstream", frame),
    ] {
        let endpoint = exchange.endpoint.clone().streaming();
        let endless = Exchange {
            endpoint,
            body,
            request: request.clone(),
            head: ResponseHead::new(200).content_type(content_type),
        };
        let took = time(&|| endless.in_pieces(endless.body.chunks(1)));
        assert!(took < LONG, "{content_type}: {took:?}");
    }
}

#[test]
fn no_data_url_stays_in_a_text_of_any_api() {
    let text = "See ![it](data:image/png;base64,aGVsbG8=).";
    let openai = (
        "https://api.openai.com/v1/chat/completions",
        json!({"model": "m", "messages": [{"role": "user", "content": text}]}),
        json!({"choices": [{"message": {"role": "assistant", "content": text}}]}),
    );
    let responses = (
        "https://api.openai.com/v1/responses",
        json!({"model": "m", "input": text}),
        json!({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]}),
    );
    let anthropic = (
        "https://api.anthropic.com/v1/messages",
        json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "tool_result", "content": text}]}]}),
        json!({"role": "assistant", "content": [{"type": "text", "text": text}]}),
    );
    let gemini = (
        "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent",
        json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}),
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]}),
    );
    let bedrock = (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
        json!({"messages": [{"role": "user", "content": [{"text": text}]}]}),
        json!({"output": {"message": {"role": "assistant", "content": [{"text": text}]}}}),
    );
    let ollama = (
        "http://localhost:11434/api/chat",
        json!({"model": "m", "messages": [{"role": "user", "content": text}]}),
        json!({"model": "m", "message": {"role": "assistant", "content": text}, "done": true}),
    );
    for (url, request, answer) in [openai, responses, anthropic, gemini, bedrock, ollama] {
        let event = Exchange::unary(url, &request, &answer).event();
        for side in [&event.input, &event.output] {
            let said = format!("{side:?}");
            assert!(said.contains("See ![it]([omitted]).") && !said.contains("aGVsbG8"), "{url}: {said}");
        }
    }
}
