//! A tolerant JSON reader: one bad byte costs one string, not the whole response.
//!
//! `serde_json` is right to refuse lone surrogates, `NaN`, bytes that are not UTF-8 and nesting beyond 128 levels. Providers
//! and the gateways in front of them send all of these, and a refused document means a span without text and tokens. This
//! reader gives the same value as `serde_json` for valid documents, and repairs what can be repaired locally:
//!
//! | input | value |
//! |---|---|
//! | lone surrogate, bad escape, byte that is not UTF-8 | U+FFFD in that string |
//! | raw control character in a string | kept |
//! | `NaN`, `Infinity`, `-Infinity`, number out of range | null |
//! | value nested deeper than [`MAX_DEPTH`] | its text, up to [`MAX_CUT_CHARS`] |
//! | text behind a complete object or array | ignored |
//! | more values than the budget allows | left out |
//!
//! A document that is cut in the middle is not repaired: half a tool call must not look like a whole one.

use serde_json::{Map, Number, Value};

/// Levels of arrays and objects that are read as JSON. Two recursive calls a level, so the stack stays small; and the model
/// accepts 128 levels, of which an annotation needs some itself.
const MAX_DEPTH: usize = 96;
/// Characters that are kept of a value that is nested too deeply.
const MAX_CUT_CHARS: usize = 4096;
/// Values of any document that are read, however short it is.
const FREE_NODES: usize = 65_536;
/// Beyond that, the document must be this many bytes long for each value. A value takes 32 bytes and more in memory, so that
/// `[0,0,0,…]` would otherwise take sixteen times its length.
const BYTES_PER_NODE: usize = 12;
/// Numbers in an array from which it is taken for a vector.
const VECTOR_LEN: usize = 64;

/// The value of a document, or `None` when it is not JSON even with good will.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    Reader::new(bytes, false).document()
}

