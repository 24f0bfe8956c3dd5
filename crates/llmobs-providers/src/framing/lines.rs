//! One JSON value a line.

use std::mem;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;

/// The line that has not yet ended.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    /// The line is longer than may be; what it began with is gone, and so will be the rest.
    is_too_long: bool,
}

impl Lines {
    pub(super) const fn retained_bytes(&self) -> usize {
        self.line.len()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len().saturating_add(piece.len()) > MAX_FRAME_BYTES {
                self.is_too_long = true;
                self.line = Vec::new();
            }
            if !self.is_too_long {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                frames.extend(self.end());
            }
        }
        frames
    }

    pub(super) fn end(&mut self) -> Vec<Frame> {
        self.is_too_long = false;
        Frame::unnamed(&mem::take(&mut self.line)).into_iter().collect()
    }
}
