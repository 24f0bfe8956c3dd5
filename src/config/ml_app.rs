//! Datadog's rules for the name of an LLM application.

/// Returns the first rule that the name breaks.
pub(crate) fn broken_rule(name: &str) -> Option<&'static str> {
    if is_plain(name) {
        return None;
    }
    let rules = [
        (name.is_empty(), "it is empty"),
        (name.chars().nth(MAX_CHARS).is_some(), "it is longer than 193 characters"),
        (name.chars().any(char::is_uppercase), "it has capital letters"),
        (!name.chars().all(is_allowed), "it has characters other than letters, digits, `_`, `-`, `:`, `.` and `/`"),
        (name.contains("__"), "it has two underscores in a row"),
        (name.ends_with('_'), "it ends in an underscore"),
    ];
    rules.into_iter().find_map(|(is_broken, rule)| is_broken.then_some(rule))
}

/// Changes a name as little as possible until it is a valid name of an LLM application.
///
/// Capital letters become small, characters that are not allowed become `_`, several `_` in a row become one, those at
/// the end are removed, and so is everything after 193 characters. An empty result becomes `unnamed-ml-app`. Different
/// names can become equal.
///
/// Use it for names that come from elsewhere: [`Builder::ml_app`](crate::Builder::ml_app) refuses an invalid name, and
/// the name that a span has is sent as it is.
///
/// # Example
///
/// ```
/// use tracing_llmobs::sanitize_ml_app;
///
/// assert_eq!(sanitize_ml_app("Chat Bot (v2)"), "chat_bot_v2");
/// assert_eq!(sanitize_ml_app("search/ranking:1.0"), "search/ranking:1.0");
/// assert_eq!(sanitize_ml_app("!"), "unnamed-ml-app");
/// ```
pub fn sanitize_ml_app(name: &str) -> String {
    if broken_rule(name).is_none() {
        return name.to_owned();
    }
    let mut clean = String::new();
    let mut chars = 0_usize;
    // Lower-casing one letter can give two characters, a letter and a combining accent, which is not allowed.
    for letter in name.chars().flat_map(char::to_lowercase) {
        let letter = if is_allowed(letter) && !letter.is_uppercase() { letter } else { '_' };
        if letter == '_' && clean.ends_with('_') {
            continue;
        }
        if chars == MAX_CHARS {
            break;
        }
        clean.push(letter);
        chars = chars.saturating_add(1);
    }
    let clean = clean.trim_end_matches('_');
    if clean.is_empty() { UNNAMED.to_owned() } else { clean.to_owned() }
}

/// Accepts the usual names without looking at Unicode: a name is checked for each span that has one.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b':' | b'.' | b'/');
    !name.is_empty() && name.len() <= MAX_CHARS && name.as_bytes().iter().all(is_plain)
}

fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || "_-:./".contains(letter)
}

/// The name of an application without one.
pub(super) const UNNAMED: &str = "unnamed-ml-app";

/// Longer names are cut by the intake.
const MAX_CHARS: usize = 193;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_rule_is_named() {
        let (longest, too_long) = ("é".repeat(193), "a".repeat(194));
        let table = [
            ("chat-bot", None),
            ("a_b/c:d.e-1", None),
            ("größe", None),
            (longest.as_str(), None),
            (too_long.as_str(), Some("193")),
            ("", Some("empty")),
            ("Chat", Some("capital")),
            ("chat bot", Some("other than")),
            ("chat,bot", Some("other than")),
            ("a__b", Some("in a row")),
            ("a_", Some("ends in")),
        ];
        for (name, expected) in table {
            let rule = broken_rule(name);
            assert_eq!(rule.is_some(), expected.is_some(), "{name}");
            assert!(rule.unwrap_or_default().contains(expected.unwrap_or_default()), "{name}: {rule:?}");
        }
    }
    proptest! {
        #[test]
        fn what_is_made_clean_breaks_no_rule_and_what_is_clean_stays(name in "\\PC{0,250}|[A-Z_ ß]{180,220}|[a-z]{1,9}") {
            let clean = sanitize_ml_app(&name);
            prop_assert_eq!(broken_rule(&clean), None);
            prop_assert_eq!(sanitize_ml_app(&clean), clean.clone());
            if broken_rule(&name).is_none() {
                prop_assert_eq!(clean, name);
            }
        }
    }
}
