//! Datadog's rules for the name of an LLM application.

/// The first rule that a name breaks.
pub(super) fn broken_rule(name: &str) -> Option<&'static str> {
    let is_allowed = |letter: char| letter.is_alphanumeric() || "_-:./".contains(letter);
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

/// Longer names are cut by the intake.
const MAX_CHARS: usize = 193;

#[cfg(test)]
mod tests {
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
}
