//! Names of fields, members, tags and parameters that say that their value is a secret.

use super::name_words::{FACTS, HARMLESS_KEYS, HARMLESS_TOKENS, QUESTIONS, SECRET_ENDINGS, SECRET_PAIRS, SECRET_WORDS};

/// The judgement about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every caller decides about all three")]
pub enum NameVerdict {
    /// The name says nothing; the value is judged by its shape alone.
    Harmless,
    /// The name is a secret's where the value looks random: a bare `key`, `token`, `session`, `sig`.
    ByValue,
    /// The value is a secret, whatever it looks like.
    Secret,
}

/// Judges a name by its whole words, however they are joined: `api_key`, `apiKey`, `API-Key` and `api key` are alike.
///
/// Counts (`max_tokens`), places (`next_page_token`, `primary_key`) and facts about a secret (`password_policy`) are
/// harmless, and so are the names that the product itself sends, such as `session_id`.
pub fn judge_name(name: &str) -> NameVerdict {
    if name.len() > MAX_NAME_BYTES || !may_be_secret(name) {
        return NameVerdict::Harmless;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.first().is_some_and(|first| QUESTIONS.contains(first)) {
        return NameVerdict::Harmless;
    }
    if words.ends_with(&["mcp", "session", "id"])
        || words.ends_with(&["access", "key", "id"])
        || words == ["secret", "id"]
    {
        return NameVerdict::Secret;
    }
    match words.as_slice() {
        [.., before, "token"] if HARMLESS_TOKENS.contains(before) => NameVerdict::Harmless,
        [_, .., "token"] => NameVerdict::Secret,
        _ if has_secret(&words) => NameVerdict::Secret,
        ["key" | "token" | "session" | "sig" | "signature" | "code"] => NameVerdict::ByValue,
        [.., before, "key"] if !HARMLESS_KEYS.contains(before) => NameVerdict::ByValue,
        _ => NameVerdict::Harmless,
    }
}

/// Returns whether a secret word or pair stands in the name, and is not followed by a word that makes it a fact.
fn has_secret(words: &[&str]) -> bool {
    let is_fact = |rest: &[&str]| rest.first().is_some_and(|word| FACTS.contains(word));
    let mut rest = words;
    while let Some((word, behind)) = rest.split_first() {
        let is_secret = SECRET_WORDS.contains(word) || SECRET_ENDINGS.iter().any(|ending| word.ends_with(ending));
        let is_pair = behind.first().is_some_and(|second| SECRET_PAIRS.contains(&(*word, *second)));
        let behind_pair = behind.get(1..).unwrap_or_default();
        if (is_secret && !is_fact(behind) && (*word != "auth" || behind.is_empty()))
            || (is_pair && !is_fact(behind_pair))
        {
            return true;
        }
        rest = behind;
    }
    false
}

/// Returns whether a name has a letter sequence that any secret has. Most names end here, without an allocation.
fn may_be_secret(name: &str) -> bool {
    const STEMS: [&[u8]; 18] = [
        b"key", b"tok", b"sec", b"pas", b"pwd", b"aut", b"coo", b"cre", b"ses", b"sig", b"dsn", b"jwt", b"bea", b"con",
        b"otp", b"cod", b"see", b"sgn",
    ];
    name.as_bytes().windows(3).any(|three| STEMS.iter().any(|stem| three.eq_ignore_ascii_case(stem)))
}

/// Splits a name into words in small letters, at punctuation and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = name.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        let is_start = char.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase)));
        if is_start || !char.is_alphanumeric() {
            words.push(String::new());
        }
        if char.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(char.to_ascii_lowercase());
        }
        before = char;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Longer texts are no names.
const MAX_NAME_BYTES: usize = 256;
