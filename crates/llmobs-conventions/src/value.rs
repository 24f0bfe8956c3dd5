//! The value of an attribute, borrowed from whoever recorded it.

/// A value of an attribute.
///
/// Strings that hold JSON, numbers or flags are recognised where an attribute is defined as such: emitters that can only
/// write strings are as common as those that cannot write lists.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue<'a> {
    /// A string, as it was written.
    Text(&'a str),
    /// The text of Rust's `Debug` or `Display`; `tracing` does not tell which of the two it was.
    Formatted(&'a str),
    /// An integer.
    Signed(i64),
    /// An integer that is not negative.
    Unsigned(u64),
    /// A floating-point number.
    Float(f64),
    /// A flag.
    Bool(bool),
    /// A value that its recorder dropped, because it was too large to keep.
    Oversize,
}

impl AttributeValue<'_> {
    /// Returns whether the value holds nothing: an empty string, or `None` and `null` as `Debug` writes them.
    pub fn is_absent(self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Formatted(text) => matches!(text, "" | "None" | "null" | "Null" | "\"\"" | "Some(\"\")"),
            Self::Oversize => true,
            Self::Signed(_) | Self::Unsigned(_) | Self::Float(_) | Self::Bool(_) => false,
        }
    }
}
