//! The framings of streams: bytes in any split → frames.

use super::call::Head;
use super::codec::Frame;

/// A stream's framing, with what it has not yet seen the end of.
#[derive(Debug)]
pub(super) enum Framing {}

impl Framing {
    /// The framing that an answer has, or `None` when it comes in one piece.
    pub(super) fn of(head: &Head, is_streamed: bool) -> Option<Self> {
        let _ = (head, is_streamed);
        None
    }

    /// The frames that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let _ = bytes;
        match *self {}
    }

    /// What is left at the end of the stream, of use or not.
    pub(super) fn end(&mut self) -> Vec<Frame> {
        match *self {}
    }
}
