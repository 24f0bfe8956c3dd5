//! An answer that is coming: what is held of it, and what when that is too much.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::blocks::Blocks;
use super::ending::LastBytes;
use crate::capture::Held;
use crate::clock::{Clock, nanos_between};
use crate::providers::Received;

/// An answer that is coming.
#[derive(Debug)]
pub(super) struct Coming {
    received: Received,
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
    pub(super) fn new(received: Received, is_events: bool, began: Instant) -> Self {
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
    pub(super) fn into_received(mut self) -> Received {
        self.blocks.hand_over(&mut self.received, || seconds_since(self.began));
        self.received
    }

    fn keep(&mut self, bytes: &Bytes, held: &mut Held) -> bool {
        let Self { received, blocks, began, .. } = self;
        let now = || seconds_since(*began);
        let is_more = blocks.add(received, bytes, now);
        if !is_more || held.hold_at_ease(received.held().saturating_add(blocks.held())) {
            return true;
        }
        blocks.hand_over(received, now);
        self.keeping = Keeping::Read;
        self.read(held)
    }

    fn read(&mut self, held: &mut Held) -> bool {
        self.received.read();
        if held.hold(self.received.held()) {
            return true;
        }
        self.received.forget();
        self.keeping = Keeping::Nothing;
        held.hold(self.received.held());
        false
    }
}

fn seconds_since(began: Instant) -> f64 {
    Duration::from_nanos(nanos_between(began, Clock::System.instant())).as_secs_f64()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use tracing::info_span;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::builder::Builder;
    use crate::providers::{Api, Call, Ending, Endpoint, Head};
    use crate::testing;

    const MIB: usize = 1024 * 1024;
    const STREAMS: usize = 200;

    fn chunk(text: &str) -> Bytes {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n").into()
    }

    /// Opens many streams that each get so many pieces, and says how many of them were given up.
    fn streams(piece: &Bytes, pieces: usize) -> usize {
        let (layer, _recorder) =
            testing::recorder_of(Builder::without_environment().open_spans_max_bytes(MIB)).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = info_span!("call", llmobs.kind = "llm");
            let open = || {
                let received = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..])
                    .answered(Head::new(200).content_type("text/event-stream"));
                (Coming::new(received, true, Clock::System.instant()), Held::nothing(&span).unwrap())
            };
            let mut streams: Vec<_> = (0..STREAMS).map(|_| open()).collect();
            let mut given_up = 0;
            for _ in 0..pieces {
                for (coming, held) in &mut streams {
                    given_up += usize::from(coming.piece(piece, held) == Came::TooMuch);
                }
                let held: usize = streams.iter().map(|(coming, _)| coming.received.held() + coming.blocks.held()).sum();
                assert!(held <= MIB, "{held} bytes are held");
            }
            let text = |(coming, held): (Coming, Held)| {
                drop(held);
                let is_kept = coming.keeping != Keeping::Nothing;
                let said = coming.into_received().finish(Ending::Complete);
                assert_eq!(said.output.is_some(), is_kept);
                said.output.map_or(0, |output| format!("{output:?}").matches("token").count())
            };
            let texts: Vec<usize> = streams.into_iter().map(text).collect();
            let whole = texts.iter().filter(|tokens| **tokens == pieces).count();
            assert_eq!((whole, given_up), (STREAMS - given_up, given_up), "all of a text, or nothing: {texts:?}");
            // What they held is free again.
            assert!(Held::nothing(&span).unwrap().hold(MIB / 2));
            given_up
        })
    }

    #[test]
    fn many_open_streams_are_read_as_they_come_before_one_is_given_up() {
        assert_eq!(streams(&chunk("token "), 150), 0);
    }

    #[test]
    fn many_open_streams_hold_no_more_than_open_spans_may() {
        let given_up = streams(&chunk(&format!("token {}", "x".repeat(1000))), 40);
        assert!((100..STREAMS).contains(&given_up), "{given_up} of {STREAMS}");
    }
}
