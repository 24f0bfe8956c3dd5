//! Content whose attribute belongs to another kind of span: the arguments of a tool on a task, messages on a tool.
//!
//! Kinds are chosen by emitters and by users, so content and kind need not match. Losing the content would be worse than an
//! unusual place for it.

use super::content::MappedContent;
use super::message_sources::{
    ASSISTANT, OTEL_INPUT, OTEL_OUTPUT, OTHER_INPUT, OTHER_OUTPUT, USER, has_output_for_input,
};
use crate::attributes::ResolvedAttributes;
use crate::convention::gen_ai;
use crate::convention::precedence::{
    INPUT_VALUE, OPERATION, OUTPUT_VALUE, RETRIEVAL_INPUT, RETRIEVAL_OUTPUT, TOOL_INPUT, TOOL_OUTPUT,
};
use crate::format::decode;
use llmobs_model::{Content, Document, Message, SpanKind};

/// Fills an input or output that the attributes of the kind have left empty.
pub(crate) fn fill(attributes: &ResolvedAttributes<'_>, kind: SpanKind, content: &mut MappedContent) {
    // Spans of models have asked these sources already.
    let asks_messages = kind != SpanKind::Llm;
    if content.input.is_none() && !has_output_for_input(attributes) {
        let mut sources = OTEL_INPUT.iter().chain(OTHER_INPUT).filter(|_| asks_messages);
        let messages = sources.find_map(|source| source.read(attributes));
        let messages = messages.map(|conversation| Content::Messages(conversation.messages));
        let stored: &[&str] = if stores_memory(attributes) { &[gen_ai::RECORDS] } else { &[] };
        let text = || first_value(attributes, [stored, INPUT_VALUE, TOOL_INPUT, RETRIEVAL_INPUT]);
        content.input = messages.or_else(|| text().map(|text| in_form(text, kind, USER)));
    }
    // Vectors never leave, and an output of an embedding span may be nothing else.
    if content.output.is_none() && kind != SpanKind::Embedding && !stores_memory(attributes) {
        let mut sources = OTEL_OUTPUT.iter().chain(OTHER_OUTPUT).filter(|_| asks_messages);
        let messages = sources.find_map(|source| source.read(attributes));
        let messages = messages.map(|conversation| Content::Messages(conversation.messages));
        let text = || first_value(attributes, [OUTPUT_VALUE, TOOL_OUTPUT, RETRIEVAL_OUTPUT, &[]]);
        content.output = messages.or_else(|| text().map(|text| in_form(text, kind, ASSISTANT)));
    }
}

/// Returns whether the records on the span are what the operation stores, not what it found.
fn stores_memory(attributes: &ResolvedAttributes<'_>) -> bool {
    attributes.has(gen_ai::RECORDS)
        && attributes.text(OPERATION).is_some_and(|operation| gen_ai::STORING.contains(&operation.trim()))
}

fn first_value(attributes: &ResolvedAttributes<'_>, lists: [&[&str]; 4]) -> Option<String> {
    let names = lists.into_iter().flatten();
    names.into_iter().find_map(|name| Some(decode::written_text(attributes.get(name)?)?.into_owned()))
}

/// Returns a text in the form that the content of a kind has.
fn in_form(text: String, kind: SpanKind, role: &str) -> Content {
    match kind {
        SpanKind::Llm => Content::Messages(vec![Message::new(role, text)]),
        SpanKind::Embedding if role == USER => Content::Documents(vec![Document::new(text)]),
        SpanKind::Retrieval if role == ASSISTANT => Content::Documents(vec![Document::new(text)]),
        SpanKind::Embedding
        | SpanKind::Retrieval
        | SpanKind::Workflow
        | SpanKind::Agent
        | SpanKind::Tool
        | SpanKind::Task
        | _ => Content::Text(text),
    }
}
