//! Events that are too large.

use serde_json::{Value, json};

use super::super::tests::{event, expected, text};
use super::*;
use llmobs_model::{Content, Message, SpanEvent, SpanKind};

/// Encodes an event through [`encode_within`], as the item's text.
fn within(event: &SpanEvent, max: usize) -> Result<(Fit, String), LossReason> {
    let mut out = b"before".to_vec();
    let fit = encode_within(&mut event.clone().into(), max, &mut out);
    let item = String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned();
    match fit {
        Ok(fit) => Ok((fit, item)),
        Err(reason) => {
            assert_eq!(item, "", "nothing may be left behind");
            Err(reason)
        }
    }
}

fn only_span(item: &str) -> Value {
    let mut envelope: Value = serde_json::from_str(item).unwrap();
    let spans = envelope.as_object_mut().unwrap().remove("spans").unwrap();
    let around = json!({"_dd.stage": "raw", "_dd.tracer_version": env!("CARGO_PKG_VERSION"), "event_type": "span"});
    assert_eq!(envelope, around);
    assert_eq!(spans.as_array().unwrap().len(), 1);
    spans[0].clone()
}

#[test]
fn an_event_of_exactly_the_limit_is_shrunk_and_one_byte_less_is_not() {
    let big = updated!(event(SpanKind::Task), input: Some(Content::from("x".repeat(5_000))));
    let bytes = text(&big).len();
    for (limit, fit) in [(bytes - 1, Fit::Shrunk), (bytes, Fit::Shrunk), (bytes + 1, Fit::Whole)] {
        let (got, item) = within(&big, limit).unwrap();
        assert_eq!(got, fit, "{limit}");
        assert_eq!(only_span(&item).get("collection_errors").is_some(), fit == Fit::Shrunk);
    }
}

#[test]
fn a_shrunk_event_keeps_what_is_not_content() {
    let mut big = updated!(event(SpanKind::Llm), input: Some(Content::from(Message::user("y".repeat(5_000)))));
    big.metadata.insert("kept".to_owned(), json!(1));
    big.metrics.insert("m", 1);
    let (_, item) = within(&big, 1_200).unwrap();
    let marker = json!({"value": "[This value has been dropped because this span's size exceeds the 5MB size limit.]"});
    let mut wanted = expected("llm", json!({"input": marker, "output": marker, "metadata": {"kept": 1}}));
    wanted["metrics"] = json!({"m": 1});
    wanted["collection_errors"] = json!(["dropped_io"]);
    assert_eq!(only_span(&item), wanted);
}

#[test]
fn metadata_goes_second_and_then_the_event_is_lost() {
    let mut big = event(SpanKind::Task);
    big.metadata.insert("big".to_owned(), json!("z".repeat(5_000)));
    big.collection_errors.push("dropped_io".to_owned());
    let (fit, item) = within(&big, 1_200).unwrap();
    let span = only_span(&item);
    assert_eq!((fit, &span["meta"]["metadata"]), (Fit::Shrunk, &json!({})));
    assert_eq!(span["collection_errors"], json!(["dropped_io"]));
    big.name = "n".repeat(5_000);
    assert_eq!(within(&big, 1_200), Err(LossReason::TooLarge));
}
