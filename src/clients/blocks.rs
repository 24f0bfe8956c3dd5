//! Pieces of an answer, copied into blocks that are used again.
//!
//! Keeping the pieces themselves would keep the buffers that the client reads into, so that it must have new ones: fresh pages
//! cost ten times what copying does.

use std::mem;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use llmobs_providers::ResponseReader;

/// What has come since the last block was full.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    block: Vec<u8>,
    /// Where in the block a piece ends, and when it came.
    cuts: Vec<(usize, f64)>,
    timed: usize,
    handed_over: usize,
}

impl Blocks {
    /// Bytes of the first blocks: most answers are short, and many may be open.
    const SMALL: usize = 16 * 1024;
    /// Bytes of those of a long answer.
    const LARGE: usize = 64 * 1024;
    /// So many pieces are told apart, for the time to the first token. Later ones are told apart within the first block only,
    /// and there only those that come so much later that it shows: providers that think send comments meanwhile.
    const MOST_TIMED: usize = 64;

    /// Takes a piece, and says whether more is held than before; `now` tells how many seconds after the request.
    pub(super) fn add(&mut self, received: &mut ResponseReader, mut piece: &[u8], now: impl Fn() -> f64) -> bool {
        let mut is_more = false;
        while !piece.is_empty() {
            if self.block.capacity() == 0 {
                self.block = take(self.next_size());
                is_more = true;
            }
            let room = self.block.capacity().saturating_sub(self.block.len());
            let (fits, rest) = piece.split_at_checked(room).unwrap_or((piece, &[]));
            self.block.extend_from_slice(fits);
            piece = rest;
            if self.timed < Self::MOST_TIMED || self.handed_over == 0 {
                self.time(now());
            }
            if self.block.len() >= self.block.capacity() {
                self.hand_over(received, &now);
            }
        }
        is_more
    }

    /// Notes when the last piece came.
    fn time(&mut self, at: f64) {
        self.timed = self.timed.saturating_add(1);
        let is_much_later = |before: f64| at - before > before / 32.0;
        match self.cuts.last_mut() {
            Some((end, before)) if self.timed > Self::MOST_TIMED && !is_much_later(*before) => *end = self.block.len(),
            _ => self.cuts.push((self.block.len(), at)),
        }
    }

    /// Bytes that are held here.
    pub(super) const fn held(&self) -> usize {
        self.block.capacity()
    }

    /// Hands over what there is.
    pub(super) fn hand_over(&mut self, received: &mut ResponseReader, now: impl Fn() -> f64) {
        if self.block.is_empty() {
            return;
        }
        self.handed_over = self.handed_over.saturating_add(self.block.len());
        let mut block = Bytes::from_owner(Lent(mem::take(&mut self.block)));
        let mut done = 0_usize;
        for (end, at) in self.cuts.drain(..) {
            received.push(block.split_to(end.saturating_sub(done).min(block.len())), Some(at));
            done = end;
        }
        if !block.is_empty() {
            received.push(block, Some(now()));
        }
    }

    const fn next_size(&self) -> usize {
        if self.handed_over < Self::LARGE { Self::SMALL } else { Self::LARGE }
    }
}

/// A block that goes back when nobody looks at it any more.
#[derive(Debug)]
struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut block = mem::take(&mut self.0);
        block.clear();
        let Shelf { spare, most } = shelf(block.capacity());
        let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < *most {
            spare.push(block);
        }
    }
}

/// Blocks for the next answers; what there are more of is given back.
struct Shelf {
    spare: Mutex<Vec<Vec<u8>>>,
    most: usize,
}

fn take(size: usize) -> Vec<u8> {
    let spare = shelf(size).spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
    spare.unwrap_or_else(|| Vec::with_capacity(size))
}

fn shelf(size: usize) -> &'static Shelf {
    if size < Blocks::LARGE { &SMALL } else { &LARGE }
}

/// 2 MiB.
static SMALL: Shelf = Shelf { spare: Mutex::new(Vec::new()), most: 128 };
/// 6 MiB.
static LARGE: Shelf = Shelf { spare: Mutex::new(Vec::new()), most: 96 };

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_providers::{Api, Call, Ending, Endpoint, ResponseHead};

    #[test]
    fn an_answer_is_the_same_however_it_came() {
        let text = "word ".repeat(60_000);
        let answer = format!(r#"{{"choices": [{{"message": {{"role": "assistant", "content": "{text}"}}}}]}}"#);
        let read = |size: usize| {
            let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
            let (mut received, mut blocks) = (call.begin_response(ResponseHead::new(200)), Blocks::default());
            for piece in answer.as_bytes().chunks(size) {
                blocks.add(&mut received, piece, || 1.0);
            }
            blocks.hand_over(&mut received, || 1.0);
            received.finish(Ending::Complete)
        };
        let whole = read(answer.len());
        assert!(whole.output.is_some());
        for size in [1, 7, 1000, Blocks::SMALL - 1, Blocks::SMALL, Blocks::SMALL + 1, Blocks::LARGE + 1] {
            assert_eq!(read(size), whole, "in pieces of {size}");
        }
    }

    #[test]
    fn the_first_token_has_its_time_however_many_comments_come_before_it() {
        let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
        let mut received = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
        let (mut blocks, clock) = (Blocks::default(), std::cell::Cell::new(0.0));
        let mut come = |piece: &str| {
            clock.set(clock.get() + 1.0);
            blocks.add(&mut received, piece.as_bytes(), || clock.get());
            assert!(blocks.cuts.len() < 500);
        };
        (0..200).for_each(|_| come(": thinking\n\n"));
        (0..200).for_each(|_| come("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"));
        blocks.hand_over(&mut received, || 400.0);
        let said = received.finish(Ending::Complete);
        let first = said.metrics.get(llmobs_model::metric::TIME_TO_FIRST_TOKEN).and_then(serde_json::Number::as_f64);
        assert!(first.is_some_and(|first| (194.0..=201.0).contains(&first)), "{first:?}");
    }
}
