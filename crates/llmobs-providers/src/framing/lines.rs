//! A JSON value a line.

use std::mem;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;
use crate::json;

/// The line that has not yet ended.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    /// The line is too long: its beginning has been let go, and its rest will be.
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
                frames.extend(self.finish());
            }
        }
        frames
    }

    pub(super) fn finish(&mut self) -> Vec<Frame> {
        self.is_too_long = false;
        Frame::unnamed(&mem::take(&mut self.line)).into_iter().collect()
    }
}

/// Decides whether a body in one piece is lines of JSON after all: its first line is a whole object, and another object
/// begins behind it. `None` while too little has come to tell.
///
/// Proxies rewrite the content type of such streams to JSON, text or nothing.
pub(super) fn are_lines(body: &[u8]) -> Option<bool> {
    let body = body.trim_ascii_start();
    if !body.is_empty() && !body.starts_with(b"{") {
        return Some(false);
    }
    let end = memchr::memchr(b'\n', body)?;
    let (line, behind) = body.split_at_checked(end)?;
    if !line.trim_ascii_end().ends_with(b"}") {
        return Some(false);
    }
    match behind.trim_ascii_start().first() {
        None => None,
        Some(b'{') => Some(json::read(line).is_some()),
        Some(_) => Some(false),
    }
}
