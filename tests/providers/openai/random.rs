//! Random answers, cut into random chunks in a random order of choices.

use std::collections::VecDeque;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CHAT, RESPONSES};
use crate::exchange::Exchange;

/// A choice of a chat.
#[derive(Debug, Clone)]
struct Choice {
    content: String,
    thought: String,
    refusal: String,
    calls: Vec<(String, String)>,
}

fn choice() -> impl Strategy<Value = Choice> {
    let text = || prop_oneof![Just(String::new()), "\\PC{0,12}", "[ \\n\\t\"\\\\ä世]{0,8}"];
    let arguments = prop_oneof![Just("{}".to_owned()), "\\{\"[a-z]{1,3}\":[0-9]{1,3}\\}", "\\PC{0,10}"];
    (text(), text(), text(), prop::collection::vec(("[a-z]{1,6}", arguments), 0..3))
        .prop_map(|(content, thought, refusal, calls)| Choice { content, thought, refusal, calls })
}

impl Choice {
    fn unary(&self, index: usize) -> Value {
        let calls = self.calls.iter().enumerate().map(|(at, (name, arguments))| {
            json!({"id": format!("call_{index}_{at}"), "type": "function", "function": {"name": name, "arguments": arguments}})
        });
        let mut message = json!({
            "role": "assistant", "content": self.content, "reasoning_content": self.thought, "refusal": self.refusal,
        });
        if !self.calls.is_empty() {
            message["tool_calls"] = calls.collect();
        }
        json!({"index": index, "message": message})
    }

    fn deltas(&self, index: usize, size: usize) -> VecDeque<Value> {
        let mut deltas = vec![json!({"role": "assistant", "content": ""})];
        for (at, (name, _)) in self.calls.iter().enumerate() {
            let function = json!({"name": name, "arguments": ""});
            deltas.push(json!({"tool_calls": [{"index": at, "id": format!("call_{index}_{at}"), "type": "function", "function": function}]}));
        }
        for (member, text) in
            [("reasoning_content", &self.thought), ("content", &self.content), ("refusal", &self.refusal)]
        {
            deltas.extend(pieces(text, size).into_iter().map(|piece| json!({member: piece})));
        }
        // The arguments of all calls come side by side, and the last call first.
        let mut calls: Vec<VecDeque<String>> = self.calls.iter().map(|(_, text)| pieces(text, size).into()).collect();
        while calls.iter().any(|pieces| !pieces.is_empty()) {
            for (at, pieces) in calls.iter_mut().enumerate().rev() {
                let piece = pieces.pop_front().into_iter();
                deltas.extend(
                    piece.map(|piece| json!({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})),
                );
            }
        }
        deltas.into_iter().map(|delta| json!({"model": "m-1", "choices": [{"index": index, "delta": delta}]})).collect()
    }
}

fn pieces(text: &str, size: usize) -> Vec<String> {
    text.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect()
}

/// Interleaves the parts at random, each in its order.
fn shuffled(mut queues: Vec<VecDeque<Value>>, dice: &[prop::sample::Index]) -> Vec<Value> {
    let mut events = Vec::new();
    let mut dice = dice.iter().cycle();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let at = dice.next().map_or(0, |one| one.index(queues.len()));
        let next = (at..queues.len()).chain(0..at).find(|at| !queues[*at].is_empty()).unwrap();
        events.extend(queues[next].pop_front());
    }
    events
}

fn cut<'a>(body: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    cuts.extend([0, body.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_chat_says_the_same_whole_and_in_any_chunks(
        choices in prop::collection::vec(choice(), 1..4),
        size in 1..5_usize,
        dice in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        usage in prop::option::of((0..1000_u32, 0..1000_u32)),
    ) {
        let request = json!({"model": "m", "messages": [], "stream": true});
        let usage = usage.map(|(input, output)| json!({"prompt_tokens": input, "completion_tokens": output}));
        let unary: Vec<Value> = choices.iter().enumerate().map(|(index, choice)| choice.unary(index)).collect();
        let unary = Exchange::unary(CHAT, &request, &json!({"model": "m-1", "choices": unary, "usage": usage})).whole();
        let queues = choices.iter().enumerate().map(|(index, choice)| choice.deltas(index, size)).collect();
        let mut events = shuffled(queues, &dice);
        events.push(json!({"model": "m-1", "choices": [], "usage": usage}));
        let streamed = Exchange::sse(CHAT, &request, &events);
        prop_assert_eq!(&streamed.whole(), &unary);
        prop_assert_eq!(&streamed.in_pieces(cut(&streamed.body, &dice)), &unary);
    }

    #[test]
    fn a_response_says_the_same_whole_and_in_any_events(
        texts in prop::collection::vec(("\\PC{1,12}", any::<bool>()), 1..4),
        size in 1..5_usize,
        has_snapshot in any::<bool>(),
        dice in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let request = json!({"model": "m", "input": "x", "stream": true});
        let item = |text: &str, is_call: bool| if is_call {
            json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": text})
        } else {
            json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
        };
        let items: Vec<Value> = texts.iter().map(|(text, is_call)| item(text, *is_call)).collect();
        let answer = json!({"model": "m-1", "output": items, "usage": {"input_tokens": 1, "output_tokens": 2}});
        let unary = Exchange::unary(RESPONSES, &request, &answer).whole();
        let queues = texts.iter().enumerate().map(|(index, (text, is_call))| {
            let mut begun = item("", *is_call);
            if !is_call {
                begun["content"] = json!([]);
            }
            let kind = if *is_call { "function_call_arguments" } else { "output_text" };
            let deltas = pieces(text, size).into_iter();
            let deltas = deltas.map(|piece| json!({"type": format!("response.{kind}.delta"), "output_index": index, "delta": piece}));
            let begun = json!({"type": "response.output_item.added", "output_index": index, "item": begun});
            [begun].into_iter().chain(deltas).collect()
        });
        let mut events = shuffled(queues.collect(), &dice);
        let mut end = answer.clone();
        if !has_snapshot {
            end["output"] = json!([]);
        }
        events.push(json!({"type": "response.completed", "response": end}));
        let streamed = Exchange::sse(RESPONSES, &request, &events);
        prop_assert_eq!(&streamed.whole(), &unary);
        prop_assert_eq!(&streamed.in_pieces(cut(&streamed.body, &dice)), &unary);
    }
}
