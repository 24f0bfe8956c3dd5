//! The header `x-datadog-tags`: `_dd.p.llmobs_parent_id=1,_dd.p.dm=-1`.

use super::carrier::is_printable;

/// Returns the entries that travel with the trace, without their prefix. Malformed entries are skipped.
pub(super) fn parse(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let text = if text.len() <= MAX_BYTES { text } else { "" };
    let entries = text.split(',').filter_map(|entry| entry.trim_start().split_once('='));
    entries
        .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value)))
        .filter(|(key, value)| is_safe(key, value))
}

/// The header while it is written.
#[derive(Debug, Default)]
pub(super) struct Tagset(String);

impl Tagset {
    /// Appends an entry. Returns `false` if it has characters that cannot be written, or does not fit.
    pub(super) fn push(&mut self, key: &str, value: &str) -> bool {
        let separator = usize::from(!self.0.is_empty());
        let bytes = [self.0.len(), separator, PREFIX.len(), key.len(), 1, value.len()];
        if !is_safe(key, value) || bytes.into_iter().fold(0, usize::saturating_add) > MAX_BYTES {
            return false;
        }
        if separator > 0 {
            self.0.push(',');
        }
        for part in [PREFIX, key, "=", value] {
            self.0.push_str(part);
        }
        true
    }

    pub(super) fn into_text(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

/// Returns whether an entry arrives as it was written; spaces at the ends of a value would not.
fn is_safe(key: &str, value: &str) -> bool {
    let is_key = !key.is_empty() && is_printable(key) && !key.contains([' ', ',', '=']);
    is_key && !value.is_empty() && value.trim() == value && is_printable(value) && !value.contains(',')
}

const PREFIX: &str = "_dd.p.";
/// Other SDKs ignore the whole header if it is longer.
pub(super) const MAX_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_entries_are_skipped() {
        let text = "_dd.p.a=1,_dd.p.b==2=, _dd.p.c=3,x=4,_dd.p.d,_dd.p.=5,=,,_dd.p.e=,_dd.p.f=\u{e9},_dd.p.a=6";
        assert_eq!(parse(text).collect::<Vec<_>>(), [("a", "1"), ("b", "=2="), ("c", "3"), ("a", "6")]);
        assert_eq!(parse(&format!("_dd.p.a={}", "1".repeat(505))).count(), 0);
        assert_eq!(parse(&format!("_dd.p.a={}", "1".repeat(504))).count(), 1);
    }

    #[test]
    fn an_entry_that_cannot_be_written_leaves_the_others() {
        let mut tags = Tagset::default();
        let long = "x".repeat(500);
        let entries = [("a", "1"), ("b", "1,2"), ("c", ""), ("d", "\n"), ("e", " 1"), ("f", &long), ("g", "a=b c")];
        let written = entries.map(|(key, value)| tags.push(key, value));
        assert_eq!(written, [true, false, false, false, false, false, true]);
        assert_eq!(tags.into_text().as_deref(), Some("_dd.p.a=1,_dd.p.g=a=b c"));
        assert_eq!(Tagset::default().into_text(), None);
    }
}
