//! One JSON array of everything, element by element.

use std::mem;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;

/// Where in the array the bytes have come to.
#[derive(Debug, Default)]
pub(crate) struct Array {
    /// The element that has not yet ended.
    element: Vec<u8>,
    is_too_long: bool,
    /// Open brackets and braces, that of the array itself among them.
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl Array {
    pub(super) const fn retained_bytes(&self) -> usize {
        self.element.len()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        bytes.iter().filter_map(|byte| self.byte(*byte)).collect()
    }

    fn byte(&mut self, byte: u8) -> Option<Frame> {
        if self.is_in_string {
            self.is_in_string = self.is_escaped || byte != b'"';
            self.is_escaped = !self.is_escaped && byte == b'\\';
            return self.keep(byte);
        }
        match byte {
            b'"' => self.is_in_string = true,
            b'[' | b'{' => {
                self.depth = self.depth.saturating_add(1);
                if self.depth == 1 {
                    return None;
                }
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                // An object has ended with its brace, whatever comes next: Google sends the comma with the next one.
                match self.depth {
                    0 => return self.ended(),
                    1 => {
                        self.keep(byte);
                        return self.ended();
                    }
                    _ => {}
                }
            }
            b',' if self.depth == 1 => return self.ended(),
            _ => {}
        }
        self.keep(byte)
    }

    fn keep(&mut self, byte: u8) -> Option<Frame> {
        if self.element.len() >= MAX_FRAME_BYTES {
            self.is_too_long = true;
            self.element = Vec::new();
        }
        if !self.is_too_long && self.depth > 0 {
            self.element.push(byte);
        }
        None
    }

    fn ended(&mut self) -> Option<Frame> {
        self.is_too_long = false;
        Frame::unnamed(&mem::take(&mut self.element))
    }
}
