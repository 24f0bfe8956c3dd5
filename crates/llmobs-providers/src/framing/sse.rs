//! Server-sent events, read with more tolerance than browsers have.
//!
//! Beyond the standard, an event also ends where the next one begins: with `event:` or `data:` behind data that is already a
//! whole JSON document. Some servers and proxies leave out the empty line, and by the letter of the standard all of their
//! stream would be one event. A line `error: {…}` is an event named `error`, as older llama.cpp servers send it.

use std::mem;

use bytes::Bytes;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;
use crate::json;

/// The event that has not yet ended.
#[derive(Debug, Default)]
pub(crate) struct Sse {
    /// The line that has not yet ended.
    line: Vec<u8>,
    event: String,
    /// The data lines so far, joined with line feeds.
    data: Vec<u8>,
    has_data: bool,
    nesting: Nesting,
    /// The event was too long: the rest of the line it broke off in is left out.
    is_skipping: bool,
    /// The last line ended with a carriage return; a line feed that follows belongs to it.
    is_after_return: bool,
    /// The mark `[DONE]`, once it has come.
    done: Option<DoneMark>,
}

/// `data: [DONE]`, behind which there is nothing.
#[derive(Debug)]
struct DoneMark;

impl Sse {
    pub(super) const fn retained_bytes(&self) -> usize {
        self.line.len().saturating_add(self.data.len()).saturating_add(self.event.len())
    }

    /// Tells whether the mark `[DONE]` has come, behind which there is nothing.
    pub(super) const fn is_done(&self) -> bool {
        self.done.is_some()
    }

    pub(super) fn push(&mut self, bytes: &Bytes) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut rest: &[u8] = bytes;
        if mem::take(&mut self.is_after_return) {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let Some((line, behind)) = rest.split_at_checked(end) else { break };
            rest = match behind {
                [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
                [] => behind,
            };
            self.is_after_return = behind == b"\r";
            self.end_line(line, &mut frames);
        }
        self.keep(rest);
        frames
    }

    /// Returns the JSON of a part that is exactly one event: one data line, with the event's name before it if it has one. That
    /// is how nearly all events come, and they need no copy. `None` for any other part, and where an event is pending to which
    /// it might belong.
    pub(super) fn single_frame<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        let is_alone = self.retained_bytes() == 0
            && !self.has_data
            && !self.is_skipping
            && !self.is_after_return
            && part.len() < MAX_FRAME_BYTES;
        let event = part.strip_suffix(b"\n\n").filter(|_| is_alone)?;
        let data = if event.starts_with(b"event:") {
            let (name, data) = event.split_at_checked(memchr::memchr(b'\n', event)?.saturating_add(1))?;
            // An event that says it is an error is for the slow way, which looks at names.
            let name = std::str::from_utf8(name).ok()?;
            if name.contains('\r') || name.contains(ERROR) {
                return None;
            }
            data
        } else {
            event
        };
        data.strip_prefix(b"data:").filter(|data| memchr::memchr2(b'\n', b'\r', data).is_none())
    }

    /// Returns the last event, although the empty line behind it has not come.
    pub(super) fn finish(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.end_line(b"", &mut frames);
        self.dispatch(&mut frames);
        frames
    }

    fn end_line(&mut self, end: &[u8], frames: &mut Vec<Frame>) {
        if mem::take(&mut self.is_skipping) {
            self.line.clear();
            return;
        }
        if self.line.is_empty() {
            return self.field(end, frames);
        }
        self.keep(end);
        if mem::take(&mut self.is_skipping) {
            return;
        }
        let mut line = mem::take(&mut self.line);
        self.field(&line, frames);
        line.clear();
        self.line = line;
    }

    /// Keeps a part of a line; beyond the bound of one event all of it is let go.
    fn keep(&mut self, part: &[u8]) {
        if !self.is_skipping && self.retained_bytes().saturating_add(part.len()) > MAX_FRAME_BYTES {
            *self = Self { is_skipping: true, is_after_return: self.is_after_return, ..Self::default() };
        }
        if !self.is_skipping {
            self.line.extend_from_slice(part);
        }
    }

    fn field(&mut self, line: &[u8], frames: &mut Vec<Frame>) {
        if line.is_empty() {
            return self.dispatch(frames);
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.nesting.is_whole {
                    self.dispatch(frames);
                }
                self.add_data(value);
            }
            b"event" => {
                if self.nesting.is_whole {
                    self.dispatch(frames);
                }
                self.event = String::from_utf8_lossy(value).into_owned();
            }
            b"error" => {
                self.dispatch(frames);
                ERROR.clone_into(&mut self.event);
                self.add_data(value);
                self.dispatch(frames);
            }
            _ => {}
        }
    }

    fn add_data(&mut self, value: &[u8]) {
        if self.retained_bytes().saturating_add(value.len()) > MAX_FRAME_BYTES {
            *self = Self { is_after_return: self.is_after_return, ..Self::default() };
            return;
        }
        if mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.nesting.read(value);
    }

    fn dispatch(&mut self, frames: &mut Vec<Frame>) {
        let (event, mut data) = (mem::take(&mut self.event), mem::take(&mut self.data));
        self.nesting = Nesting::default();
        if mem::take(&mut self.has_data) {
            let value = json::read(&data);
            if value.is_none() && data.trim_ascii() == b"[DONE]" {
                self.done = Some(DoneMark);
            }
            // The data of an error is often plain text. `[DONE]` and other texts are no frames.
            let text = || (event == ERROR).then(|| String::from_utf8_lossy(&data).trim().into());
            let frame = value.or_else(text).map(|data| Frame { event, is_exception: false, data });
            frames.extend(frame);
        }
        // The buffer is kept for the next event.
        data.clear();
        self.data = data;
    }
}

/// Tells where a JSON object or array ends, without parsing it and looking at each byte once.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// An object or array has ended with the last bytes that were read.
    is_whole: bool,
}

impl Nesting {
    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.is_in_string {
                self.is_in_string = self.is_escaped || *byte != b'"';
                self.is_escaped = !self.is_escaped && *byte == b'\\';
                continue;
            }
            match byte {
                b'"' => self.is_in_string = true,
                b'[' | b'{' => self.depth = self.depth.saturating_add(1),
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_whole = self.depth == 0;
                }
                _ => {}
            }
        }
        self.is_whole &= self.depth == 0 && !self.is_in_string;
    }
}

/// The name of events that report a failure.
const ERROR: &str = "error";

/// Returns the length of the first event with the empty line behind it; all bytes if lines end otherwise or it has not come.
pub(super) fn event_len(bytes: &[u8]) -> usize {
    let mut ends = memchr::memchr_iter(b'\n', bytes).map(|at| at.saturating_add(1));
    let end = ends.find(|next| bytes.get(*next) == Some(&b'\n'));
    end.map_or(bytes.len(), |end| end.saturating_add(1))
}
