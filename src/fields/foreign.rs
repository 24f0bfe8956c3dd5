//! Recorded fields of other conventions → [`ForeignAttributes`].

use llmobs_conventions::{AttributePlan, ForeignAttributes};

use crate::recording::{FieldKey, FieldLog, FieldValue, LogEntry};

/// Returns the attributes and events of other conventions that a span has recorded.
#[expect(clippy::wildcard_enum_match_arm, reason = "three keys of forty are of other conventions")]
pub(crate) fn foreign_attributes<'a>(plan: &'a AttributePlan<'a>, log: &'a FieldLog) -> ForeignAttributes<'a> {
    let entries = log.iter();
    let capacity = plan.names().len().min(entries.size_hint().0);
    let mut attributes = ForeignAttributes::with_capacity(plan, capacity);
    for entry in entries {
        let LogEntry::Field(key, value) = entry else { continue };
        match key {
            FieldKey::Foreign(name) => attributes.push(name, value.into()),
            FieldKey::EventStart(name) => attributes.push_event(name, value == FieldValue::Bool(true)),
            FieldKey::EventField(name) => attributes.push_event_attribute(name, value.into()),
            _ => {}
        }
    }
    attributes
}

/// Returns the attributes of an event as if it were a span: an evaluation comes as either.
pub(crate) fn event_as_attributes<'a>(plan: &'a AttributePlan<'a>, log: &'a FieldLog) -> ForeignAttributes<'a> {
    let mut attributes = ForeignAttributes::with_capacity(plan, plan.names().len());
    for entry in log.iter() {
        if let LogEntry::Field(FieldKey::EventField(name), value) = entry {
            attributes.push(name, value.into());
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::FieldValue;
    use llmobs_conventions::{AttributeValue, Conventions};

    fn plan() -> AttributePlan<'static> {
        AttributePlan::new(Conventions::ALL, "app", "chat", ["a", "b"])
    }

    #[test]
    fn the_last_value_of_a_field_and_all_events_are_attributes() {
        let mut log = FieldLog::new();
        for (key, value) in [
            (FieldKey::Foreign("a"), FieldValue::Text("old")),
            (FieldKey::EventStart("first"), FieldValue::Bool(false)),
            (FieldKey::EventField("a"), FieldValue::Text("1")),
            (FieldKey::Name, FieldValue::Text("ours")),
            (FieldKey::Foreign("a"), FieldValue::Text("new")),
            (FieldKey::EventStart("first"), FieldValue::Bool(true)),
            (FieldKey::EventField("a"), FieldValue::Text("2")),
        ] {
            assert!(log.push(key, value));
        }
        let plan = plan();
        let span = foreign_attributes(&plan, &log);
        assert_eq!(span.iter().collect::<Vec<_>>(), [("a", AttributeValue::Text("new"))]);
        let events = span.events().iter();
        let events: Vec<_> =
            events.map(|event| (event.name(), event.is_error(), event.iter().next().unwrap().1)).collect();
        let expected = [("first", false, AttributeValue::Text("1")), ("first", true, AttributeValue::Text("2"))];
        assert_eq!(events, expected);
        let as_span = event_as_attributes(&plan, &log);
        assert_eq!((as_span.iter().count(), as_span.events().len()), (2, 0));
    }

    #[test]
    fn a_field_that_does_not_fit_any_more_belongs_to_no_event() {
        let mut log = FieldLog::new();
        let mut kept = 0_usize;
        for _ in 0..1_000 {
            kept += usize::from(log.push(FieldKey::EventStart("again"), FieldValue::Bool(false)));
            kept += usize::from(log.push(FieldKey::EventField("a"), FieldValue::Unsigned(1)));
        }
        assert_eq!(kept, 512);
        assert_eq!(foreign_attributes(&plan(), &log).events().len(), 256);
        // A field of the span still finds its place.
        assert!(log.push(FieldKey::Foreign("a"), FieldValue::Unsigned(2)));
    }
}
