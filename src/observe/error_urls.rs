//! Removes secrets from the URLs in error messages: clients name the URL that they did not reach, and some providers take
//! their key in it (`?key=…`).
//!
//! The cleaner works on words and not on valid URLs, because messages quote URLs in many ways: in brackets, relative,
//! without a scheme, or as JSON text. When in doubt it removes more.

use llmobs_model::SpanError;

/// Returns the error without the secrets in its URLs: queries, fragments, users and passwords.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SpanError;
/// use tracing_llmobs::observe::without_url_secrets;
///
/// let error = SpanError::new("error sending request for url (https://host/v1?key=secret)");
/// assert_eq!(without_url_secrets(error).message, "error sending request for url (https://host/v1?…)");
/// ```
pub fn without_url_secrets(mut error: SpanError) -> SpanError {
    error.message = clean_urls(&error.message);
    error.stack = clean_urls(&error.stack);
    error
}

fn clean_urls(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_separator).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        push_clean_word(&mut cleaned, word);
        let next = behind.find(|char| !is_separator(char)).unwrap_or(behind.len());
        let (separators, behind) = behind.split_at_checked(next).unwrap_or((behind, ""));
        cleaned.push_str(separators);
        rest = behind;
    }
    cleaned
}

/// Characters that no URL contains. Quotes and brackets are not among them: `'`, `(` and `)` are legal in a URL, and what
/// follows them may be the rest of a key.
fn is_separator(char: char) -> bool {
    char.is_whitespace() || matches!(char, '"' | '<' | '>' | '`')
}

fn push_clean_word(cleaned: &mut String, word: &str) {
    let has_scheme = word.contains("://") || word.contains(r":\/\/");
    if !has_scheme && !word.contains(['@', '?']) {
        cleaned.push_str(word);
        return;
    }
    let word = if has_scheme { without_userinfo(word) } else { without_bare_userinfo(word).to_owned() };
    let Some((before, query)) = split_query(&word, has_scheme) else {
        cleaned.push_str(&word);
        return;
    };
    let punctuation = query.len().saturating_sub(query.trim_end_matches(is_closing).len());
    let closing = query.get(query.len().saturating_sub(punctuation)..).unwrap_or_default();
    cleaned.extend([before, OMITTED, closing]);
}

/// Splits a word before its query or fragment. Without a scheme only what looks like a query is one: `and/or?` and `#12`
/// are not.
fn split_query(word: &str, has_scheme: bool) -> Option<(&str, &str)> {
    let markers: &[&str] = if has_scheme { &["?", "#", r"\u003f", r"\u0023"] } else { &["?"] };
    let (at, marker) = markers.iter().filter_map(|marker| Some((word.find(marker)?, *marker))).min()?;
    let (before, rest) = word.split_at_checked(at)?;
    let query = rest.strip_prefix(marker)?;
    let is_query =
        has_scheme || query.contains('=') || (before.contains('/') && !query.trim_end_matches(is_closing).is_empty());
    is_query.then_some((before, query))
}

/// Removes users and passwords behind each `://` of a word, also where JSON escapes the slashes.
fn without_userinfo(word: &str) -> String {
    let mut cleaned = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) =
        ["://", r":\/\/"].iter().filter_map(|end| Some(rest.find(end)?.saturating_add(end.len()))).min()
    {
        let Some((scheme, behind)) = rest.split_at_checked(at) else { break };
        let end = behind.find(['/', '\\']).unwrap_or(behind.len());
        let authority = behind.get(..end).unwrap_or(behind);
        cleaned.push_str(scheme);
        rest = behind.get(userinfo_bytes(authority)..).unwrap_or_default();
    }
    cleaned.push_str(rest);
    cleaned
}

/// Returns the length of `user:password@`. An `@` in a query is none, unless the query is part of a password that nobody
/// has encoded: then what is behind the colon is no port.
fn userinfo_bytes(authority: &str) -> usize {
    let Some(at) = authority.rfind('@') else { return 0 };
    let before_query = authority.split(['?', '#']).next().unwrap_or_default();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = before_query.split_once(':').is_none_or(|(_, port)| is_port(port));
    if before_query.len() < at && is_host { 0 } else { at.saturating_add(1) }
}

/// Removes `user:password@` from the beginning of a word that has no scheme.
fn without_bare_userinfo(word: &str) -> &str {
    let Some((userinfo, host)) = word.rsplit_once('@') else { return word };
    let is_userinfo = userinfo.split_once(':').is_some_and(|(user, password)| !user.is_empty() && !password.is_empty());
    if is_userinfo { host } else { word }
}

/// Punctuation that a sentence puts behind a URL.
const fn is_closing(char: char) -> bool {
    matches!(char, ')' | ']' | '}' | '\u{27}' | ',' | ';' | ':' | '.' | '!' | '?' | '\\')
}

const OMITTED: &str = "?…";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_passwords_are_removed_from_urls_in_a_text() {
        for (text, expected) in [
            ("no url at all?", "no url at all?"),
            ("", ""),
            ("for url (https://h/v1?key=k): refused", "for url (https://h/v1?…): refused"),
            ("https://h:8080/v1", "https://h:8080/v1"),
            ("http://user:pass@h/a@b then ftp://x@y", "http://h/a@b then ftp://y"),
            ("https://h?key=k", "https://h?…"),
            ("https://h/a#k \"http://i/?key=k\" end?", "https://h/a?… \"http://i/?…\" end?"),
            ("https://h/?next=https://user:p@i/?key=k", "https://h/?…"),
            ("ü://é?k", "ü://é?…"),
            ("://", "://"),
        ] {
            assert_eq!(clean_urls(text), expected, "{text}");
        }
    }

    #[test]
    fn no_way_of_quoting_a_url_keeps_its_secrets() {
        for (text, expected) in [
            ("https://h/v1?key=a'SECRET", "https://h/v1?…"),
            ("https://h/v1?key=(SECRET)SECRET", "https://h/v1?…"),
            ("(https://h/v1?key=a)SECRET).", "(https://h/v1?…)."),
            ("'https://u:SEC'RET@h/v1'", "'https://h/v1'"),
            ("https://u:SEC(RET)@h/v1", "https://h/v1"),
            ("https://u:SEC?RET@h/v1", "https://h/v1"),
            ("connect u:SECRET@host:443 failed", "connect host:443 failed"),
            ("proxy (u:SEC/RET@host:443) failed", "proxy host:443) failed"),
            ("POST /v1/models?key=SECRET: 400", "POST /v1/models?…: 400"),
            ("POST generate?key=SECRET", "POST generate?…"),
            (r#"{"url":"https:\/\/u:SECRET@h\/v1?key=SECRET"}"#, r#"{"url":"https:\/\/h\/v1?…"}"#),
            (r"https://h/v1\u003fkey=SECRET", "https://h/v1?…"),
            ("https://u:SECRET@a/x,https://v:SECRET@b/y", "https://a/x,https://b/y"),
        ] {
            let cleaned = clean_urls(text);
            assert_eq!(cleaned, expected, "{text}");
            assert_eq!(clean_urls(&cleaned), cleaned, "cleaning twice changes nothing: {text}");
            assert!(!cleaned.contains("SEC"), "{cleaned}");
        }
    }

    #[test]
    fn text_that_is_no_url_stays() {
        for text in ["and/or?", "issue #12, really?", "joe@example.com", "a: b", "std::io::Error", "n/a", "50% (x=1)"] {
            assert_eq!(clean_urls(text), text);
        }
    }
}
