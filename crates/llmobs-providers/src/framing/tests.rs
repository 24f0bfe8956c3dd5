//! All framings: every split of the bytes gives the same frames.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Detected, Framing, MAX_FRAME_BYTES};
use crate::call::ResponseHead;
use crate::codec::Frame;

fn framing(content_type: &str, is_streamed: bool, bytes: &mut Bytes) -> Option<Framing> {
    match Framing::detect(&ResponseHead::new(200).content_type(content_type), is_streamed, bytes) {
        Detected::Stream(framing) => Some(framing),
        Detected::Whole | Detected::Nothing => None,
    }
}

/// The frames of a body that comes in these pieces.
fn frames(content_type: &str, pieces: &[&[u8]]) -> Vec<(String, bool, Value)> {
    let head = ResponseHead::new(200).content_type(content_type);
    let mut open = Detected::Nothing;
    let mut frames: Vec<Frame> = Vec::new();
    for piece in pieces {
        let mut bytes = Bytes::copy_from_slice(piece);
        if matches!(open, Detected::Nothing) {
            open = Framing::detect(&head, true, &mut bytes);
        }
        if let Detected::Stream(framing) = &mut open {
            frames.extend(framing.push(&bytes));
        }
    }
    if let Detected::Stream(framing) = &mut open {
        frames.extend(framing.finish());
    }
    frames.into_iter().map(|frame| (frame.event, frame.is_exception, frame.data)).collect()
}

fn data(content_type: &str, body: &[u8]) -> Vec<Value> {
    frames(content_type, &[body]).into_iter().map(|(_, _, data)| data).collect()
}

fn aws(kind: &str, event: (&str, &str), payload: &str) -> Vec<u8> {
    let header = |name: &str, value: &str| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_owned().into_bytes())
        .add_header(header(":message-type", kind))
        .add_header(header(event.0, event.1));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

