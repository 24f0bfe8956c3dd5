//! Random answers, cut into random events that interleave.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::exchange;
use crate::anthropic::{Block, interleaved};
use crate::test_frames::{AWS, chunks, events};

fn whole(block: &Block) -> Value {
    match block {
        Block::Text(text) => json!({"text": text}),
        Block::Thinking(text) => json!({"reasoningContent": {"reasoningText": {"text": text}}}),
        Block::Call(arguments) => json!({"toolUse": {"toolUseId": "t", "name": "n", "input": arguments}}),
    }
}

fn delta(block: &Block, piece: &str) -> Value {
    match block {
        Block::Text(_) => json!({"text": piece}),
        Block::Thinking(_) => json!({"reasoningContent": {"text": piece}}),
        Block::Call(_) => json!({"toolUse": {"input": piece}}),
    }
}

/// The events of an answer with these blocks; those of no text have none.
fn stream(blocks: &[Block], size: usize, usage: &Value) -> Vec<(&'static str, Value)> {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    for (index, block) in blocks.iter().enumerate() {
        match block {
            Block::Call(_) => {
                let start = json!({"toolUse": {"toolUseId": "t", "name": "n"}});
                events.push(("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
            }
            Block::Text(_) | Block::Thinking(_) => {
                events.push(("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta(block, "")})));
            }
        }
    }
    events.extend(interleaved(blocks, size).into_iter().map(|(index, piece)| {
        ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta(&blocks[index], &piece)}))
    }));
    events.push(("messageStop", json!({"stopReason": "end_turn"})));
    events.push(("metadata", json!({"usage": usage})));
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_conversation_and_nova_say_the_same_whole_and_in_any_events(
        blocks in prop::collection::vec(Block::any(), 0..4),
        size in 1..5_usize,
        bytes in 1..300_usize,
        usage in prop::option::of((0..1000_u32, 0..1000_u32)),
    ) {
        let usage = usage.map_or(Value::Null, |(input, output)| json!({"inputTokens": input, "outputTokens": output}));
        let content: Vec<Value> = blocks.iter().map(whole).collect();
        let answer = json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", "usage": usage});
        let stream = stream(&blocks, size, &usage);
        let request = json!({"schemaVersion": "messages-v1", "messages": []});
        let conversation = exchange("m.n", "converse-stream", &request);
        let said = conversation.split(AWS, &events(&stream).concat(), bytes);
        prop_assert_eq!(said, exchange("m.n", "converse", &request).answer(200, &answer));
        let nova: Vec<Value> = stream.into_iter().map(|(name, data)| json!({name: data})).collect();
        let said = exchange("m.n", "invoke-with-response-stream", &request).split(AWS, &chunks(&nova).concat(), bytes);
        prop_assert_eq!(said, exchange("m.n", "invoke", &request).answer(200, &answer));
    }
}
