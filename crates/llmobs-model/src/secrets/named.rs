//! Values behind names in a text: `password=…`, `"api_key": "…"`, `Login { token: "…" }`, `Received API Key = …`.

use super::found::{Found, MARK, is_hidden};
use super::name::{NameVerdict, judge_name};
use super::shapes::looks_random;
use super::word::{is_of_name, is_reference};

/// Adds the ranges of the values of secret names.
pub(super) fn find(text: &str, found: &mut Found) {
    let mut done = 0;
    for (at, _) in text.match_indices([':', '=']) {
        if at < done {
            continue;
        }
        let (Some(before), Some(behind)) = (text.get(done..at), text.get(at.saturating_add(1)..)) else { continue };
        let verdict = verdict_before(before);
        let is_headers = verdict == NameVerdict::Harmless && has_headers(before, behind);
        if (verdict == NameVerdict::Harmless && !is_headers) || behind.starts_with([':', '=', '/']) {
            continue;
        }
        let quotes = json_quotes(before);
        if let (Some(backslashes), true) = (quotes, behind.trim_start().starts_with(['{', '['])) {
            done = find_container(text, at.saturating_add(1), (verdict, backslashes), found).unwrap_or(done);
            continue;
        }
        // A random value is short. To look for the end of a longer one at each sign in it would take quadratic time; that of a
        // secret is read once, and the search goes on behind it.
        let behind = if verdict == NameVerdict::Secret { behind } else { head(behind) };
        let value = Value::read(behind);
        let start = at.saturating_add(1).saturating_add(value.skipped);
        let end = start.saturating_add(value.text.len());
        let is_secret = !is_hidden(text, &(start..end))
            && match verdict {
                NameVerdict::Secret => {
                    value.is_quoted || value.text.starts_with(MARK) || !is_code(value.text, value.behind)
                }
                NameVerdict::ByValue => looks_random(value.text),
                NameVerdict::Harmless => false,
            };
        if is_secret {
            found.add_quoted(text, start..end, quotes.filter(|_| !value.is_quoted));
            done = end;
        }
    }
}

/// Returns whether a JSON object of HTTP headers begins here; each of them may be a credential.
fn has_headers(before: &str, behind: &str) -> bool {
    let name = before.trim_end_matches(['"', '\\']);
    name.len() < before.len() && name.ends_with("eaders") && behind.trim_start().starts_with('{')
}

/// Returns the backslashes before the quote that ends a name in JSON; `None` when the name has no quotes.
fn json_quotes(before: &str) -> Option<usize> {
    let name = before.trim_end_matches(' ').strip_suffix('"')?;
    Some(name.len().saturating_sub(name.trim_end_matches('\\').len()))
}

