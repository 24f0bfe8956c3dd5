//! Removes secrets from the URLs in error messages: clients name the URL that they did not reach, and some providers take
//! their key in it (`?key=…`).

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
    while let Some((before, behind)) = rest.split_once(SCHEME_END) {
        let end = behind.find(|char: char| char.is_whitespace() || URL_ENDS.contains(&char));
        let (url, after) = end.and_then(|end| behind.split_at_checked(end)).unwrap_or((behind, ""));
        let is_cut = url.contains(['?', '#']);
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = url.find('/').and_then(|at| url.split_at_checked(at)).unwrap_or((url, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        cleaned.extend([before, SCHEME_END, host, path, if is_cut { OMITTED } else { "" }]);
        rest = after;
    }
    cleaned.push_str(rest);
    cleaned
}

const SCHEME_END: &str = "://";
/// Characters that end a URL inside a text.
const URL_ENDS: &[char] = &['"', '<', '>', '`', '\u{27}', ')'];
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
            assert_eq!(clean_urls(text), expected);
        }
    }
}
