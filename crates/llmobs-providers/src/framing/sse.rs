//! Server-sent events.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use sse_stream::SseByteStream;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;

/// The event that has not yet ended.
pub(crate) struct Sse {
    feed: Sender<Bytes>,
    events: Box<SseByteStream<Fed>>,
    /// Bytes since the last event.
    unread: usize,
    /// The event was too long; the rest of the line that it broke off in is left out.
    is_skipping: bool,
}

impl Sse {
    pub(super) const fn retained_bytes(&self) -> usize {
        self.unread
    }

    /// Feeds line by line: after a line that is no UTF-8, or too long, the next one is read all the same.
    pub(super) fn push(&mut self, bytes: &Bytes) -> Vec<Frame> {
        let mut frames = Vec::new();
        for line in bytes.split_inclusive(|byte| is_end(*byte)) {
            let is_whole = line.last().is_some_and(|byte| is_end(*byte));
            self.unread = self.unread.saturating_add(line.len());
            if self.unread > MAX_FRAME_BYTES {
                *self = Self { is_skipping: true, ..Self::default() };
            }
            if !self.is_skipping {
                self.line(bytes.slice_ref(line), &mut frames);
            }
            self.is_skipping &= !is_whole;
        }
        frames
    }

    /// The data of a part that is one event and no more, of one line behind its name if it has one, if nothing came before
    /// it that belongs to it.
    pub(super) fn whole<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        let is_alone = self.unread == 0 && !self.is_skipping && part.len() < MAX_FRAME_BYTES;
        let event = part.strip_suffix(b"\n\n").filter(|_| is_alone)?;
        let data = if event.starts_with(b"event:") {
            let (name, data) = event.split_at_checked(memchr::memchr(b'\n', event)?.saturating_add(1))?;
            std::str::from_utf8(name).ok().filter(|name| !name.contains('\r'))?;
            data
        } else {
            event
        };
        data.strip_prefix(b"data:").filter(|data| memchr::memchr2(b'\n', b'\r', data).is_none())
    }

    /// An event counts although the empty line behind it has not come.
    pub(super) fn end(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.line(Bytes::from_static(b"\n\n"), &mut frames);
        frames
    }

    fn line(&mut self, line: Bytes, frames: &mut Vec<Frame>) {
        // The other end is in this very value.
        let _ = self.feed.send(line);
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(event) = Pin::new(&mut self.events).poll_next(&mut context) {
            let Some(Ok(event)) = event else {
                *self = Self::default();
                return;
            };
            self.unread = 0;
            let frame = event.data.and_then(|data| Frame::unnamed(data.as_bytes()));
            frames.extend(frame.map(|frame| Frame { event: event.event.unwrap_or_default(), ..frame }));
        }
    }
}

impl Default for Sse {
    fn default() -> Self {
        let (feed, receiver) = channel();
        // A byte order mark counts at the beginning only, where it is taken off already.
        let _ = feed.send(Bytes::from_static(b"\n"));
        Self { feed, events: Box::new(SseByteStream::new(Fed(receiver))), unread: 0, is_skipping: false }
    }
}

impl fmt::Debug for Sse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse").field("unread", &self.unread).finish_non_exhaustive()
    }
}

/// What has been fed and not read; it never ends, it only has nothing for now.
#[derive(Debug)]
struct Fed(Receiver<Bytes>);

impl Stream for Fed {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.try_recv().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(bytes))))
    }
}

/// Where the next event ends, with the empty line behind it; all that there is, if lines end otherwise or this one has not
/// come.
pub(super) fn part(bytes: &[u8]) -> usize {
    let mut ends = memchr::memchr_iter(b'\n', bytes).map(|at| at.saturating_add(1));
    let end = ends.find(|next| bytes.get(*next) == Some(&b'\n'));
    end.map_or(bytes.len(), |end| end.saturating_add(1))
}

const fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
