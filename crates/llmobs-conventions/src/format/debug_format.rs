//! Text that Rust's `Debug` wrote, back to data.
//!
//! Strings, numbers, lists, maps, options and the values of `serde_json` can be read back. Structs cannot: they stay
//! text.

use std::borrow::Cow;

use serde_json::Number;

use crate::format::json::Json;

/// Parses the text of a value that is data from end to end.
pub(crate) fn parse(text: &str) -> Option<Json<'_>> {
    let mut reader = Parser { rest: text, depth: 0 };
    let value = reader.value()?;
    reader.space();
    reader.rest.is_empty().then_some(value)
}

/// Returns the string that a `Debug` text shows, or `None` if the text is not exactly one string literal.
///
/// ```
/// use llmobs_conventions::debug_format::unquote;
///
/// assert_eq!(unquote(r#""a\nb""#).as_deref(), Some("a\nb"));
/// assert_eq!(unquote("plain"), None);
/// ```
pub fn unquote(text: &str) -> Option<Cow<'_, str>> {
    let mut reader = Parser { rest: text.strip_prefix('"')?, depth: 0 };
    let inner = reader.literal()?;
    reader.rest.is_empty().then_some(inner)
}

struct Parser<'a> {
    rest: &'a str,
    depth: u32,
}

impl<'a> Parser<'a> {
    /// The deepest nesting that is read, as in `serde_json`.
    const DEEPEST: u32 = 127;

    fn value(&mut self) -> Option<Json<'a>> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth <= Self::DEEPEST)?;
        self.space();
        let value = self.any()?;
        self.depth = self.depth.saturating_sub(1);
        Some(value)
    }

    fn any(&mut self) -> Option<Json<'a>> {
        for (opening, closing) in WRAPPERS {
            if self.take(opening) {
                let value = self.value()?;
                self.space();
                return self.take(closing).then_some(value);
            }
        }
        for (opening, close) in [("Array [", ']'), ("[", ']')] {
            if self.take(opening) {
                return self.list(close);
            }
        }
        for opening in ["Object {", "{"] {
            if self.take(opening) {
                return self.map();
            }
        }
        if self.take("\"") {
            return self.literal().map(Json::Text);
        }
        self.token()
    }

    fn list(&mut self, close: char) -> Option<Json<'a>> {
        let mut items = Vec::new();
        loop {
            self.space();
            if self.take_char(close) {
                return Some(Json::List(items));
            }
            items.push(self.value()?);
            self.separator(close)?;
        }
    }

    fn map(&mut self) -> Option<Json<'a>> {
        let mut members = Vec::new();
        loop {
            self.space();
            if self.take_char('}') {
                return Some(Json::Object(members));
            }
            if !self.take("\"") {
                return None;
            }
            let name = self.literal()?;
            if !self.take(":") {
                return None;
            }
            members.push((name, self.value()?));
            self.separator('}')?;
        }
    }

    /// Reads a comma, which may be missing before the closing bracket.
    fn separator(&mut self, close: char) -> Option<()> {
        self.space();
        (self.take_char(',') || self.rest.starts_with(close)).then_some(())
    }

    /// Reads a number, a flag, or an empty option.
    fn token(&mut self) -> Option<Json<'a>> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | ')');
        let (token, rest) = self.rest.split_at_checked(self.rest.find(is_end).unwrap_or(self.rest.len()))?;
        self.rest = rest;
        match token {
            "None" | "Null" | "null" => Some(Json::Null),
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            _ => serde_json::from_str::<Number>(token).ok().map(Json::Number),
        }
    }

    /// Reads a string up to its closing quote; the opening quote was read before.
    fn literal(&mut self) -> Option<Cow<'a, str>> {
        let plain = self.rest.find(['"', '\\'])?;
        let (start, rest) = self.rest.split_at_checked(plain)?;
        if let Some(rest) = rest.strip_prefix('"') {
            self.rest = rest;
            return Some(Cow::Borrowed(start));
        }
        let mut out = start.to_owned();
        let mut chars = rest.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => out.push(escaped(&mut chars)?),
                c => out.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(Cow::Owned(out))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_char(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// Reads the character of an escape; the backslash was read before.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'u' => {
            let (digits, after) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            *chars = after.chars();
            // An escape has six digits at most; a long text must not be read as one.
            let digits = Some(digits).filter(|digits| digits.len() <= 6)?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
        }
        c @ ('"' | '\\' | '\'') => c,
        _ => return None,
    })
}

/// Wrappers around one value that carry no data of their own.
const WRAPPERS: [(&str, &str); 4] = [("Some(", ")"), ("String(", ")"), ("Number(", ")"), ("Bool(", ")")];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn data_is_read_and_structs_are_not() {
        let cases = [
            ("\"a \\\"b\\\"\\n\\u{e9}\\'\"", Some(json!("a \"b\"\né'"))),
            ("Some(4)", Some(json!(4))),
            ("Some(\"x\")", Some(json!("x"))),
            ("None", Some(json!(null))),
            ("[\"stop\", \"length\"]", Some(json!(["stop", "length"]))),
            ("{\"a\": 1, \"b\": Some(-0.5)}", Some(json!({"a": 1, "b": -0.5}))),
            ("[\n    1,\n    2,\n]", Some(json!([1, 2]))),
            ("[Msg { role: User }]", None),
            ("Array [", None),
            ("[1] trailing", None),
            ("\"a\" \"b\"", None),
            ("{\"a\", \"b\"}", None),
            ("hello", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).map(|json| json.to_value()), expected, "{text}");
        }
        let deep = "Some(".repeat(1_000_000);
        assert_eq!(parse(&deep), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_shows_is_read_back(value in any_json()) {
            for text in [format!("{value:?}"), format!("{value:#?}")] {
                prop_assert_eq!(parse(&text).map(|json| json.to_value()), Some(value.clone()));
            }
        }

        #[test]
        fn a_shown_text_is_read_back(text in any::<String>()) {
            let shown = format!("{text:?}");
            prop_assert_eq!(unquote(&shown).unwrap().into_owned(), text);
        }

        #[test]
        fn no_text_panics(text in r#"([\[\]{}(),:"\\ ]|Some\(|Array \[|Object \{|String\(|Number\(|None|\\u\{|[a-z0-9]|.)*"#) {
            let _ = (parse(&text), unquote(&text));
        }
    }
}
