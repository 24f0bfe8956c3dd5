//! Errors of clients name the URL that they did not reach, and keys stand in URLs: Gemini's as `?key=…`.

use llmobs_model::SpanError;

/// The error, with all URLs in it shortened to what is no secret.
pub(super) fn without_secrets(mut error: SpanError) -> SpanError {
    error.message = shortened(&error.message);
    error.stack = shortened(&error.stack);
    error
}

/// The text without the queries, the fragments and the names and passwords of the URLs in it.
fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(SCHEME_END) {
        let end = behind.find(|char: char| char.is_whitespace() || AROUND.contains(&char));
        let (url, after) = end.and_then(|end| behind.split_at_checked(end)).unwrap_or((behind, ""));
        let is_cut = url.contains(['?', '#']);
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = url.find('/').and_then(|at| url.split_at_checked(at)).unwrap_or((url, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        short.extend([before, SCHEME_END, host, path, if is_cut { LEFT_OUT } else { "" }]);
        rest = after;
    }
    short.push_str(rest);
    short
}

const SCHEME_END: &str = "://";
/// What ends a URL in the middle of a text; none of these stands in one.
const AROUND: &[char] = &['"', '<', '>', '`', '\u{27}', ')'];
const LEFT_OUT: &str = "?…";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_in_an_error_no_query_and_no_password_is_told() {
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
            assert_eq!(shortened(text), expected);
        }
    }
}