/// The value of a response. Of its vectors, the first is whole and the others are cut to [`VECTOR_LEN`] numbers: only their
/// count and the length of the first are ever reported, and a batch of embeddings has millions of numbers.
pub(crate) fn read_response(bytes: &[u8]) -> Option<Value> {
    Reader::new(bytes, true).document()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    nodes_left: usize,
    cuts_vectors: bool,
    has_vector: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], cuts_vectors: bool) -> Self {
        let nodes_left = FREE_NODES.saturating_add(bytes.len() / BYTES_PER_NODE);
        Self { bytes, at: 0, depth: 0, nodes_left, cuts_vectors, has_vector: false }
    }

    fn document(&mut self) -> Option<Value> {
        let value = self.value()?;
        self.skip_whitespace();
        // `404 page not found` is a text and not the number 404.
        let is_whole = self.at == self.bytes.len() || value.is_object() || value.is_array();
        is_whole.then_some(value)
    }

    fn value(&mut self) -> Option<Value> {
        self.skip_whitespace();
        self.nodes_left = self.nodes_left.saturating_sub(1);
        match self.peek()? {
            b'{' | b'[' if self.depth >= MAX_DEPTH => self.too_deep(),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string().map(Value::String),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            b'N' => self.word(b"NaN", Value::Null),
            b'I' => self.word(b"Infinity", Value::Null),
            b'-' if self.bytes.get(self.at..)?.starts_with(b"-Infinity") => self.word(b"-Infinity", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Value>) -> Option<Value> {
        self.at = self.at.saturating_add(1);
        self.depth = self.depth.saturating_add(1);
        let value = read(self);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn object(&mut self) -> Option<Value> {
        let mut members = Map::new();
        self.skip_whitespace();
        if self.take(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            self.skip_whitespace();
            let name = self.string()?;
            self.skip_whitespace();
            if !self.take(b':') {
                return None;
            }
            // Out of budget, the rest is passed over without a tree. The end of the document still has to be found.
            if self.nodes_left == 0 {
                self.skip_value()?;
            } else {
                let value = self.value()?;
                members.insert(name, value);
            }
            self.skip_whitespace();
            if self.take(b'}') {
                return Some(Value::Object(members));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        let mut is_vector = true;
        self.skip_whitespace();
        if self.take(b']') {
            return Some(Value::Array(items));
        }
        loop {
            let is_cut = self.cuts_vectors && self.has_vector && is_vector && items.len() >= VECTOR_LEN;
            if self.nodes_left == 0 || is_cut {
                self.skip_value()?;
            } else {
                let item = self.value()?;
                is_vector &= item.is_number();
                items.push(item);
            }
            self.skip_whitespace();
            if self.take(b']') {
                break;
            }
            if !self.take(b',') {
                return None;
            }
        }
        self.has_vector |= is_vector && items.len() >= VECTOR_LEN;
        Some(Value::Array(items))
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.bytes.get(self.at..)?;
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.iter().take_while(is_part).count();
        let text = std::str::from_utf8(rest.get(..len)?).ok()?;
        self.at = self.at.saturating_add(len);
        let Ok(number) = text.parse::<Number>() else {
            // `1e999` is a number that no float holds; `1-2` is none at all.
            return text.parse::<f64>().is_ok().then_some(Value::Null);
        };
        Some(Value::Number(number))
    }

    /// A string. Its plain runs are copied whole; only escapes are looked at one by one.
    fn string(&mut self) -> Option<String> {
        if !self.take(b'"') {
            return None;
        }
        let mut text = String::new();
        loop {
            let rest = self.bytes.get(self.at..)?;
            let run = memchr::memchr2(b'"', b'\\', rest)?;
            text.push_str(&String::from_utf8_lossy(rest.get(..run)?));
            let is_end = rest.get(run) == Some(&b'"');
            self.at = self.at.saturating_add(run).saturating_add(1);
            if is_end {
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at = self.at.saturating_add(1);
        Some(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode_escape(),
            _ => char::REPLACEMENT_CHARACTER,
        })
    }

    /// Reads the character of a `\u` escape, whose first two bytes have been read, or of a pair of them.
    ///
    /// Streams cut texts anywhere, also between the halves of a pair: a half alone is one U+FFFD.
    fn unicode_escape(&mut self) -> char {
        let Some(high) = self.hex4(0) else { return char::REPLACEMENT_CHARACTER };
        self.at = self.at.saturating_add(4);
        let is_pair = (0xD800..0xDC00).contains(&high);
        let low = if is_pair && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            self.hex4(2).filter(|low| (0xDC00..0xE000).contains(low))
        } else {
            None
        };
        let Some(low) = low else { return char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER) };
        self.at = self.at.saturating_add(6);
        let code = (high & 0x3FF).checked_shl(10).unwrap_or(0) | (low & 0x3FF);
        char::from_u32(code.saturating_add(0x1_0000)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The four hexadecimal digits that stand so many bytes ahead.
    fn hex4(&self, ahead: usize) -> Option<u32> {
        let start = self.at.saturating_add(ahead);
        let digits = self.bytes.get(start..start.saturating_add(4))?;
        digits.iter().try_fold(0_u32, |code, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(code.saturating_mul(16).saturating_add(digit))
        })
    }

    fn too_deep(&mut self) -> Option<Value> {
        let start = self.at;
        self.skip_value()?;
        let text = String::from_utf8_lossy(self.bytes.get(start..self.at)?);
        Some(Value::from(super::cut(&text, MAX_CUT_CHARS)))
    }

    /// Passes over a value without recursion: brackets are counted, strings are jumped over.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.skip_whitespace();
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    self.at = self.at.saturating_add(1);
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at = self.at.saturating_add(1);
                }
                b',' | b':' if depth > 0 => {
                    self.at = self.at.saturating_add(1);
                    continue;
                }
                _ => {
                    let is_scalar = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                    let len = self.bytes.get(self.at..)?.iter().take_while(is_scalar).count();
                    let len = Some(len).filter(|len| *len > 0)?;
                    self.at = self.at.saturating_add(len);
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at = self.at.saturating_add(1);
        loop {
            let rest = self.bytes.get(self.at..)?;
            let run = memchr::memchr2(b'"', b'\\', rest)?;
            let is_end = rest.get(run) == Some(&b'"');
            self.at = self.at.saturating_add(run).saturating_add(if is_end { 1 } else { 2 });
            if is_end {
                return Some(());
            }
        }
    }

    fn word(&mut self, word: &[u8], value: Value) -> Option<Value> {
        self.bytes.get(self.at..)?.strip_prefix(word)?;
        self.at = self.at.saturating_add(word.len());
        Some(value)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(is_next));
        is_next
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        // Nearly always there is none.
        if self.peek().is_none_or(|byte| byte > b' ') {
            return;
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at = self.at.saturating_add(rest.iter().take_while(is_space).count());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_strict_readers_refuse_costs_one_value_only() {
        for (text, expected) in [
            (&br#"{"a":"x\ud83ey","b":1}"#[..], json!({"a": "x\u{FFFD}y", "b": 1})),
            (br#"{"a":"\udc00"}"#, json!({"a": "\u{FFFD}"})),
            (br#"{"a":"\ud83e\udd80"}"#, json!({"a": "🦀"})),
            (br#"{"a":"\ud83e\ud83e\udd80"}"#, json!({"a": "\u{FFFD}🦀"})),
            (br#"{"a":"\q\u12"}"#, json!({"a": "\u{FFFD}\u{FFFD}12"})),
            (b"{\"a\":\"\xff\",\"b\":1}", json!({"a": "\u{FFFD}", "b": 1})),
            (b"{\"a\":\"\t\x01\"}", json!({"a": "\t\u{1}"})),
            (br#"{"a":[NaN,Infinity,-Infinity,1e999],"b":1}"#, json!({"a": [null, null, null, null], "b": 1})),
            (br#"{"a":1} and more"#, json!({"a": 1})),
        ] {
            assert_eq!(read(text), Some(expected), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn what_is_cut_or_no_json_is_nothing() {
        for text in ["", " ", "{", r#"{"a":1"#, r#"{"a":"b"#, r#"{"a" 1}"#, "[1 2]", "404 page", "tru", "1-2", "{1:2}"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_value_that_is_nested_too_deeply_is_text_and_the_rest_stays() {
        for depth in [MAX_DEPTH + 10, 100_000] {
            let text = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(depth), "]".repeat(depth));
            let value = read(text.as_bytes()).unwrap();
            assert_eq!(value["b"], 2);
        }
    }

    #[test]
    fn many_small_values_are_bounded_and_the_end_is_found() {
        let text = format!("{{\"a\":[{}0],\"b\":2}}", "0,".repeat(1_000_000));
        let value = read(text.as_bytes()).unwrap();
        let kept = value["a"].as_array().map(Vec::len).unwrap();
        assert!(kept < FREE_NODES + text.len() / BYTES_PER_NODE + 1, "{kept}");
    }

    #[test]
    fn only_the_first_vector_of_a_response_is_whole() {
        let vector = format!("[{}0.5]", "0.5,".repeat(999));
        let text = format!("{{\"data\":[{vector},{vector}],\"usage\":{{\"n\":7}}}}");
        let len = |value: &Value, index: usize| value["data"][index].as_array().map(Vec::len);
        let response = read_response(text.as_bytes()).unwrap();
        assert_eq!((len(&response, 0), len(&response, 1)), (Some(1000), Some(VECTOR_LEN)));
        assert_eq!(response["usage"]["n"], 7);
        assert_eq!(len(&read(text.as_bytes()).unwrap(), 1), Some(1000));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn valid_json_is_read_as_serde_reads_it(value in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            prop_assert_eq!(read(text.as_bytes()), serde_json::from_str::<Value>(&text).ok());
        }

        #[test]
        fn what_serde_accepts_is_accepted(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\",:\\u0d81e -.nultrefas"[..]), 0..40)) {
            if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
                prop_assert_eq!(read(&bytes), Some(value));
            } else {
                let _ = read(&bytes);
            }
        }
    }
}
