//! A processor that replaces matches of regular expressions.

use regex::{NoExpand, Regex};

use crate::error::ConfigError;
use llmobs_model::SpanEvent;

/// A redactor: it replaces the matches of regular expressions in every text that leaves the process.
///
/// Of spans these are input, output, documents, metadata and tool arguments with their keys, errors, tags and names; of
/// evaluations and feedback all but their ids. Matching takes time linear in the length of the text. A pattern does not
/// find what is split over two messages, or encoded.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Redactor;
///
/// # fn main() -> Result<(), tracing_llmobs::ConfigError> {
/// let redactor = Redactor::new([r"[\w.+-]+@[\w-]+\.[\w.]+", r"\b(?:\d[ -]?){13,16}\b"])?.replacement("[hidden]");
/// let builder = tracing_llmobs::builder().text_processor(move |text| redactor.redact_text(text));
/// # drop(builder);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it redacts nothing by itself"]
pub struct Redactor {
    patterns: Vec<Regex>,
    replacement: String,
}

impl Redactor {
    /// The text in place of a match by default.
    const DEFAULT_REPLACEMENT: &'static str = "[redacted]";

    /// Creates a redactor for these patterns, in the syntax of the crate `regex`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Pattern`] if one of them is not a regular expression, or is too large.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        let compile = |pattern: P| {
            let pattern = pattern.as_ref();
            Regex::new(pattern)
                .map_err(|error| ConfigError::Pattern { value: pattern.to_owned(), source: error.into() })
        };
        let patterns = patterns.into_iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { patterns, replacement: Self::DEFAULT_REPLACEMENT.to_owned() })
    }

    /// Sets the text in place of a match, taken literally; default is `[redacted]`.
    pub fn replacement(mut self, replacement: impl Into<String>) -> Self {
        self.replacement = replacement.into();
        self
    }

    /// Redacts every text of the span, for a [`processor`](crate::Builder::processor) that does it for some spans only.
    /// Such a processor sees neither evaluations nor feedback.
    pub fn redact(&self, event: &mut SpanEvent) {
        event.rewrite_texts(|text| self.redact_text(text));
    }

    /// Redacts one text; for [`Builder::text_processor`](crate::Builder::text_processor).
    pub fn redact_text(&self, text: &mut String) {
        for pattern in &self.patterns {
            if pattern.is_match(text) {
                *text = pattern.replace_all(text, NoExpand(&self.replacement)).into_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_of_every_pattern_is_replaced_literally() {
        let redactor = Redactor::new(["a+", "b"]).unwrap().replacement("$0");
        let mut text = "aa b c ab".to_owned();
        redactor.redact_text(&mut text);
        assert_eq!(text, "$0 $0 c $0$0");
    }

    #[test]
    fn an_invalid_pattern_is_an_error() {
        let error = Redactor::new(["("]).unwrap_err();
        assert!(error.to_string().contains("\"(\""), "{error}");
    }
}
