//! What went in and what came out: which name carries it, and the form that the kind takes.

use std::borrow::Cow;

use crate::RemarkSet;
use crate::attributes::{ResolvedAttributes, is_item};
use crate::convention::precedence::{
    INPUT_VALUE, OUTPUT_VALUE, RETRIEVAL_INPUT, RETRIEVAL_OUTPUT, TOOL_INPUT, TOOL_OUTPUT,
};
use crate::convention::{gen_ai, openinference, vercel};
use crate::format::decode;
use crate::format::json::Json;
use crate::mapping::message_sources;
use crate::mapping::message_sources::MessageSource;
use crate::messages::{Conversation, foreign_documents, instructions, unflattened};
use llmobs_model::{Content, Document, SpanKind};

/// The content of a span.
#[derive(Debug, Default)]
pub(crate) struct MappedContent {
    pub(crate) input: Option<Content>,
    pub(crate) output: Option<Content>,
    /// Why the model stopped, as the output says.
    pub(crate) finish_reasons: Vec<String>,
    /// What was asked of a model before the conversation, where the input has no place for it.
    pub(crate) instructions: Option<String>,
    /// What is odd about the messages.
    pub(crate) remarks: RemarkSet,
}

/// The content in the forms of the kind. A model's span that is demoted keeps its order of carriers.
pub(crate) fn content(attributes: &ResolvedAttributes<'_>, kind: SpanKind, is_demoted: bool) -> MappedContent {
    let mut said = match kind {
        SpanKind::Llm => return of_model(attributes),
        SpanKind::Workflow if is_demoted => {
            let (input, output) = message_sources::both(attributes);
            let remarks = remarked([&input, &output]);
            MappedContent { remarks, ..said_by(input.and_then(as_value), output) }
        }
        SpanKind::Embedding => of_embedding(attributes),
        SpanKind::Retrieval => {
            let mut remarks = RemarkSet::default();
            let output = RETRIEVAL_OUTPUT.iter().find_map(|name| documents(attributes, name, &mut remarks));
            let output = output.map(Content::Documents);
            MappedContent { input: value(attributes, RETRIEVAL_INPUT), output, remarks, ..MappedContent::default() }
        }
        SpanKind::Tool => MappedContent {
            input: value(attributes, TOOL_INPUT),
            output: value(attributes, TOOL_OUTPUT),
            ..MappedContent::default()
        },
        SpanKind::Workflow | SpanKind::Agent | SpanKind::Task | _ => of_others(attributes),
    };
    let asked = attributes.json(gen_ai::INSTRUCTIONS).as_ref().map(instructions).unwrap_or_default();
    said.instructions = (!asked.is_empty()).then(|| asked.join("\n"));
    said
}

fn of_model(attributes: &ResolvedAttributes<'_>) -> MappedContent {
    let (mut input, output) = message_sources::both(attributes);
    let asked = attributes.json(gen_ai::INSTRUCTIONS).as_ref().map(instructions).unwrap_or_default();
    if !asked.is_empty() {
        input.get_or_insert_default().instruct(asked);
    }
    let remarks = remarked([&input, &output]);
    let output = output.unwrap_or_default();
    let messages = |conversation: Conversation| {
        Some(conversation.messages).filter(|messages| !messages.is_empty()).map(Content::Messages)
    };
    let finish_reasons = output.finish_reasons.clone();
    MappedContent {
        input: input.and_then(messages),
        output: messages(output),
        finish_reasons,
        remarks,
        ..MappedContent::default()
    }
}

fn of_others(attributes: &ResolvedAttributes<'_>) -> MappedContent {
    let first = |carriers: &[MessageSource]| carriers.iter().find_map(|source| source.read(attributes));
    let input = first(message_sources::INPUT_OF_CONVENTION)
        .and_then(as_value)
        .or_else(|| value(attributes, INPUT_VALUE))
        .or_else(|| first(message_sources::OTHER_INPUT).and_then(as_value));
    let output = first(message_sources::OUTPUT_OF_CONVENTION);
    if output.is_some() {
        return said_by(input, output);
    }
    if let Some(output) = value(attributes, OUTPUT_VALUE) {
        return MappedContent { input, output: Some(output), ..MappedContent::default() };
    }
    let mut said = said_by(input, first(message_sources::OTHER_OUTPUT));
    if said.output.is_none() {
        let reranked = documents(attributes, openinference::RERANKED, &mut said.remarks);
        said.output = reranked.map(Content::Documents);
    }
    said
}

fn said_by(input: Option<Content>, output: Option<Conversation>) -> MappedContent {
    let finish_reasons = output.as_ref().map(|output| output.finish_reasons.clone()).unwrap_or_default();
    MappedContent { input, output: output.and_then(as_value), finish_reasons, ..MappedContent::default() }
}

