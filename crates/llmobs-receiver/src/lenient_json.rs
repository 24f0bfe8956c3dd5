//! JSON of SDKs that write more than the standard allows.

/// Replaces parts that the standard does not allow; the rest stays as it is.
///
/// - `NaN`, `Infinity` and `-Infinity` become `null`: Python writes them for such floats.
/// - Half a surrogate pair, `\ud83d` alone, becomes `\ufffd`: Python and JavaScript write it when a text was cut
///   in the middle of a character.
/// - Bytes that are not UTF-8 become U+FFFD.
pub(super) fn repair(text: &[u8]) -> String {
    let mut repaired = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut is_in_string = false;
    while let Some(first) = rest.first() {
        let (length, replacement) = if is_in_string { character(rest) } else { token(rest) };
        is_in_string ^= *first == b'"';
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        repaired.extend_from_slice(replacement.unwrap_or(piece));
        rest = after;
    }
    String::from_utf8_lossy(&repaired).into_owned()
}

/// Returns the number of bytes to take from the inside of a string, and their replacement.
fn character(text: &[u8]) -> (usize, Option<&'static [u8]>) {
    if !text.starts_with(b"\\") {
        return (1, None);
    }
    match (code_unit(text), text.get(ESCAPE..).and_then(code_unit)) {
        (None, _) => (2, None),
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (ESCAPE.saturating_mul(2), None),
        (Some(0xd800..=0xdfff), _) => (ESCAPE, Some(br"\ufffd")),
        (Some(_), _) => (ESCAPE, None),
    }
}

/// Returns the number of bytes to take from outside of strings, and their replacement.
fn token(text: &[u8]) -> (usize, Option<&'static [u8]>) {
    let found = NO_NUMBERS.into_iter().find(|word| text.starts_with(word));
    found.map_or((1, None), |word| (word.len(), Some(b"null")))
}

/// Returns the number in `\u0000`.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

const NO_NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The length of `\u0000`.
const ESCAPE: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_beside_the_standard_are_replaced() {
        for (text, repaired) in [
            (&br#"{"a":NaN,"b":[-Infinity, Infinity ,1]}"#[..], r#"{"a":null,"b":[null, null ,1]}"#),
            (br#"["NaN","\"NaN",NaN,"\\",-Infinity]"#, r#"["NaN","\"NaN",null,"\\",null]"#),
            (br#"["\ud83d\udc4b \ud83d"]"#, r#"["\ud83d\udc4b \ufffd"]"#),
            (br#"["\ud83d\ud83d\udc4b","\udc4b","\\ud83d"]"#, r#"["\ufffd\ud83d\udc4b","\ufffd","\\ud83d"]"#),
            (b"[\"a\xff\", 1]", "[\"a\u{fffd}\", 1]"),
            ("[\"ü👋\"]".as_bytes(), "[\"ü👋\"]"),
            (br#"["\u12"#, r#"["\u12"#),
            (br#"["\"#, r#"["\"#),
            (b"-Inf", "-Inf"),
            (b"", ""),
        ] {
            assert_eq!(repair(text), repaired);
        }
    }
}
