//! Values that a log keeps, and values that it forgets.

use super::*;
use llmobs_model::Annotation;

fn texts(log: &FieldLog) -> Vec<(FieldKey, String)> {
    log.iter()
        .filter_map(|entry| match entry {
            LogEntry::Field(meaning, FieldValue::Text(text)) => Some((meaning, text.to_owned())),
            LogEntry::Field(..) | LogEntry::Annotation(_) => None,
        })
        .collect()
}

#[test]
fn a_later_value_replaces_an_earlier_one_and_maps_add_up() {
    let mut log = FieldLog::default();
    log.push(FieldKey::Input, FieldValue::Text("a"));
    log.push(FieldKey::Metadata, FieldValue::Text("{\"x\":1}"));
    log.push(FieldKey::Input, FieldValue::Text("b"));
    log.push(FieldKey::Metadata, FieldValue::Text("{\"y\":1}"));
    let kept = texts(&log);
    assert_eq!(kept[0], (FieldKey::Metadata, "{\"x\":1}".to_owned()));
    assert_eq!(kept[1], (FieldKey::Input, "b".to_owned()));
    assert_eq!(kept.len(), 3);
}

#[test]
fn recording_the_same_field_for_ever_does_not_grow() {
    let mut log = FieldLog::default();
    for i in 0..100_000 {
        log.push(FieldKey::Output, FieldValue::Text(&format!("value number {i:08}")));
    }
    assert!(log.bytes() < 64 * 1024, "{}", log.bytes());
    assert_eq!(texts(&log), [(FieldKey::Output, "value number 00099999".to_owned())]);
}

#[test]
fn large_texts_are_moved_and_replaced() {
    let big = |c: char| c.to_string().repeat(FieldLog::LARGE);
    let mut log = FieldLog::default();
    log.push_large(FieldKey::Input, big('a'));
    log.push_large(FieldKey::Output, big('b'));
    let mut later = FieldLog::default();
    later.push_large(FieldKey::Input, big('c'));
    later.push(FieldKey::Name, FieldValue::Text("n"));
    assert!(log.append(&mut later));
    let expected = [(FieldKey::Output, big('b')), (FieldKey::Input, big('c')), (FieldKey::Name, "n".to_owned())];
    assert_eq!(texts(&log), expected);
    assert_eq!(log.large.len(), 2);
    let mut spares = Vec::new();
    log.clear(|text| spares.push(text));
    assert!(spares.len() == 2 && spares.iter().all(|text| text.is_empty() && text.capacity() >= FieldLog::LARGE));
}

#[test]
fn objects_without_end_leave_room_for_the_rest() {
    let mut log = FieldLog::default();
    let kept = (0..10_000).filter(|_| log.push(FieldKey::Metadata, FieldValue::Text("{}"))).count();
    assert_eq!(kept, FieldLog::MOST_ENTRIES);
    assert!(log.push(FieldKey::Output, FieldValue::Text("late")));
    assert_eq!(texts(&log).last(), Some(&(FieldKey::Output, "late".to_owned())));
}

#[test]
fn annotations_in_a_row_are_one() {
    let mut log = FieldLog::default();
    for i in 0..10_000 {
        log.annotate(Annotation::new().output(format!("{i}")).into());
    }
    assert_eq!(log.iter().count(), 1);
    for i in 0..10_000 {
        log.annotate(Annotation::new().output(format!("{i}")).into());
        log.push(FieldKey::Metadata, FieldValue::Text("{}"));
    }
    assert!(log.iter().count() <= FieldLog::MOST_ENTRIES);
}

#[test]
fn annotating_and_recording_in_turn_does_not_grow_and_the_last_value_stays() {
    let mut log = FieldLog::default();
    for round in 0_u64..1_000 {
        log.annotate(Annotation::new().output("x".repeat(1_000)).metric("m", round).into());
        log.push(FieldKey::Metric("output_tokens"), FieldValue::Unsigned(round));
    }
    log.annotate(Annotation::new().output("last").into());
    assert!(log.bytes() < 512 * 1024, "{}", log.bytes());
    let outputs: Vec<_> = log
        .iter()
        .filter_map(|entry| match entry {
            LogEntry::Annotation(annotation) => annotation.output.clone(),
            LogEntry::Field(..) => None,
        })
        .collect();
    assert_eq!(outputs, [llmobs_model::Content::from("last")]);
}
