//! Input and output of a span, in the form that its kind takes.

use std::borrow::Cow;

use crate::RemarkSet;
use crate::attributes::ResolvedAttributes;
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

/// Input and output of a span, with what was found beside them.
#[derive(Debug, Default)]
pub(crate) struct MappedContent {
    pub(crate) input: Option<Content>,
    pub(crate) output: Option<Content>,
    /// Finish reasons in the messages of the output.
    pub(crate) finish_reasons: Vec<String>,
    /// System instructions, if the input has no place for them.
    pub(crate) instructions: Option<String>,
    /// Oddities of the messages.
    pub(crate) remarks: RemarkSet,
}

/// Returns the content in the form of the kind. A demoted span keeps the message sources of a model's span.
pub(crate) fn content(attributes: &ResolvedAttributes<'_>, kind: SpanKind, is_demoted: bool) -> MappedContent {
    let mut content = match kind {
        SpanKind::Llm => return llm_content(attributes),
        SpanKind::Workflow if is_demoted => {
            let (input, output) = message_sources::both(attributes);
            let remarks = remarked([&input, &output]);
            MappedContent { remarks, ..as_values(input.and_then(as_value), output) }
        }
        SpanKind::Embedding => embedding_content(attributes),
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
        SpanKind::Workflow | SpanKind::Agent | SpanKind::Task | _ => text_content(attributes),
    };
    let instructions_of_span = attributes.json(gen_ai::INSTRUCTIONS).as_ref().map(instructions).unwrap_or_default();
    content.instructions = (!instructions_of_span.is_empty()).then(|| instructions_of_span.join("\n"));
    content
}

fn llm_content(attributes: &ResolvedAttributes<'_>) -> MappedContent {
    let (mut input, output) = message_sources::both(attributes);
    let instructions_of_span = attributes.json(gen_ai::INSTRUCTIONS).as_ref().map(instructions).unwrap_or_default();
    if !instructions_of_span.is_empty() {
        input.get_or_insert_default().instruct(instructions_of_span);
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

fn text_content(attributes: &ResolvedAttributes<'_>) -> MappedContent {
    let first = |carriers: &[MessageSource]| carriers.iter().find_map(|source| source.read(attributes));
    let input = first(message_sources::OTEL_INPUT)
        .and_then(as_value)
        .or_else(|| value(attributes, INPUT_VALUE))
        .or_else(|| first(message_sources::OTHER_INPUT).and_then(as_value));
    let output = first(message_sources::OTEL_OUTPUT);
    if output.is_some() {
        return as_values(input, output);
    }
    if let Some(output) = value(attributes, OUTPUT_VALUE) {
        return MappedContent { input, output: Some(output), ..MappedContent::default() };
    }
    let mut content = as_values(input, first(message_sources::OTHER_OUTPUT));
    if content.output.is_none() {
        let reranked = documents(attributes, openinference::RERANKED, &mut content.remarks);
        content.output = reranked.map(Content::Documents);
    }
    content
}

fn as_values(input: Option<Content>, output: Option<Conversation>) -> MappedContent {
    let finish_reasons = output.as_ref().map(|output| output.finish_reasons.clone()).unwrap_or_default();
    MappedContent { input, output: output.and_then(as_value), finish_reasons, ..MappedContent::default() }
}

fn remarked(conversation: [&Option<Conversation>; 2]) -> RemarkSet {
    let mut all = RemarkSet::default();
    conversation.into_iter().flatten().for_each(|conversation| all.absorb(conversation.remarks));
    all
}

/// Returns a single plain message as its text, and anything more as messages, which are written as JSON later.
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

/// Returns the first of these attributes, as it was written.
fn value(attributes: &ResolvedAttributes<'_>, names: &[&str]) -> Option<Content> {
    names
        .iter()
        .find_map(|name| decode::written_text(attributes.get(name)?))
        .map(|text| Content::Text(text.into_owned()))
}

/// Returns the documents under a name, as one list or flattened below it.
fn documents(attributes: &ResolvedAttributes<'_>, name: &str, remarks: &mut RemarkSet) -> Option<Vec<Document>> {
    let json = list_of(attributes, name)?;
    Some(foreign_documents(&json, remarks)).filter(|documents| !documents.is_empty())
}

/// Returns the JSON under a name, or rebuilds it from the names below.
fn list_of<'a>(attributes: &ResolvedAttributes<'a>, name: &str) -> Option<Json<'a>> {
    attributes.json(name).map(unflattened).or_else(|| attributes.flattened_list(name))
}

fn embedding_content(attributes: &ResolvedAttributes<'_>) -> MappedContent {
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

/// Returns the number of vectors, if it was recorded.
fn vectors(attributes: &ResolvedAttributes<'_>) -> Option<usize> {
    let lists = [list_of(attributes, openinference::EMBEDDINGS), attributes.json(vercel::EMBEDDINGS)];
    let counted = lists.into_iter().flatten().find_map(|json| json.as_list().map(<[_]>::len));
    counted.filter(|count| *count > 0).or_else(|| attributes.has(vercel::EMBEDDING).then_some(1))
}

/// Returns the texts that were embedded.
fn embedded(attributes: &ResolvedAttributes<'_>) -> Vec<Document> {
    let messages = MessageSource::Messages(gen_ai::INPUT_MESSAGES, message_sources::USER);
    if let Some(conversation) = messages.read(attributes) {
        return conversation.messages.into_iter().map(|message| Document::new(message.content)).collect();
    }
    if let Some(json) = list_of(attributes, openinference::EMBEDDINGS) {
        let texts = json.as_list().unwrap_or_default().iter();
        let texts = texts.filter_map(|item| item.get("embedding").unwrap_or(item).first_text(&["text"]));
        let documents: Vec<Document> = texts.map(Document::new).collect();
        if !documents.is_empty() {
            return documents;
        }
    }
    if let Some(conversation) = MessageSource::Flat(gen_ai::PROMPTS, message_sources::USER).read(attributes) {
        return conversation.messages.into_iter().map(|message| Document::new(message.content)).collect();
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

/// Returns a text without the quotes of JSON: Vercel's SDK serializes each value on its own.
fn unquoted(json: &Json<'_>) -> String {
    let inner = json.as_text().filter(|text| text.starts_with('"')).and_then(Json::parse);
    match inner {
        Some(Json::Text(text)) => Cow::into_owned(text),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) | None => json.to_text(),
    }
}