const SSE: &str = "text/event-stream; charset=utf-8";
const LINES: &str = "application/x-ndjson";
const AWS: &str = "application/vnd.amazon.eventstream";

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let aws = [
        aws("event", (":event-type", "contentBlockDelta"), r#"{"delta":{"text":"ä"}}"#),
        aws("exception", (":exception-type", "throttlingException"), r#"{"message":"slow down"}"#),
        aws("error", (":error-code", "InternalFailure"), "no json"),
    ];
    vec![
        (SSE, b"data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n".to_vec()),
        (SSE, b"\xEF\xBB\xBF: hello\r\n\r\nevent: e\r\ndata: {\"a\":1}\r\n\r\nid: 7\r\nretry: 3\r\ndata:{\"a\":2}\r\n\r\n".to_vec()),
        (SSE, b"event: e\rdata: {\"a\":\rdata: 1}\r\rdata: {\"a\":2}\r\r".to_vec()),
        (SSE, b"data: {\"a\":\"\xff\"}\ndata: 3\n\ndata: {\"a\":1}\n\nnonsense\n\ndata: {\"a\":2}".to_vec()),
        ("application/json", b"\n data: {\"a\":\"\xc3\xa4\"}\n\n".to_vec()),
        ("", b"event: e\ndata: {\"a\":1}\n\n".to_vec()),
        (LINES, b"{\"a\":1}\n{\"a\":\"\xc3\xa4\"}\r\n\n{broken\n{\"a\":3}".to_vec()),
        ("application/json", br#" [ {"a":"],[\"{"} , {"a":[[2],{}]},null , "x\\" ] "#.to_vec()),
        ("application/json", br#"[{"a":1},{"a":"#.to_vec()),
        (AWS, aws.concat()),
        (AWS, [&aws[0][..], &aws[1][..9], b"garbage that has no checksum at all", &aws[2]].concat()),
    ]
}

#[test]
fn every_framing_gives_its_frames() {
    let found: Vec<Vec<Value>> = bodies().iter().map(|(content_type, body)| data(content_type, body)).collect();
    let ones_and_twos = vec![json!({"a": 1}), json!({"a": 2})];
    assert_eq!(found[0], ones_and_twos);
    assert_eq!(found[1], ones_and_twos);
    assert_eq!(found[2], ones_and_twos);
    assert_eq!(found[3], [json!({"a": "\u{FFFD}"}), json!(3), json!({"a": 1}), json!({"a": 2})]);
    assert_eq!(found[4], [json!({"a": "ä"})]);
    assert_eq!(found[5], [json!({"a": 1})]);
    assert_eq!(found[6], [json!({"a": 1}), json!({"a": "ä"}), json!({"a": 3})]);
    assert_eq!(found[7], [json!({"a": "],[\"{"}), json!({"a": [[2], {}]}), json!(null), json!("x\\")]);
    assert_eq!(found[8], [json!({"a": 1})]);
    assert_eq!(found[9], [json!({"delta": {"text": "ä"}}), json!({"message": "slow down"}), json!("no json")]);
    assert_eq!(found[10], [json!({"delta": {"text": "ä"}})]);
}

#[test]
fn frames_have_the_names_of_their_framing() {
    let names = |index: usize| {
        let (content_type, body) = &bodies()[index];
        frames(content_type, &[body])
            .into_iter()
            .map(|(event, is_exception, _)| (event, is_exception))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(1), [("e".to_owned(), false), (String::new(), false)]);
    let aws = [("contentBlockDelta", false), ("throttlingException", true), ("InternalFailure", true)];
    assert_eq!(names(9), aws.map(|(event, is_exception)| (event.to_owned(), is_exception)));
}

#[test]
fn every_split_gives_the_same_frames() {
    for (content_type, body) in bodies() {
        let whole = frames(content_type, &[&body]);
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(frames(content_type, &bytes), whole, "{}", String::from_utf8_lossy(&body));
        for at in 0..body.len() {
            let (left, right) = body.split_at(at);
            assert_eq!(frames(content_type, &[left, right]), whole, "at {at} of {}", String::from_utf8_lossy(&body));
        }
    }
}

#[test]
fn what_is_no_stream_is_not_taken_for_one() {
    for (content_type, is_streamed, body) in [
        (SSE, true, &br#"{"error": {}}"#[..]),
        ("application/json", false, br#"[{"a": 1}]"#),
        ("application/json", true, br#"{"a": 1}"#),
        ("text/html", false, b"<html>"),
        ("", false, b"  "),
    ] {
        assert!(framing(content_type, is_streamed, &mut Bytes::from_static(body)).is_none(), "{content_type}");
    }
    // Errors come whole.
    let head = ResponseHead::new(400).content_type(LINES);
    assert!(matches!(Framing::detect(&head, true, &mut Bytes::from_static(b"{}")), Detected::Whole));
}

#[test]
fn a_frame_that_is_too_long_is_left_out_and_the_next_one_is_read() {
    let long = "x".repeat(MAX_FRAME_BYTES);
    for (content_type, body) in [
        (SSE, format!("data: {{\"a\":0}}\n\ndata: \"{long}\"\n\ndata: {{\"a\":1}}\n\n")),
        (LINES, format!("{{\"a\":0}}\n\"{long}\"\n{{\"a\":1}}\n")),
        ("application/json", format!("[{{\"a\":0}},\"{long}\",{{\"a\":1}}]")),
    ] {
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(100_003).collect();
        for pieces in [&[body.as_bytes()][..], &pieces] {
            let found: Vec<_> = frames(content_type, pieces).into_iter().map(|(_, _, data)| data).collect();
            assert_eq!(found, [json!({"a": 0}), json!({"a": 1})], "{content_type}");
        }
    }
    // A prelude that promises more than anybody sends: nothing is kept of it.
    let Some(Framing::Aws(mut aws)) = framing(AWS, true, &mut Bytes::new()) else { panic!("no event stream") };
    let endless = [&[0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0][..], &vec![0; MAX_FRAME_BYTES + 1]].concat();
    assert!(aws.push(&endless).is_empty() && aws.retained_bytes() == 0);
}

/// The pieces of bodies, and of broken ones.
const SCRAPS: &[&[u8]] = &[
    b"data: ",
    b"event: e",
    b"\n",
    b"\r",
    b"\r\n",
    b"{\"a\":",
    b"1}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"\\",
    b"\xff",
    b"\xc3\xa4",
    b":",
    b" ",
    b"\0\0\0\x10",
    b"{}",
    b"\xEF\xBB\xBF",
    b"x",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_split_give_the_same_frames(
        kind in 0..4_usize,
        body in proptest::collection::vec(
            prop::sample::select(SCRAPS),
            0..60,
        ),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let content_type = [SSE, LINES, "application/json", AWS][kind];
        let body = body.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len().saturating_add(1))).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
        prop_assert_eq!(frames(content_type, &pieces), frames(content_type, &[&body]), "{:?} at {:?}", String::from_utf8_lossy(&body), cuts);
    }
}
