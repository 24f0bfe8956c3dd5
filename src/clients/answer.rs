//! An answer that is coming: what is held of it, and what when that is too much.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::blocks::Blocks;
use super::ending::LastBytes;
use crate::capture::Held;
use crate::clock::{Clock, nanos_between};
use llmobs_providers::ResponseReader;

/// An answer that is coming.
#[derive(Debug)]
pub(super) struct Coming {
    received: ResponseReader,
    blocks: Blocks,
    keeping: Keeping,
    /// For server-sent events only.
    last_bytes: Option<LastBytes>,
    began: Instant,
}

/// How the answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// As it comes, and read when it is over.
    Unread,
    /// Read as it comes: there is no room for more than its texts.
    Read,
    /// There is not even room for those.
    Nothing,
}

/// What a piece was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// A part of the answer.
    Part,
    /// The part for which there is no room any more: what was held of the answer is given up.
    TooMuch,
    /// The end of it.
    End,
}

impl Coming {
    pub(super) fn new(received: ResponseReader, is_events: bool, began: Instant) -> Self {
        let last_bytes = is_events.then(LastBytes::default);
        Self { received, blocks: Blocks::default(), keeping: Keeping::Unread, last_bytes, began }
    }

    /// Takes a piece.
    pub(super) fn piece(&mut self, bytes: &Bytes, held: &mut Held) -> Came {
        let has_room = match self.keeping {
            Keeping::Unread => self.keep(bytes, held),
            Keeping::Read => {
                self.received.push(bytes.clone(), Some(seconds_since(self.began)));
                self.read(held)
            }
            Keeping::Nothing => true,
        };
        let is_over = self.last_bytes.as_mut().is_some_and(|last| last.take(bytes));
        match (has_room, is_over) {
            (false, _) => Came::TooMuch,
            (true, true) => Came::End,
            (true, false) => Came::Part,
        }
    }

    /// All that was held and is still to be read.
    pub(super) fn into_received(mut self) -> ResponseReader {
        self.blocks.hand_over(&mut self.received, || seconds_since(self.began));
        self.received
    }

    fn keep(&mut self, bytes: &Bytes, held: &mut Held) -> bool {
        let Self { received, blocks, began, .. } = self;
        let now = || seconds_since(*began);
        let is_more = blocks.add(received, bytes, now);
        if !is_more || held.hold_at_ease(received.retained_bytes().saturating_add(blocks.held())) {
            return true;
        }
        blocks.hand_over(received, now);
        self.keeping = Keeping::Read;
        self.read(held)
    }

    fn read(&mut self, held: &mut Held) -> bool {
        self.received.read_pending();
        if held.hold(self.received.retained_bytes()) {
            return true;
        }
        self.received.discard();
        self.keeping = Keeping::Nothing;
        held.hold(self.received.retained_bytes());
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

    fn open(span: &Span) -> Option<(Coming, Held)> {
        let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
        let received = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
        Some((Coming::new(received, true, Clock::System.instant()), Held::nothing(span)?))
    }

    /// Gives all of them a piece, and says how many are given up.
    fn feed(streams: &mut [(Coming, Held)], piece: &Bytes) -> usize {
        let came = streams.iter_mut().map(|(coming, held)| coming.piece(piece, held));
        came.filter(|came| *came == Came::TooMuch).count()
    }

    /// How many tokens are in its output, which there is none of for a stream that was given up.
    fn tokens(coming: Coming) -> usize {
        let is_kept = coming.keeping != Keeping::Nothing;
        let output = coming.into_received().finish(Ending::Complete).output;
        assert_eq!(output.is_some(), is_kept);
        output.map_or(0, |output| format!("{output:?}").matches("token").count())
    }

    #[test]
    fn many_open_streams_hold_no_more_than_open_spans_may_and_are_read_before_they_are_given_up() {
        let long = format!("token {}", "x".repeat(1000));
        for (text, pieces, expected) in [("token ", 150, 0..=0), (&long, 40, 100..=STREAMS - 1)] {
            let settings = Builder::without_environment().open_spans_max_bytes(MIB);
            let (layer, _recorder) = testing::recorder_of(settings).unwrap();
            let _default = tracing_subscriber::registry().with(layer).set_default();
            let span = info_span!("call", llmobs.kind = "llm");
            let mut streams: Vec<_> = (0..STREAMS).filter_map(|_| open(&span)).collect();
            let mut given_up = 0;
            for _ in 0..pieces {
                given_up += feed(&mut streams, &chunk(text));
                let held: usize =
                    streams.iter().map(|(coming, _)| coming.received.retained_bytes() + coming.blocks.held()).sum();
                assert!(held <= MIB, "{held} bytes are held");
            }
            assert!(expected.contains(&given_up), "{given_up} of {STREAMS} are given up");
            let counts: Vec<usize> = streams.into_iter().map(|(coming, _)| tokens(coming)).collect();
            let whole = counts.iter().filter(|count| **count == pieces).count();
            assert_eq!(whole, STREAMS - given_up, "all of a text, or nothing: {counts:?}");
            // What they held is free again.
            assert!(Held::nothing(&span).unwrap().hold(MIB / 2));
        }
    }
}
