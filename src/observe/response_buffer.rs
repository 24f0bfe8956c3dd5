//! The response of a call while it arrives: what is retained of it, and what happens beyond the budget.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::block_buffer::BlockBuffer;
use super::done_detector::DoneDetector;
use crate::capture::RetainedBytes;
use crate::clock::{Clock, nanos_between};
use llmobs_providers::ResponseReader;

/// The response of a call while it arrives.
///
/// Chunks are copied into blocks and read by the exporter's thread after the end. Beyond half of the budget they are parsed
/// as they arrive, which leaves their texts only; if not even those fit, the response is dropped whole.
#[derive(Debug)]
pub(super) struct ResponseBuffer {
    reader: ResponseReader,
    blocks: BlockBuffer,
    retention: Retention,
    /// Present for server-sent events.
    done: Option<DoneDetector>,
    began: Instant,
}

/// The form in which a response is retained, from cheap for the application's thread to cheap for the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retention {
    /// Unread bytes.
    Bytes,
    /// Texts, parsed as they arrive.
    Texts,
    /// Empty.
    Dropped,
}

/// The outcome of one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkOutcome {
    Taken,
    /// The budget is exhausted for the first time: all that was retained of the response has been dropped.
    Oversize,
    /// The chunk ends the stream.
    EndOfStream,
}

impl ResponseBuffer {
    pub(super) fn new(reader: ResponseReader, is_event_stream: bool, began: Instant) -> Self {
        let done = is_event_stream.then(DoneDetector::default);
        Self { reader, blocks: BlockBuffer::default(), retention: Retention::Bytes, done, began }
    }

    /// Takes a chunk.
    pub(super) fn push(&mut self, chunk: &[u8], budget: &mut RetainedBytes) -> ChunkOutcome {
        let fits = match self.retention {
            Retention::Bytes => self.retain(chunk, budget),
            Retention::Texts => {
                self.reader.push(Bytes::copy_from_slice(chunk), Some(seconds_since(self.began)));
                self.parse(budget)
            }
            Retention::Dropped => true,
        };
        let has_ended = self.done.as_mut().is_some_and(|done| done.push(chunk));
        match (fits, has_ended) {
            (false, _) => ChunkOutcome::Oversize,
            (true, true) => ChunkOutcome::EndOfStream,
            (true, false) => ChunkOutcome::Taken,
        }
    }

    /// Returns the response with all that is retained of it.
    pub(super) fn into_reader(mut self) -> ResponseReader {
        self.blocks.flush_into(&mut self.reader, || seconds_since(self.began));
        self.reader
    }

    fn retain(&mut self, chunk: &[u8], budget: &mut RetainedBytes) -> bool {
        let Self { reader, blocks, began, .. } = self;
        let now = || seconds_since(*began);
        let has_grown = blocks.push(reader, chunk, now);
        if !has_grown || budget.resize_within_half(reader.retained_bytes().saturating_add(blocks.retained_bytes())) {
            return true;
        }
        blocks.flush_into(reader, now);
        self.retention = Retention::Texts;
        self.parse(budget)
    }

    fn parse(&mut self, budget: &mut RetainedBytes) -> bool {
        self.reader.read_pending();
        if budget.resize_to(self.reader.retained_bytes()) {
            return true;
        }
        self.reader.discard();
        self.retention = Retention::Dropped;
        budget.resize_to(self.reader.retained_bytes());
        false
    }
}

fn seconds_since(began: Instant) -> f64 {
    Duration::from_nanos(nanos_between(began, Clock::System.instant())).as_secs_f64()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use tracing::{Span, info_span};
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::builder::Builder;
    use crate::testing;
    use llmobs_providers::{Api, Call, Ending, Endpoint, ResponseHead};

    const MIB: usize = 1024 * 1024;
    const STREAMS: usize = 200;

    fn chunk(text: &str) -> Bytes {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n").into()
    }

    fn open(span: &Span) -> Option<(ResponseBuffer, RetainedBytes)> {
        let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
        let reader = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
        Some((ResponseBuffer::new(reader, true, Clock::System.instant()), RetainedBytes::none_yet(span)?))
    }

    /// Pushes a chunk to each stream. Returns how many streams were dropped for it.
    fn feed(streams: &mut [(ResponseBuffer, RetainedBytes)], chunk: &Bytes) -> usize {
        let outcome = streams.iter_mut().map(|(response, budget)| response.push(chunk, budget));
        outcome.filter(|outcome| *outcome == ChunkOutcome::Oversize).count()
    }

    /// Counts the tokens in a stream's output, which a dropped stream has none of.
    fn tokens(response: ResponseBuffer) -> usize {
        let is_retained = response.retention != Retention::Dropped;
        let output = response.into_reader().finish(Ending::Complete).output;
        assert_eq!(output.is_some(), is_retained);
        output.map_or(0, |output| format!("{output:?}").matches("token").count())
    }

    #[test]
    fn many_open_streams_stay_within_open_spans_max_bytes_and_are_parsed_before_any_is_dropped() {
        let long = format!("token {}", "x".repeat(1000));
        for (text, chunks, expected) in [("token ", 150, 0..=0), (&long, 40, 100..=STREAMS - 1)] {
            let settings = Builder::without_environment().open_spans_max_bytes(MIB);
            let (layer, _recorder) = testing::recorder_of(settings).unwrap();
            let _default = tracing_subscriber::registry().with(layer).set_default();
            let span = info_span!("call", llmobs.kind = "llm");
            let mut streams: Vec<_> = (0..STREAMS).filter_map(|_| open(&span)).collect();
            let mut dropped = 0;
            for _ in 0..chunks {
                dropped += feed(&mut streams, &chunk(text));
                let retained: usize = streams
                    .iter()
                    .map(|(response, _)| response.reader.retained_bytes() + response.blocks.retained_bytes())
                    .sum();
                assert!(retained <= MIB, "{retained} bytes are retained");
            }
            assert!(expected.contains(&dropped), "{dropped} of {STREAMS} were dropped");
            let counts: Vec<usize> = streams.into_iter().map(|(response, _)| tokens(response)).collect();
            let whole = counts.iter().filter(|count| **count == chunks).count();
            assert_eq!(whole, STREAMS - dropped, "a text is complete or absent: {counts:?}");
            // Their budget is free again.
            assert!(RetainedBytes::none_yet(&span).unwrap().resize_to(MIB / 2));
        }
    }
}
