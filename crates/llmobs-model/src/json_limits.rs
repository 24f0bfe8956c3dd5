//! Limits of JSON that an application hands over. Walking a deep value with recursion, and so dropping it, may overflow the
//! stack and end the process.

use std::io;

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Error;
use serde_json::Value;
use serde_json::ser::Formatter;

use super::contain::{Refusals, contain};

/// Levels of nesting, as many as `serde_json` itself parses.
const MAX_DEPTH: usize = 128;

/// Largest JSON that a value of the application may become; a span does not hold more.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Returns the value as JSON.
///
/// Refuses a value that is nested too deep before the stack is in danger, one that is too large before it is built, and
/// one whose `Serialize` panics.
pub(crate) fn to_value(value: &impl Serialize) -> Result<Value, Error> {
    let measured_first = || {
        let sink = BoundedSink { bytes_left: MAX_BYTES, refusals: Refusals::default() };
        value.serialize(&mut serde_json::Serializer::with_formatter(sink, DepthLimit { depth: 0 }))?;
        serde_json::to_value(value)
    };
    contain(measured_first).unwrap_or_else(|_| Err(Error::custom("the value panicked while it was serialized")))
}

/// A writer that takes so many bytes and keeps none.
struct BoundedSink {
    bytes_left: usize,
    refusals: Refusals,
}

impl io::Write for BoundedSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Each call costs a byte at least, so that empty ones come to an end too.
        let Some(left) = self.bytes_left.checked_sub(bytes.len().max(1)) else {
            self.bytes_left = 0;
            self.refusals.refuse();
            return Err(io::Error::other("larger than 16 MiB"));
        };
        self.bytes_left = left;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the value, unless it is nested too deep; such a value is dropped level by level.
pub(crate) fn unless_deep(value: Value) -> Option<Value> {
    if !is_deep(&value) {
        return Some(value);
    }
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    None
}

/// Returns whether a value is nested too deep, without recursion.
fn is_deep(value: &Value) -> bool {
    let mut open = vec![(value, 1_usize)];
    while let Some((value, depth)) = open.pop() {
        let below = depth.saturating_add(1);
        match value {
            Value::Array(_) | Value::Object(_) if depth > MAX_DEPTH => return true,
            Value::Array(items) => open.extend(items.iter().map(|item| (item, below))),
            Value::Object(members) => open.extend(members.values().map(|value| (value, below))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

/// A formatter that writes nothing and refuses the first level too many.
struct DepthLimit {
    depth: usize,
}

impl DepthLimit {
    fn open(&mut self) -> io::Result<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH { Err(io::Error::other("nested deeper than 128 levels")) } else { Ok(()) }
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl Formatter for DepthLimit {
    fn begin_array<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.open()
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.close();
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.open()
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels)
            .fold(json!(1), |value, level| if level.is_multiple_of(2) { json!([value]) } else { json!({"a": value}) })
    }

    #[test]
    fn both_functions_have_a_limit_of_128_levels() {
        assert_eq!(unless_deep(nested(128)), Some(nested(128)));
        assert_eq!(to_value(&nested(128)).unwrap(), nested(128));
        assert_eq!(unless_deep(nested(129)), None);
        assert!(to_value(&nested(129)).is_err());
        assert_eq!(unless_deep(nested(0)), Some(json!(1)));
        // Wide is not deep.
        let wide = json!(vec![nested(2); 1_000]);
        assert_eq!(to_value(&wide).unwrap(), wide);
    }

    /// A sequence that its closure writes.
    struct Sequence<F>(F);

    impl<F: Fn(&mut dyn FnMut() -> bool)> Serialize for Sequence<F> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;

            let (mut sequence, mut outcome) = (serializer.serialize_seq(None)?, Ok(()));
            (self.0)(&mut || {
                outcome = sequence.serialize_element("element");
                outcome.is_ok()
            });
            outcome?;
            sequence.end()
        }
    }

    #[test]
    fn a_value_that_panics_or_never_ends_is_refused() {
        assert!(to_value(&Sequence(|_: &mut dyn FnMut() -> bool| panic!("in a Serialize"))).is_err());
        assert!(to_value(&Sequence(|next: &mut dyn FnMut() -> bool| while next() {})).is_err());
        let ignores_errors = |next: &mut dyn FnMut() -> bool| loop {
            next();
        };
        assert!(to_value(&Sequence(ignores_errors)).is_err());
    }
}
