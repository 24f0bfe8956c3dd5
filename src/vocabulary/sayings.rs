//! What a log holds in the words of other crates → [`Sayings`], for those who read them.

use super::foreign::{EventSayings, Sayings};
use crate::recording::{Callsite, FieldKey, FieldLog, FieldValue, LogEntry};

/// What a span said in the words of other crates, in its fields and in events inside it.
pub(crate) fn heard<'a>(callsite: &'a Callsite, log: &'a FieldLog) -> Sayings<'a> {
    let said = log.iter();
    let most_fields = callsite.declared.len().min(said.size_hint().0);
    let mut sayings = Sayings {
        target: callsite.target,
        span_name: callsite.name,
        fields: Vec::with_capacity(most_fields),
        events: Vec::new(),
        declared_names: &callsite.declared,
    };
    for said in said {
        match said {
            LogEntry::Field(FieldKey::Foreign(name), value) => sayings.fields.push((name, value)),
            LogEntry::Field(FieldKey::EventStart(name), value) => {
                let is_error = value == FieldValue::Bool(true);
                sayings.events.push(EventSayings { name, is_error, fields: Vec::new() });
            }
            LogEntry::Field(FieldKey::EventField(name), value) => {
                if let Some(event) = sayings.events.last_mut() {
                    event.fields.push((name, value));
                }
            }
            LogEntry::Field(..) | LogEntry::Annotation(_) => {}
        }
    }
    sayings
}

/// What an event says, as if it were a span: an evaluation comes in both.
pub(crate) fn heard_in_event<'a>(callsite: &'a Callsite, log: &'a FieldLog) -> Sayings<'a> {
    let mut sayings = heard(callsite, log);
    sayings.fields = sayings.events.drain(..).flat_map(|event| event.fields).collect();
    sayings
}

/// Whether a field of a span says an evaluation, of the span or its trace, and nothing else.
pub(crate) fn is_evaluation_field(name: &str) -> bool {
    let name = name.strip_prefix("trace.").or_else(|| name.strip_prefix("session.")).unwrap_or(name);
    name.starts_with("annotations.") || name.starts_with("evaluations.")
}

/// Whether only an evaluation has such a field, in an event or a span of its own.
pub(crate) fn is_evaluation_word(name: &str) -> bool {
    name.starts_with("gen_ai.evaluation.")
}

/// Members of the metadata that hold content of spans whose kind has no other place for it.
pub(crate) const CONTENT_IN_METADATA: [&str; 2] = ["system_instructions", "tool_parameters"];

/// The key of the tag that says who uses the application.
pub(crate) const USER_TAG: &str = "user_id";

/// The key of the tag by which the span of a response can be found.
pub(crate) const RESPONSE_ID_TAG: &str = "response.id";

#[cfg(test)]
mod tests {
    use super::*;

    fn callsite() -> Callsite {
        Callsite { target: "app", name: "chat", declared: ["a", "b"].into() }
    }

    #[test]
    fn the_last_value_of_a_field_and_all_events_in_order_are_heard() {
        let mut log = FieldLog::new();
        for (meaning, value) in [
            (FieldKey::Foreign("a"), FieldValue::Text("old")),
            (FieldKey::EventStart("first"), FieldValue::Bool(false)),
            (FieldKey::EventField("a"), FieldValue::Text("1")),
            (FieldKey::Name, FieldValue::Text("ours")),
            (FieldKey::Foreign("a"), FieldValue::Text("new")),
            (FieldKey::EventStart("first"), FieldValue::Bool(true)),
            (FieldKey::EventField("a"), FieldValue::Text("2")),
        ] {
            assert!(log.push(meaning, value));
        }
        let callsite = callsite();
        let sayings = heard(&callsite, &log);
        assert_eq!((sayings.target, sayings.span_name, sayings.declared_names), ("app", "chat", &["a", "b"][..]));
        assert_eq!(sayings.fields, [("a", FieldValue::Text("new"))]);
        let events: Vec<_> =
            sayings.events.iter().map(|event| (event.name, event.is_error, event.fields[0].1)).collect();
        assert_eq!(events, [("first", false, FieldValue::Text("1")), ("first", true, FieldValue::Text("2"))]);
        let as_span = heard_in_event(&callsite, &log);
        assert_eq!((as_span.fields.len(), as_span.events.len()), (2, 0));
    }

    #[test]
    fn what_does_not_fit_any_more_belongs_to_no_event() {
        let mut log = FieldLog::new();
        let mut kept = 0_usize;
        for _ in 0..1_000 {
            kept += usize::from(log.push(FieldKey::EventStart("again"), FieldValue::Bool(false)));
            kept += usize::from(log.push(FieldKey::EventField("a"), FieldValue::Unsigned(1)));
        }
        assert_eq!(kept, 512);
        assert_eq!(heard(&callsite(), &log).events.len(), 256);
        // A field of the span still finds its place.
        assert!(log.push(FieldKey::Foreign("a"), FieldValue::Unsigned(2)));
    }
}
