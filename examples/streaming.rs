//! Responses in pieces: a stream to its end, one that breaks, one that is dropped, and a loop without a `Stream`. Each is
//! one span, with what was received. A receiver on loopback takes the place of Datadog, and prints what it got.
//!
//! ```sh
//! cargo run --example streaming
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use llmobs_receiver::Receiver;
use tokio::time::sleep;
use tracing::{Instrument, info_span};
use tracing_llmobs::{Annotation, LlmObsSpanExt, Message, StreamRecorder, metric};
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let receiver = Receiver::bind("127.0.0.1:0")?;
    let settings = tracing_llmobs::builder().ml_app("bike-shop").agentless(false).agent_url(receiver.url());
    let (layer, guard) = settings.start()?;
    tracing_subscriber::registry().with(layer).init();

    async {
        read(ask("to its end", Answer::new(&["A bike ", "has two ", "wheels."])), usize::MAX).await;
        read(ask("broken", Answer { breaks: true, ..Answer::new(&["A bike ", "has "]) }), usize::MAX).await;
        read(ask("given up", Answer::new(&["A bike ", "has two ", "wheels."])), 2).await;
        by_hand(Answer::new(&["Two."])).await;
    }
    .instrument(info_span!("questions", llmobs.kind = "workflow"))
    .await;

    guard.shutdown_async(Duration::from_secs(5)).await?;
    receiver.print_all()?;
    for span in receiver.spans() {
        let first = span.event.metrics.get(metric::TIME_TO_FIRST_TOKEN).and_then(serde_json::Number::as_f64);
        if let Some(seconds) = first {
            println!("{}: the first token came after {seconds:.3} s", span.event.name);
        }
    }
    Ok(())
}

/// Records the response; the closure maps each chunk to the recorder.
fn ask(name: &str, answer: Answer) -> impl Stream<Item = io::Result<Chunk>> + Unpin {
    let span = info_span!("chat", llmobs.kind = "llm", llmobs.name = name, llmobs.model_name = "gpt-4o-mini");
    span.annotate(Annotation::new().input(Message::user("What is a bike?")));
    StreamRecorder::new(span).over(answer, |recorder, chunk| match chunk {
        Ok(chunk) => {
            recorder.text(chunk.text);
            if let Some(tokens) = chunk.output_tokens {
                recorder.annotate(Annotation::new().metric(metric::OUTPUT_TOKENS, tokens));
            }
        }
        Err(error) => recorder.error(error),
    })
}

/// Takes at most this many chunks, then drops the stream, as a client that disconnects does.
async fn read(mut answer: impl Stream<Item = io::Result<Chunk>> + Unpin, most: usize) {
    for _ in 0..most {
        let Some(Ok(_)) = next(&mut answer).await else { return };
    }
}

/// Records without a `Stream`: a guard in a loop. The span ends however the loop is left.
async fn by_hand(mut answer: Answer) {
    let mut recorder =
        StreamRecorder::new(info_span!("by_hand", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini"));
    recorder.annotate(Annotation::new().input(Message::user("How many wheels?")));
    while let Some(Ok(chunk)) = next(&mut answer).await {
        recorder.text(chunk.text);
    }
    recorder.finish();
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// A piece of a response; the last one has the usage.
struct Chunk {
    text: &'static str,
    output_tokens: Option<u64>,
}

/// A fake of a provider's stream: a chunk every few milliseconds.
struct Answer {
    left: VecDeque<&'static str>,
    breaks: bool,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl Answer {
    fn new(pieces: &[&'static str]) -> Self {
        Self { left: pieces.iter().copied().collect(), breaks: false, pause: Box::pin(sleep(PAUSE)) }
    }
}

impl Stream for Answer {
    type Item = io::Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause = Box::pin(sleep(PAUSE));
        let item = match self.left.pop_front() {
            Some(text) => {
                let is_last = self.left.is_empty() && !self.breaks;
                Some(Ok(Chunk { text, output_tokens: is_last.then_some(6) }))
            }
            None if std::mem::take(&mut self.breaks) => Some(Err(io::Error::other("the connection was reset"))),
            None => None,
        };
        Poll::Ready(item)
    }
}

const PAUSE: Duration = Duration::from_millis(15);