/// Adds the list or object behind a secret name, and returns where it ends. What defines a parameter (`"type": …`) is not
/// its value.
fn find_container(text: &str, from: usize, of: (NameVerdict, usize), found: &mut Found) -> Option<usize> {
    let (verdict, backslashes) = of;
    let rest = text.get(from..)?;
    let start = from.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
    if verdict == NameVerdict::ByValue {
        return None;
    }
    let (mut depth, mut is_text, mut escapes) = (0_usize, false, 0_usize);
    for (at, byte) in text.as_bytes().get(start..)?.iter().enumerate() {
        match byte {
            b'\\' => {
                escapes = escapes.saturating_add(1);
                continue;
            }
            b'"' if escapes <= backslashes => is_text = !is_text,
            b'{' | b'[' if !is_text => depth = depth.saturating_add(1),
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        escapes = 0;
        if depth == 0 {
            let end = start.saturating_add(at).saturating_add(1);
            let inner = text.get(start..end)?;
            let is_empty = inner.len() <= 2;
            if !is_empty && !inner.contains("\"type") && !inner.contains("\"$ref") {
                found.add_quoted(text, start..end, Some(backslashes));
                return Some(end);
            }
            return None;
        }
        if at > MAX_CONTAINER {
            return None;
        }
    }
    None
}

/// Judges the name that a text ends with: its last word, or its last two.
fn verdict_before(before: &str) -> NameVerdict {
    let window = before.len().saturating_sub(MAX_NAME);
    let window = (window..=before.len()).find_map(|at| before.get(at..)).unwrap_or_default();
    let name = window.trim_end_matches([' ', '"', '\'', '\\', ']', '`']);
    let split = |text: &'_ str| text.rfind(|char: char| !is_of_name(char)).map_or(0, |at| next_char(text, at));
    let last = split(name);
    let Some(word) = name.get(last..) else { return NameVerdict::Harmless };
    let alone = judge_name(word);
    if alone == NameVerdict::Secret {
        return alone;
    }
    // "API Key", "access token": two words with one space between.
    let Some(first) = name.get(..last).and_then(|before| before.strip_suffix(' ')) else { return alone };
    let pair = first.get(split(first)..).map(|first| judge_name(&format!("{first} {word}")));
    match pair {
        Some(NameVerdict::Secret) => NameVerdict::Secret,
        Some(NameVerdict::ByValue | NameVerdict::Harmless) | None => alone,
    }
}

/// Returns the beginning of a text, as far as a random value reaches.
fn head(text: &str) -> &str {
    let end = (0..=MAX_RANDOM.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

fn next_char(text: &str, at: usize) -> usize {
    at.saturating_add(text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8))
}

/// A value in a text.
struct Value<'a> {
    /// Bytes between the name and the value.
    skipped: usize,
    text: &'a str,
    behind: &'a str,
    is_quoted: bool,
}

impl<'a> Value<'a> {
    fn read(text: &'a str) -> Self {
        let rest = text.trim_start_matches([' ', '\t']);
        let rest = ["Some(", "b"].iter().find_map(|open| rest.strip_prefix(open).filter(|rest| rest.starts_with('"')));
        let rest = rest.unwrap_or_else(|| text.trim_start_matches([' ', '\t']));
        let unescaped = rest.trim_start_matches('\\');
        let escapes = rest.len().saturating_sub(unescaped.len());
        if let Some(quote) = unescaped.chars().next().filter(|char| matches!(char, '"' | '\'' | '`')) {
            let inner = unescaped.get(1..).unwrap_or_default();
            let end = end_of_quoted(inner, quote, escapes);
            let (value, behind) = inner.split_at_checked(end).unwrap_or((inner, ""));
            return Self { skipped: text.len().saturating_sub(inner.len()), text: value, behind, is_quoted: true };
        }
        let is_end =
            |char: char| char.is_whitespace() || matches!(char, ',' | ';' | '&' | '"' | '\'' | ')' | '}' | ']' | '`');
        // The mark ends with what ends a value; what follows it at once belongs to the value.
        let mark = if rest.starts_with(MARK) { MARK.len() } else { 0 };
        let unmarked = rest.get(mark..).unwrap_or_default();
        let mut end = mark.saturating_add(unmarked.find(is_end).unwrap_or(unmarked.len()));
        // Of `Authorization: Bearer …` the token is the value, not the scheme.
        let first = rest.get(..end).unwrap_or_default();
        if SCHEMES.iter().any(|scheme| first.eq_ignore_ascii_case(scheme)) {
            let spaces =
                rest.get(end..).map_or(0, |rest| rest.len().saturating_sub(rest.trim_start_matches(' ').len()));
            let begin = end.saturating_add(spaces);
            let token = rest.get(begin..).unwrap_or_default();
            end = token.find(is_end).unwrap_or(token.len());
            let (value, behind) = token.split_at_checked(end).unwrap_or((token, ""));
            return Self {
                skipped: text.len().saturating_sub(token.len()),
                text: value,
                behind,
                is_quoted: !value.is_empty(),
            };
        }
        let (value, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Self { skipped: text.len().saturating_sub(rest.len()), text: value, behind, is_quoted: false }
    }
}

/// Returns where a quoted text ends: at a quote behind as many backslashes as the opening one has.
fn end_of_quoted(inner: &str, quote: char, escapes: usize) -> usize {
    let mut backslashes = 0_usize;
    for (at, char) in inner.char_indices() {
        if char == quote && backslashes <= escapes && (escapes > 0 || backslashes.is_multiple_of(2)) {
            return at.saturating_sub(backslashes.min(escapes));
        }
        backslashes = if char == '\\' { backslashes.saturating_add(1) } else { 0 };
    }
    inner.len()
}

/// Returns whether an unquoted value is code or prose and not a value: a type, a call, the rest of a sentence.
fn is_code(value: &str, behind: &str) -> bool {
    let plain = value.trim_end_matches(['.', '!', '?', ':', '>']);
    let is_word = plain.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let goes_on = behind.strip_prefix(' ').is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_lowercase()));
    let is_prose = goes_on && plain.bytes().all(|byte| byte.is_ascii_lowercase());
    plain.is_empty()
        || is_reference(plain)
        || plain.starts_with(['[', '(', '&', '|'])
        || plain.contains(['(', '[', '<'])
        || is_prose
        || (is_word && WORDS_OF_CODE.iter().any(|word| plain.eq_ignore_ascii_case(word)))
}

/// The length beyond which a value is not looked at, unless its name says enough.
const MAX_RANDOM: usize = 256;
/// Bytes before `:` or `=` that are searched for a name.
const MAX_NAME: usize = 80;
/// Longer lists and objects are searched by the names in them.
const MAX_CONTAINER: usize = 4096;
const SCHEMES: [&str; 4] = ["Bearer", "Basic", "Token", "Digest"];
const WORDS_OF_CODE: [&str; 24] = [
    "string",
    "str",
    "number",
    "bool",
    "boolean",
    "int",
    "integer",
    "none",
    "null",
    "true",
    "false",
    "undefined",
    "nil",
    "option",
    "required",
    "optional",
    "missing",
    "invalid",
    "any",
    "object",
    "bytes",
    "self",
    "Some",
    "secretstring",
];