fn remarked(said: [&Option<Conversation>; 2]) -> RemarkSet {
    let mut all = RemarkSet::default();
    said.into_iter().flatten().for_each(|said| all.absorb(said.remarks));
    all
}

/// One plain message is its text; more are the JSON of messages, which is written when the event is.
fn as_value(mut conversation: Conversation) -> Option<Content> {
    let is_plain = match conversation.messages.as_slice() {
        [] => return None,
        [only] => {
            only.tool_calls.is_empty()
                && only.tool_results.is_empty()
                && only.audio_parts.is_empty()
                && only.image_parts.is_empty()
        }
        [..] => false,
    };
    if is_plain {
        return conversation.messages.pop().map(|only| Content::Text(only.content));
    }
    Some(Content::Messages(conversation.messages))
}

/// The first of these, as it was written.
fn value(attributes: &ResolvedAttributes<'_>, names: &[&str]) -> Option<Content> {
    names
        .iter()
        .find_map(|name| decode::written_text(attributes.get(name)?))
        .map(|text| Content::Text(text.into_owned()))
}

/// The documents of a name, whole or flattened.
fn documents(attributes: &ResolvedAttributes<'_>, name: &str, remarks: &mut RemarkSet) -> Option<Vec<Document>> {
    let json = list_of(attributes, name)?;
    Some(foreign_documents(&json, remarks)).filter(|documents| !documents.is_empty())
}

/// The JSON of a name, or what is flattened below it.
fn list_of<'a>(attributes: &ResolvedAttributes<'a>, name: &str) -> Option<Json<'a>> {
    attributes.json(name).map(unflattened).or_else(|| attributes.flattened(&format!("{name}."), is_item))
}

fn of_embedding(attributes: &ResolvedAttributes<'_>) -> MappedContent {
    let mut documents = embedded(attributes);
    documents.retain(|document| !document.text.is_empty());
    let count = vectors(attributes).unwrap_or(documents.len());
    MappedContent {
        input: (!documents.is_empty()).then_some(Content::Documents(documents)),
        // The vectors themselves never leave.
        output: (count > 0).then(|| Content::Text(format!("[{count} embedding(s) returned]"))),
        ..MappedContent::default()
    }
}

/// How many vectors came out, where that is told.
fn vectors(attributes: &ResolvedAttributes<'_>) -> Option<usize> {
    let lists = [list_of(attributes, openinference::EMBEDDINGS), attributes.json(vercel::EMBEDDINGS)];
    let counted = lists.into_iter().flatten().find_map(|json| json.as_list().map(<[_]>::len));
    counted.filter(|count| *count > 0).or_else(|| attributes.has(vercel::EMBEDDING).then_some(1))
}

/// What was embedded.
fn embedded(attributes: &ResolvedAttributes<'_>) -> Vec<Document> {
    let messages = MessageSource::Messages(gen_ai::INPUT_MESSAGES, message_sources::USER);
    if let Some(said) = messages.read(attributes) {
        return said.messages.into_iter().map(|message| Document::new(message.content)).collect();
    }
    if let Some(json) = list_of(attributes, openinference::EMBEDDINGS) {
        let texts = json.as_list().unwrap_or_default().iter();
        let texts = texts.filter_map(|item| item.get("embedding").unwrap_or(item).first_text(&["text"]));
        let documents: Vec<Document> = texts.map(Document::new).collect();
        if !documents.is_empty() {
            return documents;
        }
    }
    if let Some(said) = MessageSource::Flat(gen_ai::PROMPTS, message_sources::USER).read(attributes) {
        return said.messages.into_iter().map(|message| Document::new(message.content)).collect();
    }
    if let Some(json) = vercel::VALUES.iter().find_map(|name| attributes.json(name)) {
        let items = json.as_list().map_or_else(|| vec![unquoted(&json)], |items| items.iter().map(unquoted).collect());
        return items.into_iter().map(Document::new).collect();
    }
    let names = ["langfuse.observation.input", "langfuse.input", openinference::INPUT_VALUE];
    let Some(json) = names.iter().find_map(|name| attributes.json(name)) else { return Vec::new() };
    let request = json.get("input").filter(|_| json.is_object());
    foreign_documents(request.unwrap_or(&json), &mut RemarkSet::default())
}

/// Vercel's SDK writes each value as JSON of its own.
fn unquoted(json: &Json<'_>) -> String {
    let inner = json.as_text().filter(|text| text.starts_with('"')).and_then(Json::parse);
    match inner {
        Some(Json::Text(text)) => Cow::into_owned(text),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) | None => json.to_text(),
    }
}
