//! Errors of spans.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::contain::{Panicked, Written, contain, write_cut};
use super::json_size::text_bytes;
use super::wire;

/// The error of a span. On the wire `meta.error`: `{"message":"…","stack":"…","type":"…"}`.
///
/// # Example
///
/// ```
/// use llmobs_model::SpanError;
///
/// let error = SpanError::from_error(&"x".parse::<u8>().unwrap_err());
/// assert_eq!(error.error_type, "core::num::error::ParseIntError");
/// assert_eq!(error.message, "invalid digit found in string");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SpanError {
    /// The message.
    #[serde(deserialize_with = "wire::text")]
    pub message: String,
    /// The origin of the error: the chain of sources, one a line, or a backtrace.
    #[serde(deserialize_with = "wire::text")]
    pub stack: String,
    /// The type of the error, for example `std::io::Error`; also the tag `error_type`, when known.
    #[serde(rename = "type", deserialize_with = "wire::text")]
    pub error_type: String,
}

impl SpanError {
    /// Creates an error that has a message only.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Creates an error from a Rust error: its type, its message and its chain of sources, each at most 64 KiB.
    ///
    /// The type of a `dyn Error` is not known. A `Display` that panics leaves `<panicked>` in place of its text; one that
    /// never stops writing is cut.
    pub fn from_error<E: Error + ?Sized>(error: &E) -> Self {
        let error_type = std::any::type_name::<E>();
        let mut message = String::new();
        write_error_text(&mut message, format_args!("{error}"));
        Self {
            error_type: if error_type.starts_with("dyn ") { String::new() } else { error_type.to_owned() },
            message,
            stack: contain(|| error.source().map(|first| source_chain(Some(first))))
                .map_or_else(panicked, Option::unwrap_or_default),
        }
    }

    /// Sets the type of the error.
    pub fn error_type(mut self, error_type: impl Into<String>) -> Self {
        self.error_type = error_type.into();
        self
    }

    /// Sets the origin of the error: a backtrace, or the chain of sources.
    pub fn stack(mut self, stack: impl Into<String>) -> Self {
        self.stack = stack.into();
        self
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let texts = [&self.error_type, &self.message, &self.stack];
        texts.into_iter().fold(0, |sum, text| sum.saturating_add(text_bytes(text)))
    }
}

/// Returns the messages of an error's sources, one a line: at most 32 of them and 64 KiB.
#[doc(hidden)]
pub fn source_chain(mut source: Option<&(dyn Error + 'static)>) -> String {
    const MOST_SOURCES: usize = 32;
    let mut lines = String::new();
    for _ in 0..MOST_SOURCES {
        let Some(error) = source else { break };
        if !lines.is_empty() {
            lines.push('\n');
        }
        write_error_text(&mut lines, format_args!("{error}"));
        match contain(|| error.source()) {
            Ok(next) => source = next,
            Err(_) => break,
        }
    }
    lines
}

/// Appends a message to `text`, which grows to at most 64 KiB.
fn write_error_text(text: &mut String, message: fmt::Arguments<'_>) {
    const MOST_BYTES: usize = 64 * 1024;
    if write_cut(text, MOST_BYTES.saturating_sub(text.len()), message) == Written::Panicked {
        text.push_str(PANICKED);
    }
}

fn panicked(_: Panicked) -> String {
    PANICKED.to_owned()
}

/// Stands for a text whose formatter panicked.
const PANICKED: &str = "<panicked>";

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that calls its closures.
    #[derive(Clone, Copy)]
    struct Hostile {
        display: fn(&mut fmt::Formatter<'_>) -> fmt::Result,
        source: fn() -> Option<&'static (dyn Error + 'static)>,
    }

    impl fmt::Debug for Hostile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Hostile")
        }
    }

    impl fmt::Display for Hostile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.display)(f)
        }
    }

    impl Error for Hostile {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            (self.source)()
        }
    }

    /// Its own source, for ever.
    static CYCLE: Hostile = Hostile { display: |f| f.write_str("again"), source: || Some(&CYCLE) };

    #[test]
    fn a_hostile_error_neither_panics_nor_hangs() {
        let panics = Hostile { display: |_| panic!("in a Display"), source: || panic!("in a source") };
        let error = SpanError::from_error(&panics);
        assert_eq!((error.message.as_str(), error.stack.as_str()), ("<panicked>", "<panicked>"));
        let fails = Hostile { display: |f| f.write_str("half").and(Err(fmt::Error)), source: || None };
        assert_eq!(SpanError::from_error(&fails).message, "half");
        let endless = Hostile {
            display: |f| loop {
                let _ = f.write_str("abc");
            },
            source: || Some(&CYCLE),
        };
        let error = SpanError::from_error(&endless);
        assert_eq!(error.message.len(), 64 * 1024);
        assert_eq!(error.stack.lines().count(), 32);
    }
}
