//! An answer says the same, in whatever pieces it comes.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::call::ResponseHead;
use crate::endpoint::{Api, Endpoint};

/// Pieces of streams, between which anything may stand.
const LINES: &[&str] = &[
    r#"data: {"choices":[{"index":0,"delta":{"content":"a"}}]}"#,
    r#"data:{"choices":[{"index":0,"delta":{"content":"b"}}]}"#,
    r#"data: {"choices":[{"index":0,"#,
    r#"data: "delta":{"content":"c"}}]}"#,
    r#"data: {"choices":[{"index":0,"delta":{"content":"\n"}}]}"#,
    "data: [DONE]",
    "data",
    "data:",
    "event: ping",
    "event:",
    ": comment",
    "id: 1",
    "\n",
    "\n\n",
    "\n\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\u{feff}",
    " ",
];

fn read(pieces: &[&[u8]]) -> Annotation {
    let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
    let mut received = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
    for piece in pieces {
        received.push(piece.to_vec(), None);
    }
    received.finish(Ending::Complete)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_stream_is_split_does_not_matter(
        lines in proptest::collection::vec(select(LINES), 1..16),
        size in 2..80_usize,
    ) {
        let stream = lines.concat().into_bytes();
        let byte_by_byte = read(&stream.chunks(1).collect::<Vec<_>>());
        prop_assert_eq!(&read(&[&stream]), &byte_by_byte, "{:?}", lines);
        prop_assert_eq!(&read(&stream.chunks(size).collect::<Vec<_>>()), &byte_by_byte, "{:?}", lines);
    }
}

#[test]
fn a_byte_order_mark_in_the_middle_is_none_wherever_the_stream_is_split() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
                  \u{feff}data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n";
    let byte_by_byte: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(read(&[stream.as_bytes()]), read(&byte_by_byte));
}
