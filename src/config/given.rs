//! A value together with the setting that it came from.

/// The value of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<T> {
    /// The environment variable or the builder's method, for errors and warnings.
    pub(crate) setting: &'static str,
    pub(crate) value: T,
}

impl<T> Given<T> {
    pub(crate) const fn new(setting: &'static str, value: T) -> Self {
        Self { setting, value }
    }
}

/// A value, or the beginning of the text that could not be parsed.
pub(crate) type Read<T> = Given<Result<T, String>>;

/// Returns as much of a text as a message should show.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(MAX_EXCERPT_CHARS).collect()
}

const MAX_EXCERPT_CHARS: usize = 80;
