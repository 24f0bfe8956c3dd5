//! A writer of JSON: constant fragments, escaped text, numbers, and values of any depth.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;
use std::ops::Range;

use serde_json::{Map, Number, Value, map};

use super::escape::{ONCE, TWICE, escape};
use llmobs_model::TraceId;

/// Containers this many levels below `meta` are written as text.
///
/// The intake has trouble with deeper ones and does not say so.
/// Source: dd-trace-py 4.15, `ddtrace/llmobs/_utils.py`, `_MAX_NESTED_META_DEPTH`.
pub(super) const DEEPEST: usize = 12;

/// Appends JSON to a buffer. The caller writes commas and braces as fragments; nothing here keeps a state.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a fragment of JSON as it is.
    #[inline]
    pub(super) fn raw(&mut self, fragment: &str) -> &mut Self {
        self.out.extend_from_slice(fragment.as_bytes());
        self
    }

    /// Writes a string.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.raw("\"").part(text).raw("\"")
    }

    /// Writes a piece of a string whose quotes the caller writes.
    pub(super) fn part(&mut self, text: &str) -> &mut Self {
        escape(text, &ONCE, self.out);
        self
    }

    /// Writes a string after the fragment that names it; nothing when there is none.
    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.raw(name).text(text),
            None => self,
        }
    }

    pub(super) fn integer(&mut self, number: u64) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    /// Writes a number: integers stay integers, floats have the fewest digits that read back as the same float.
    pub(super) fn number(&mut self, number: &Number) -> &mut Self {
        if let Some(number) = number.as_u64() {
            return self.integer(number);
        }
        if let Some(number) = number.as_i64() {
            return self.raw(itoa::Buffer::new().format(number));
        }
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{number}");
        self
    }

    /// Writes a trace id as a string: 32 hex digits, or the text that another service sent.
    pub(super) fn trace_id(&mut self, id: &TraceId) -> &mut Self {
        self.raw("\"");
        if let Some(number) = id.as_u128() {
            let mut digits = [0; 32];
            for (eight, four) in digits.as_chunks_mut().0.iter_mut().zip(number.to_be_bytes().as_chunks().0) {
                *eight = hex(*four);
            }
            self.out.extend_from_slice(&digits);
        } else {
            self.shown(id);
        }
        self.raw("\"")
    }

    /// Returns the number of bytes in the buffer.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Writes once more what stands at `range`.
    pub(super) fn again(&mut self, written: Range<usize>) -> &mut Self {
        if written.start <= written.end && written.end <= self.out.len() {
            self.out.extend_from_within(written);
        }
        self
    }

    /// Writes a value `depth` levels below `meta`; see [`DEEPEST`].
    pub(super) fn value(&mut self, value: &Value, depth: usize) -> &mut Self {
        match value {
            Value::Array(_) | Value::Object(_) if depth >= DEEPEST => self.json_text(value),
            Value::Array(items) => self.list(items, |writer, item| {
                writer.value(item, depth.saturating_add(1));
            }),
            Value::Object(members) => self.object(members, depth),
            Value::Null => self.raw("null"),
            Value::Bool(flag) => self.raw(word(*flag)),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text),
        }
    }

    /// An object `depth` levels below `meta`.
    pub(super) fn object(&mut self, members: &Map<String, Value>, depth: usize) -> &mut Self {
        self.members(members.iter(), depth)
    }

    /// An object of these members, `depth` levels below `meta`.
    pub(super) fn members<'v>(
        &mut self,
        members: impl Iterator<Item = (&'v String, &'v Value)>,
        depth: usize,
    ) -> &mut Self {
        self.raw("{");
        for (index, (name, value)) in members.enumerate() {
            self.comma(index).text(name).raw(":").value(value, depth.saturating_add(1));
        }
        self.raw("}")
    }

    /// An array.
    pub(super) fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.raw("[");
        for (index, item) in items.iter().enumerate() {
            each(self.comma(index), item);
        }
        self.raw("]")
    }

    /// Writes a comma, except before the first item.
    #[inline]
    pub(super) fn comma(&mut self, index: usize) -> &mut Self {
        if index == 0 { self } else { self.raw(",") }
    }

    /// A string that holds the compact JSON text of a value, however deep.
    pub(super) fn json_text(&mut self, value: &Value) -> &mut Self {
        self.raw("\"");
        let mut open = Vec::new();
        let mut next = Some(value);
        let mut is_first = true;
        loop {
            if let Some(value) = next {
                is_first = self.begin(value, &mut open);
            }
            let Some(inner) = open.last_mut() else { break };
            next = inner.next().map(|(name, value)| {
                self.name_in_text(name, is_first);
                value
            });
            if next.is_none() {
                self.raw(inner.end());
                open.pop();
                is_first = false;
            }
        }
        self.raw("\"")
    }

    /// Writes a scalar, or the start of a container, and says whether it was such a start.
    fn begin<'v>(&mut self, value: &'v Value, open: &mut Vec<Open<'v>>) -> bool {
        match value {
            Value::Null => self.raw("null"),
            Value::Bool(flag) => self.raw(word(*flag)),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text_in_text(text),
            Value::Array(items) => {
                open.push(Open::Array(items.iter()));
                self.raw("[");
                return true;
            }
            Value::Object(members) => {
                open.push(Open::Object(members.iter()));
                self.raw("{");
                return true;
            }
        };
        false
    }

    /// Writes the comma and the key before a value in a container.
    fn name_in_text(&mut self, name: Option<&str>, is_first: bool) {
        if !is_first {
            self.raw(",");
        }
        if let Some(name) = name {
            self.text_in_text(name).raw(":");
        }
    }

    fn text_in_text(&mut self, text: &str) -> &mut Self {
        self.raw(r#"\""#);
        escape(text, &TWICE, self.out);
        self.raw(r#"\""#)
    }

    fn shown(&mut self, value: impl Display) {
        // `Escaped` cannot fail.
        let _ = write!(Escaped(self.out), "{value}");
    }
}

/// A container whose end is not written yet.
enum Open<'v> {
    Array(std::slice::Iter<'v, Value>),
    Object(map::Iter<'v>),
}

impl<'v> Open<'v> {
    /// The next value, and its name in an object.
    fn next(&mut self) -> Option<(Option<&'v str>, &'v Value)> {
        match self {
            Self::Array(items) => items.next().map(|value| (None, value)),
            Self::Object(members) => members.next().map(|(name, value)| (Some(name.as_str()), value)),
        }
    }

    const fn end(&self) -> &'static str {
        match self {
            Self::Array(_) => "]",
            Self::Object(_) => "}",
        }
    }
}

/// Escapes what is formatted into it.
struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(text, &ONCE, self.0);
        Ok(())
    }
}

const fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// Four bytes as eight hex digits: each half of a byte gets a byte of its own, and all become digits at once.
const fn hex(bytes: [u8; 4]) -> [u8; 8] {
    let [a, b, c, d] = bytes;
    let spread = u64::from_be_bytes([0, a, 0, b, 0, c, 0, d]);
    let halves = (spread << 4 | spread) & u64::from_le_bytes([0x0f; 8]);
    // Six more than nine overflow into the fifth bit, which tells letters from figures.
    let letters = (halves.wrapping_add(u64::from_le_bytes([6; 8])) >> 4) & u64::from_le_bytes([1; 8]);
    let above_figures = 39; // from the character after `9` to `a`
    halves.wrapping_add(u64::from_le_bytes([b'0'; 8])).wrapping_add(letters.wrapping_mul(above_figures)).to_be_bytes()
}
