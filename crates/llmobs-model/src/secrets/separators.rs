//! Beginnings and ends of the words of a text.

/// Returns the end of the word at `from`.
pub(super) fn end_of_word(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from.saturating_add(rest.iter().position(|byte| is_separator(*byte)).unwrap_or(rest.len()))
}

/// Bytes that no URL and no key contains. Quotes and brackets are not among them: `'`, `(` and `)` are legal in a URL.
pub(super) const fn is_separator(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'<' | b'>' | b'`' | 0x7f)
}
