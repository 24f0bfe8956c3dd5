//! A prompt in, texts out: Titan, Llama, Mistral, Command, Jurassic, DeepSeek R1, Pegasus, Claude before messages.
//!
//! No two families call the same thing by the same name, so all names are looked for, in a whole answer and in a chunk alike.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::codec::FrameSummary;
use crate::json::{self, StreamBudget};
use crate::usage::TokenUsage;
use llmobs_model::Message;

/// The prompt; none of these families says who speaks.
pub(super) fn input(request: &Value) -> Vec<Message> {
    let prompt = json::first_present(request, &["prompt", "inputText", "inputPrompt"]);
    prompt.map(|prompt| Message::new("", json::as_text(prompt))).into_iter().collect()
}

/// The texts of an answer, one message each.
pub(super) fn output(body: &Value) -> Vec<Message> {
    pieces(body).into_iter().map(|(_, text)| Message::new("", text)).collect()
}

/// Reads the token counts of the body itself.
pub(super) fn counts(body: &Value) -> TokenUsage {
    let count = |name: &str| json::count(body, name);
    let results = json::items(body, "results").iter().filter_map(|result| json::count(result, "tokenCount"));
    let usage = &body["usage"];
    TokenUsage {
        input: count("inputTextTokenCount").or(count("prompt_token_count")).or(json::count(usage, "prompt_tokens")),
        output: count("totalOutputTextTokenCount")
            .or(count("generation_token_count"))
            .or(json::count(usage, "completion_tokens"))
            .or(results.reduce(u64::saturating_add)),
        ..TokenUsage::default()
    }
}

/// The names that the families give to the reason for the end, in the body or in each of its texts.
const REASONS: &[&str] = &["stop_reason", "completionReason", "finish_reason", "finishReason"];

/// Returns why the texts ended.
pub(super) fn finish_reasons(body: &Value) -> Vec<&Value> {
    let lists = ["results", "generations", "outputs", "choices", "completions"].into_iter();
    let texts = lists.flat_map(|name| json::items(body, name));
    let reason = |of| match json::first_present(of, REASONS)? {
        // Jurassic has `{"reason": "endoftext"}`.
        reason if reason.is_object() => json::present(reason, "reason"),
        reason => Some(reason),
    };
    std::iter::once(body).chain(texts).filter_map(reason).collect()
}

/// Counts of chunks; the next one may repeat them as null.
const COUNTED: &[&str] =
    &["inputTextTokenCount", "totalOutputTextTokenCount", "prompt_token_count", "generation_token_count", "usage"];

/// The texts of a whole answer or of one chunk, and which of several answers each belongs to.
fn pieces(body: &Value) -> Vec<(u64, &str)> {
    let index = json::count(body, "index").unwrap_or(0);
    let single =
        ["outputText", "generation", "completion", "text", "message"].into_iter().find_map(|name| body[name].as_str());
    if let Some(text) = single {
        return vec![(index, text)];
    }
    let lists: [(&str, &[&str]); 5] = [
        ("results", &["outputText"]),
        ("generations", &["text"]),
        ("outputs", &["text"]),
        ("choices", &["text"]),
        ("completions", &["data", "text"]),
    ];
    let Some((items, path)) = lists.into_iter().map(|(name, path)| (json::items(body, name), path)).find(has_items)
    else {
        return Vec::new();
    };
    let numbered = (0..).zip(items).filter_map(|(at, item)| {
        let index = json::count(item, "index").unwrap_or(at);
        Some((index, json::get(item, path).as_str()?))
    });
    numbered.collect()
}

fn has_items((items, _): &(&[Value], &[&str])) -> bool {
    !items.is_empty()
}

/// Texts as far as they have come.
#[derive(Debug, Default)]
pub(super) struct Texts {
    by_index: BTreeMap<u64, String>,
    counts: Map<String, Value>,
    finish_reason: Value,
}

impl Texts {
    pub(super) fn chunk(&mut self, chunk: &Value, budget: &mut StreamBudget) -> FrameSummary {
        for (name, count) in json::pick(chunk, COUNTED) {
            crate::usage::merge(self.counts.entry(name).or_insert(Value::Null), &count);
        }
        if let Some(reason) = finish_reasons(chunk).into_iter().find(|reason| reason.is_string()) {
            self.finish_reason = budget.keep(reason);
        }
        let mut is_content = false;
        for (index, piece) in pieces(chunk) {
            if self.by_index.contains_key(&index) || budget.take(size_of::<(u64, String)>()) {
                budget.push(self.by_index.entry(index).or_default(), piece);
                is_content |= !piece.is_empty();
            }
        }
        FrameSummary::content(is_content)
    }

    /// The answer, in the words of one of the families.
    pub(super) fn finish(self) -> Map<String, Value> {
        let texts: Vec<Value> = self.by_index.into_values().map(|text| json!({"text": text})).collect();
        let mut whole = self.counts;
        whole.insert("generations".to_owned(), texts.into());
        whole.insert("finish_reason".to_owned(), self.finish_reason);
        whole
    }
}
