//! The header `tracestate`: `dd=s:1;p:00f0;t.llmobs_parent_id:240,other=vendor`.

use super::carrier::{Carrier, TRACESTATE, is_printable};

/// The header's members, from all of its lines.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    /// Keys and values of Datadog's member, values still escaped.
    pub(super) own: Vec<(&'a str, &'a str)>,
    /// The members of other vendors, unparsed.
    pub(super) foreign: Vec<&'a str>,
}

impl<'a> State<'a> {
    /// Reads the first members, within the limits. Malformed members are skipped.
    pub(super) fn read(carrier: &'a impl Carrier) -> Self {
        Self::parse(carrier.values(TRACESTATE))
    }

    /// Reads the members of these lines.
    pub(super) fn parse(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut state = Self::default();
        let mut room = MAX_BYTES;
        for text in lines.take(MAX_MEMBERS) {
            // The member at the cut is incomplete, and would not fit anyway.
            let cut = (0..=text.len().min(room)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            let (seen, rest) = text.split_at_checked(cut).unwrap_or((text, ""));
            room = room.saturating_sub(cut);
            let mut members: Vec<&str> = seen.split(',').take(MAX_MEMBERS.saturating_add(1)).collect();
            if !rest.is_empty() && !rest.starts_with(',') {
                members.pop();
            }
            for member in members {
                state.take(member.trim());
            }
        }
        state
    }

    fn take(&mut self, member: &'a str) {
        let Some((vendor, value)) = member.split_once('=').filter(|_| is_printable(member)) else { return };
        if vendor.is_empty() || value.is_empty() {
            return;
        }
        if vendor == OWN && self.own.is_empty() {
            let pairs = value.split(';').filter_map(|pair| pair.split_once(':'));
            self.own.extend(pairs.map(|(key, value)| (key.trim(), value)));
        } else if vendor != OWN && member.len() <= MAX_FOREIGN_BYTES && self.foreign.len() < MAX_MEMBERS {
            self.foreign.push(member);
        }
    }

    /// Returns the entries that travel with the trace, without their prefix.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&'a str, String)> + '_ {
        let tags = self.own.iter().filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, *value)));
        tags.map(|(key, value)| (key, value.replace('~', "=")))
    }

    /// Returns the entries of Datadog's member that neither travel with the trace nor change with every hop.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        let changes = |key: &str| key.starts_with(PREFIX) || [PRIORITY, LAST_PARENT].contains(&key);
        self.own.iter().copied().filter(move |(key, _)| !changes(key))
    }
}

/// Datadog's member while it is written.
#[derive(Debug, Default)]
pub(super) struct Member(String);

impl Member {
    /// Appends an entry that travels with the trace. Returns `false` if it cannot be written or does not fit.
    pub(super) fn push_tag(&mut self, key: &str, value: &str) -> bool {
        let is_safe = is_printable(value) && !value.contains([',', ';', '~']) && value.trim() == value;
        is_safe && !value.is_empty() && self.push(&[PREFIX, key], &value.replace('=', "~"))
    }

    /// Appends an entry unescaped.
    pub(super) fn push_as_is(&mut self, key: &str, value: &str) -> bool {
        self.push(&[key], value)
    }

    fn push(&mut self, key: &[&str], value: &str) -> bool {
        let separator = if self.0.is_empty() { "dd=" } else { ";" };
        let is_key = key.iter().all(|part| is_printable(part) && !part.contains([' ', ',', '=', ';', ':']));
        let bytes = key.iter().fold(self.0.len(), |sum, part| sum.saturating_add(part.len()));
        let bytes = bytes.saturating_add(separator.len()).saturating_add(value.len()).saturating_add(1);
        if !is_key || bytes > MAX_OWN_BYTES {
            return false;
        }
        self.0.push_str(separator);
        for part in key {
            self.0.push_str(part);
        }
        self.0.push(':');
        self.0.push_str(value);
        true
    }

    /// Returns the whole header: Datadog's member first, then other vendors' as far as they fit.
    pub(super) fn with_foreign<'a>(self, foreign: impl IntoIterator<Item = &'a str>) -> String {
        let mut members = vec![self.0];
        let mut room = MAX_BYTES.saturating_sub(members.iter().map(String::len).sum());
        for member in foreign.into_iter().take(MAX_MEMBERS - 1) {
            let Some(left) = room.checked_sub(member.len().saturating_add(1)) else { continue };
            room = left;
            members.push(member.to_owned());
        }
        members.join(",")
    }
}

/// The sampling priority and the id of the last span, in Datadog's member.
pub(super) const PRIORITY: &str = "s";
pub(super) const LAST_PARENT: &str = "p";
const OWN: &str = "dd";
const PREFIX: &str = "t.";
/// W3C's limits; that of Datadog's member is the other SDKs'.
const MAX_BYTES: usize = 512;
const MAX_MEMBERS: usize = 32;
const MAX_FOREIGN_BYTES: usize = 128;
const MAX_OWN_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn carrier(text: &str) -> HashMap<String, String> {
        HashMap::from([(TRACESTATE.to_owned(), text.to_owned())])
    }

    #[test]
    fn datadogs_member_is_found_among_others() {
        let carrier = carrier("ot=rv:1;th:0, dd=s:1;t.a:b~c;x;p:00f0;o:rum , =,bare,z=1,dd=t.a:no");
        let state = State::read(&carrier);
        assert_eq!(state.tags().collect::<Vec<_>>(), [("a", "b=c".to_owned())]);
        assert_eq!(state.others().collect::<Vec<_>>(), [("o", "rum")]);
        assert_eq!(state.foreign, ["ot=rv:1;th:0", "z=1"]);
    }

    #[test]
    fn reading_stops_at_the_limits() {
        let long = format!("a={},b={},dd=t.k:v", "x".repeat(200), "\u{e9}".repeat(200));
        assert!(State::read(&carrier(&long)).own.is_empty());
        let many = "a=1,".repeat(100);
        assert_eq!(State::read(&carrier(&many)).foreign.len(), 32);
    }

    #[test]
    fn entries_that_cannot_be_written_are_left_out() {
        let mut member = Member::default();
        let long = "x".repeat(256);
        let tags =
            [("a", "1=2"), ("b", "1;2"), ("c", "1,2"), ("d", "~"), ("e", ""), ("f", &long), ("g", " "), ("h", "9")];
        let written = tags.map(|(key, value)| member.push_tag(key, value));
        assert_eq!(written, [true, false, false, false, false, false, false, true]);
        assert_eq!(member.with_foreign(["x=1", &long, &long, "y=2"]).len(), "dd=t.a:1~2;t.h:9".len() + 4 + 257 + 4);
    }
}
