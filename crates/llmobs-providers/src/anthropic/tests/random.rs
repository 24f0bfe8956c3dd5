//! Random answers, cut into random events that interleave.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::URL;
use crate::test_exchange::TestExchange;
use crate::test_frames::{SSE, sse};

/// A block of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    Text(String),
    Thinking(String),
    Call(Value),
}

impl Block {
    /// Any block.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let text = || prop_oneof!["\\PC{0,12}", "[ \\n\\t\"\\\\ä世]{0,8}"];
        let arguments = prop::collection::btree_map("[a-zü]{1,4}", text(), 0..3);
        prop_oneof![
            text().prop_map(Self::Text),
            text().prop_map(Self::Thinking),
            arguments.prop_map(|arguments| Self::Call(json!(arguments))),
        ]
    }

    /// The annotation when the body comes in pieces.
    pub(crate) fn pieces(&self, size: usize) -> Vec<String> {
        let whole = match self {
            Self::Text(text) | Self::Thinking(text) => text.clone(),
            Self::Call(arguments) => arguments.to_string(),
        };
        whole.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect()
    }

    fn whole(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": "c2ln"}),
            Self::Call(arguments) => json!({"type": "tool_use", "id": "t", "name": "n", "input": arguments}),
        }
    }

    fn start(&self) -> Value {
        match self {
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Call(_) => json!({"type": "tool_use", "id": "t", "name": "n", "input": {}}),
        }
    }

    fn delta(&self, piece: &str) -> Value {
        match self {
            Self::Text(_) => json!({"type": "text_delta", "text": piece}),
            Self::Thinking(_) => json!({"type": "thinking_delta", "thinking": piece}),
            Self::Call(_) => json!({"type": "input_json_delta", "partial_json": piece}),
        }
    }
}

/// The pieces of all blocks, each with its index, the first of each before the second of any.
pub(crate) fn interleaved(blocks: &[Block], size: usize) -> Vec<(usize, String)> {
    let pieces = blocks.iter().enumerate().flat_map(|(index, block)| {
        block.pieces(size).into_iter().enumerate().map(move |(turn, piece)| (turn, index, piece))
    });
    let mut pieces: Vec<(usize, usize, String)> = pieces.collect();
    pieces.sort();
    pieces.into_iter().map(|(_, index, piece)| (index, piece)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_says_the_same_whole_and_in_any_events(
        blocks in prop::collection::vec(Block::any(), 0..4),
        size in 1..5_usize,
        bytes in 1..200_usize,
        usage in prop::option::of((0..1000_u32, 0..1000_u32, prop::option::of(0..1000_u32))),
    ) {
        let usage = usage.map(|(input, output, read)| {
            json!({"input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read})
        });
        let content: Vec<Value> = blocks.iter().map(Block::whole).collect();
        let answer = json!({"type": "message", "role": "assistant", "content": content, "usage": usage, "stop_reason": "end_turn"});
        let starts = blocks.iter().enumerate();
        let starts = starts.map(|(index, block)| json!({"type": "content_block_start", "index": index, "content_block": block.start()}));
        let deltas = interleaved(&blocks, size).into_iter().map(|(index, piece)| {
            json!({"type": "content_block_delta", "index": index, "delta": blocks[index].delta(&piece)})
        });
        let mut events = vec![json!({"type": "message_start", "message": {"role": "assistant", "content": []}})];
        events.extend(starts.chain(deltas));
        events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}));
        let exchange = TestExchange::new(URL, &json!({"model": "m", "messages": [], "stream": true}));
        prop_assert_eq!(exchange.split(SSE, &sse(&events).concat(), bytes), exchange.answer(200, &answer));
    }
}
