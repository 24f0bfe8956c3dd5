//! Answers in pieces: one span each, however they end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde_json::json;
use tracing::{Span, info, info_span};
use tracing_llmobs::testing;
use tracing_llmobs::{Annotation, Content, Message, Status, StreamRecorder, ToolCall, metric};
use tracing_subscriber::prelude::*;

use crate::harness::recording::{Recorder, block_on, metadata, metrics, only_span, problems, record, text};

type Chunk = Result<&'static str, std::fmt::Error>;

/// A stream of these, which is pending before each.
struct Chunks {
    left: VecDeque<Chunk>,
    is_ready: bool,
}

fn chunks(chunks: &[Chunk]) -> Chunks {
    Chunks { left: chunks.iter().copied().collect(), is_ready: false }
}

impl Stream for Chunks {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        info!(llmobs.metadata.polled_inside = true);
        Poll::Ready(self.left.pop_front())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

fn chat() -> Span {
    info_span!("chat", llmobs.kind = "llm")
}

fn recorded(answer: Chunks) -> impl Stream<Item = Chunk> + Unpin {
    StreamRecorder::new(chat()).over(answer, |recorder, chunk| match chunk {
        Ok(text) => recorder.text(text),
        Err(error) => recorder.error(error),
    })
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Polls so many items, and then drops the stream.
fn play(answer: &[Chunk], items: usize) -> Recorder {
    record(|| {
        let mut stream = recorded(chunks(answer));
        assert_eq!(stream.size_hint(), (answer.len(), Some(answer.len())));
        let got: Vec<_> = block_on(async {
            let mut got = Vec::new();
            while got.len() < items
                && let Some(item) = next(&mut stream).await
            {
                got.push(item);
            }
            got
        });
        assert_eq!(got, answer[..items.min(answer.len())], "what comes through is what came");
    })
}

#[test]
fn however_a_stream_ends_there_is_one_span_with_what_was_received() {
    let broken: &[Chunk] = &[Ok("Hel"), Err(std::fmt::Error)];
    let whole: &[Chunk] = &[Ok(""), Ok("Hel"), Ok("lo"), Ok("!")];
    for (name, answer, items, output, status) in [
        ("to its end", whole, 9, Some("Hello!"), Status::Ok),
        ("dropped in the middle", whole, 3, Some("Hello"), Status::Ok),
        ("dropped before the first text", whole, 1, None, Status::Ok),
        ("dropped before the first poll", whole, 0, None, Status::Ok),
        ("an error in the middle", broken, 9, Some("Hel"), Status::Error),
        ("empty", &[], 9, None, Status::Ok),
    ] {
        let recorder = play(answer, items);
        let span = only_span(&recorder);
        let output = output.map(|text| Content::from(Message::assistant(text)));
        assert_eq!((&span.output, span.status), (&output, status), "{name}");
        let has_first = span.metrics.get(metric::TIME_TO_FIRST_TOKEN).is_some();
        assert_eq!(has_first, output.is_some(), "{name}");
        if items > 0 {
            assert_eq!(metadata(&span), json!({"polled_inside": true}), "{name}");
        }
        assert_eq!(problems(&recorder), [], "{name}");
    }
}

#[test]
fn a_stream_that_panics_ends_its_span_as_failed() {
    let recorder = record(|| {
        let stream = StreamRecorder::new(chat()).over(chunks(&[Ok("a"), Ok("b")]), |recorder, chunk| {
            recorder.text(chunk.unwrap());
            if *chunk == Ok("b") {
                std::panic::panic_any("expected");
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            block_on(async {
                let mut stream = stream;
                while next(&mut stream).await.is_some() {}
            });
        }));
        assert!(outcome.is_err());
    });
    let span = only_span(&recorder);
    assert_eq!((span.output, span.status), (Some(Content::from(Message::assistant("ab"))), Status::Error));
}

#[test]
fn the_span_ends_with_the_stream_although_clones_live_on() {
    let (layer, recorder) = testing::recorder();
    let recorder = Recorder::new(recorder);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let span = chat();
        let mut streaming = StreamRecorder::new(span.clone());
        recorder.clock().advance(Duration::from_millis(250));
        streaming.text("");
        recorder.clock().advance(Duration::from_millis(250));
        streaming.text("a");
        recorder.clock().advance(Duration::from_millis(500));
        streaming.text("b");
        streaming.finish();
        recorder.clock().advance(Duration::from_secs(9));
        assert_eq!(recorder.spans().len(), 1);
        drop(span);
    });
    let span = only_span(&recorder);
    assert_eq!((span.duration_ns, metrics(&span)), (1_000_000_000, json!({"time_to_first_token": 0.5})));
}

#[test]
fn what_is_annotated_meanwhile_merges_and_wins() {
    let recorder = record(|| {
        let mut streaming = StreamRecorder::new(chat());
        streaming.annotate(Annotation::new().input(Message::user("hi")).metric(metric::OUTPUT_TOKENS, 1));
        streaming.text("ho");
        streaming.tool_call(ToolCall::new("look", json!({})));
        streaming.annotate(Annotation::new().metric(metric::OUTPUT_TOKENS, 2).metric(metric::TIME_TO_FIRST_TOKEN, 7));
    });
    let span = only_span(&recorder);
    assert_eq!(span.input, Some(Content::from(Message::user("hi"))));
    let answer = Message::assistant("ho").tool_call(ToolCall::new("look", json!({})));
    assert_eq!(span.output, Some(Content::from(answer)));
    assert_eq!(metrics(&span), json!({"output_tokens": 2, "time_to_first_token": 7}));
}

#[test]
fn other_kinds_have_text_and_an_explicit_output_replaces_the_pieces() {
    let recorder = record(|| {
        let mut task = StreamRecorder::new(info_span!("task", llmobs.kind = "task"));
        task.text("a");
        task.text("b");
        let mut explicit = StreamRecorder::new(info_span!("explicit", llmobs.kind = "task"));
        explicit.text("a");
        explicit.annotate(Annotation::new().output("whole"));
    });
    assert_eq!(recorder.span("task").output, text("ab"));
    assert_eq!(recorder.span("explicit").output, text("whole"));
}

#[test]
fn without_a_layer_the_stream_is_only_passed_on() {
    let got = block_on(async {
        let mut stream = recorded(chunks(&[Ok("a"), Ok("b")]));
        let mut got = Vec::new();
        while let Some(item) = next(&mut stream).await {
            got.push(item);
        }
        got
    });
    assert_eq!(got, [Ok("a"), Ok("b")]);
}
