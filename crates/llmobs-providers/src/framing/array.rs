//! A JSON array of everything, element by element.

use std::mem;

use super::MAX_FRAME_BYTES;
use crate::codec::Frame;

/// The state of the reader within the array.
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
        bytes.iter().filter_map(|byte| self.push_byte(*byte)).collect()
    }

    fn push_byte(&mut self, byte: u8) -> Option<Frame> {
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
                // An object ends with its brace and not with the comma: Google sends the comma with the next element, and
                // whoever waits for it reports each chunk late.
                match self.depth {
                    0 => return self.end_element(),
                    1 => {
                        self.keep(byte);
                        return self.end_element();
                    }
                    _ => {}
                }
            }
            b',' if self.depth == 1 => return self.end_element(),
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

    fn end_element(&mut self) -> Option<Frame> {
        self.is_too_long = false;
        Frame::unnamed(&mem::take(&mut self.element))
    }
}
