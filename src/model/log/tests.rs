//! What a log keeps and what it forgets.

use super::*;

fn texts(log: &Log) -> Vec<(Meaning, String)> {
    log.iter()
        .filter_map(|said| match said {
            Said::Field(meaning, FieldValue::Text(text)) => Some((meaning, text.to_owned())),
            Said::Field(..) | Said::Annotation(_) => None,
        })
        .collect()
}

#[test]
fn a_later_value_replaces_an_earlier_one_and_maps_add_up() {
    let mut log = Log::default();
    log.push(Meaning::Input, FieldValue::Text("a"));
    log.push(Meaning::Metadata, FieldValue::Text("{\"x\":1}"));
    log.push(Meaning::Input, FieldValue::Text("b"));
    log.push(Meaning::Metadata, FieldValue::Text("{\"y\":1}"));
    let kept = texts(&log);
    assert_eq!(kept[0], (Meaning::Metadata, "{\"x\":1}".to_owned()));
    assert_eq!(kept[1], (Meaning::Input, "b".to_owned()));
    assert_eq!(kept.len(), 3);
}

#[test]
fn recording_the_same_field_for_ever_does_not_grow() {
    let mut log = Log::default();
    for i in 0..100_000 {
        log.push(Meaning::Output, FieldValue::Text(&format!("value number {i:08}")));
    }
    assert!(log.bytes() < 64 * 1024, "{}", log.bytes());
    assert_eq!(texts(&log), [(Meaning::Output, "value number 00099999".to_owned())]);
}

#[test]
fn large_texts_are_moved_and_replaced() {
    let big = |c: char| c.to_string().repeat(Log::LARGE);
    let mut log = Log::default();
    log.push_large(Meaning::Input, big('a'));
    log.push_large(Meaning::Output, big('b'));
    let mut later = Log::default();
    later.push_large(Meaning::Input, big('c'));
    later.push(Meaning::Name, FieldValue::Text("n"));
    assert!(log.append(&mut later));
    let said = [(Meaning::Output, big('b')), (Meaning::Input, big('c')), (Meaning::Name, "n".to_owned())];
    assert_eq!(texts(&log), said);
    assert_eq!(log.large.len(), 2);
    let mut spares = Vec::new();
    log.clear(|text| spares.push(text));
    assert!(spares.len() == 2 && spares.iter().all(|text| text.is_empty() && text.capacity() >= Log::LARGE));
}

#[test]
fn objects_without_end_leave_room_for_the_rest() {
    let mut log = Log::default();
    let kept = (0..10_000).filter(|_| log.push(Meaning::Metadata, FieldValue::Text("{}"))).count();
    assert_eq!(kept, Log::MOST_ENTRIES);
    assert!(log.push(Meaning::Output, FieldValue::Text("late")));
    assert_eq!(texts(&log).last(), Some(&(Meaning::Output, "late".to_owned())));
}

#[test]
fn annotations_in_a_row_are_one() {
    let mut log = Log::default();
    for i in 0..10_000 {
        log.annotate(Annotation::new().output(format!("{i}")));
    }
    assert_eq!(log.iter().count(), 1);
    for i in 0..10_000 {
        log.annotate(Annotation::new().output(format!("{i}")));
        log.push(Meaning::Metadata, FieldValue::Text("{}"));
    }
    assert!(log.iter().count() <= Log::MOST_ENTRIES);
}

#[test]
fn annotating_and_recording_in_turn_does_not_grow_and_the_last_word_stays() {
    let mut log = Log::default();
    for round in 0_u64..1_000 {
        log.annotate(Annotation::new().output("x".repeat(1_000)).metric("m", round));
        log.push(Meaning::Metric("output_tokens"), FieldValue::Unsigned(round));
    }
    log.annotate(Annotation::new().output("last"));
    assert!(log.bytes() < 100_000, "{}", log.bytes());
    let outputs: Vec<_> = log
        .iter()
        .filter_map(|said| match said {
            Said::Annotation(annotation) => annotation.output.clone(),
            Said::Field(..) => None,
        })
        .collect();
    assert_eq!(outputs, [crate::model::Content::from("last")]);
}
