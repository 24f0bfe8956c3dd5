//! Attributes and events that carry messages, the strongest first.
//!
//! The first source that yields a message wins with all its messages. Sources are never mixed: two conventions on one
//! span tell the same conversation twice.

use std::borrow::Cow;

use crate::attributes::ResolvedAttributes;
use crate::convention::{gen_ai, openinference, vercel};
use crate::format::decode;
use crate::format::json::Json;
use crate::mapping::vercel_parts;
use crate::messages::{Conversation, conversation, looks_like_choices, unflattened};
use crate::signs::is_item;
use crate::{Remark, span_events};

/// A way to carry messages, with the role of messages that have none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MessageSource {
    /// JSON or text in an attribute.
    Messages(&'static str, &'static str),
    /// JSON or text in an attribute of events, which add up.
    Details(&'static str, &'static str),
    /// Events that are messages themselves, of the output or of the input.
    Events { is_output: bool },
    /// Flattened names with running numbers below a prefix.
    Flat(&'static str, &'static str),
    /// `OpenInference`'s messages: JSON under the name, or flattened below it.
    Nested(&'static str, &'static str),
    /// `OpenInference`'s completions: a text in this member of each item.
    Texts(&'static str, &'static str, &'static str),
    /// Vercel's response, whose parts are separate attributes.
    Answer,
}

pub(crate) const USER: &str = "user";
pub(crate) const ASSISTANT: &str = "assistant";

/// Input messages of `OpenTelemetry`.
pub(crate) const OTEL_INPUT: &[MessageSource] = &[
    MessageSource::Messages(gen_ai::INPUT_MESSAGES, USER),
    MessageSource::Details(gen_ai::INPUT_MESSAGES, USER),
    MessageSource::Events { is_output: false },
    MessageSource::Messages(gen_ai::PROMPT, USER),
    MessageSource::Messages(gen_ai::OTHER_PROMPT, USER),
];
pub(crate) const OTEL_OUTPUT: &[MessageSource] = &[
    MessageSource::Messages(gen_ai::OUTPUT_MESSAGES, ASSISTANT),
    MessageSource::Details(gen_ai::OUTPUT_MESSAGES, ASSISTANT),
    MessageSource::Events { is_output: true },
    MessageSource::Messages(gen_ai::COMPLETION, ASSISTANT),
    MessageSource::Messages(gen_ai::OTHER_COMPLETION, ASSISTANT),
];
/// Input messages of other conventions.
pub(crate) const OTHER_INPUT: &[MessageSource] = &[
    MessageSource::Flat(gen_ai::PROMPTS, USER),
    MessageSource::Nested(openinference::INPUT_MESSAGES, USER),
    MessageSource::Texts(openinference::PROMPTS, "prompt", USER),
    MessageSource::Messages(vercel::PROMPT_MESSAGES, USER),
    MessageSource::Messages(vercel::PROMPT, USER),
];
pub(crate) const OTHER_OUTPUT: &[MessageSource] = &[
    MessageSource::Flat(gen_ai::COMPLETIONS, ASSISTANT),
    MessageSource::Nested(openinference::OUTPUT_MESSAGES, ASSISTANT),
    MessageSource::Texts(openinference::CHOICES, "completion", ASSISTANT),
    MessageSource::Answer,
];
/// Attributes that hold an input of any form, messages among them.
pub(crate) const GENERIC_INPUT: &[MessageSource] = &[
    MessageSource::Messages("langfuse.observation.input", USER),
    MessageSource::Messages("langfuse.input", USER),
    MessageSource::Messages(openinference::INPUT_VALUE, USER),
    MessageSource::Messages("traceloop.entity.input", USER),
    MessageSource::Messages("gen_ai.task.input", USER),
];
pub(crate) const GENERIC_OUTPUT: &[MessageSource] = &[
    MessageSource::Messages("langfuse.observation.output", ASSISTANT),
    MessageSource::Messages("langfuse.output", ASSISTANT),
    MessageSource::Messages(openinference::OUTPUT_VALUE, ASSISTANT),
    MessageSource::Messages("traceloop.entity.output", ASSISTANT),
    MessageSource::Messages("gen_ai.task.output", ASSISTANT),
];

/// Returns the messages that went into a model, and those that came out.
pub(crate) fn both(attributes: &ResolvedAttributes<'_>) -> (Option<Conversation>, Option<Conversation>) {
    let is_misplaced = has_output_for_input(attributes);
    let input = OTEL_INPUT.iter().chain(OTHER_INPUT).chain(GENERIC_INPUT);
    let output = OTEL_OUTPUT.iter().chain(OTHER_OUTPUT).chain(GENERIC_OUTPUT);
    let misplaced = is_misplaced.then_some(&MessageSource::Messages(gen_ai::INPUT_MESSAGES, ASSISTANT));
    (
        input.skip(usize::from(is_misplaced)).find_map(|source| source.read(attributes)),
        misplaced.into_iter().chain(output).find_map(|source| source.read(attributes)),
    )
}

/// Returns whether the input attribute holds the output: rig 0.22 records both under one name.
pub(crate) fn has_output_for_input(attributes: &ResolvedAttributes<'_>) -> bool {
    if attributes.has(gen_ai::OUTPUT_MESSAGES) {
        return false;
    }
    // A prompt may be long, and is read only if it can be that.
    let is_possible = attributes.text(gen_ai::INPUT_MESSAGES).is_some_and(|text| text.contains("message"));
    is_possible && attributes.json(gen_ai::INPUT_MESSAGES).is_some_and(|json| looks_like_choices(&json))
}

impl MessageSource {
    /// Returns the name of the source in `docs/fields.md`.
    #[cfg(test)]
    pub(crate) fn shown(&self) -> String {
        match *self {
            Self::Messages(name, _) => name.to_owned(),
            Self::Details(name, _) => format!("{name} of events"),
            Self::Events { is_output: false } => "gen_ai.*.message events".to_owned(),
            Self::Events { is_output: true } => "gen_ai.choice events".to_owned(),
            Self::Flat(prefix, _) => format!("{prefix}<n>.*"),
            Self::Nested(name, _) => format!("{name}.<n>.message.*"),
            Self::Texts(name, member, _) => format!("{name}.<n>.{member}.text"),
            Self::Answer => format!("{}, {} with {}", vercel::TEXT, vercel::OBJECT, vercel::CALLS),
        }
    }

    /// Returns the messages of this source, unless there are none.
    pub(crate) fn read(&self, attributes: &ResolvedAttributes<'_>) -> Option<Conversation> {
        let conversation = match *self {
            Self::Messages(name, role) => {
                if !holds_json(attributes, name) {
                    let text = attributes.text(name)?.into_owned();
                    return Some(Conversation::of_text(text, role));
                }
                let json = attributes.json(name)?;
                let read = conversation(&json, role).or_else(|| {
                    // No known dialect: the whole value is the text of one message.
                    let text = decode::written_text(attributes.get(name)?)?;
                    Some(Conversation::of_text(text.into_owned(), role))
                });
                let mut messages = read?;
                messages.remarks.add_if(Remark::Content, !json.is_container() && span_events::CARRIERS.contains(&name));
                messages
            }
            Self::Details(name, role) => span_events::details(attributes.events, name, role),
            Self::Events { is_output } => span_events::messages(attributes.events, is_output),
            Self::Flat(prefix, role) => {
                let json = attributes.flattened(prefix, is_item)?;
                conversation(&with_roles(json), role)?
            }
            Self::Nested(name, role) => {
                let json = attributes.json(name).map(unflattened);
                let json = json.or_else(|| attributes.flattened_list(name))?;
                conversation(&json, role).unwrap_or_else(|| Conversation::of_text(json.to_text(), role))
            }
            Self::Texts(name, member, role) => {
                let json = attributes.json(name).map(unflattened);
                let json = json.or_else(|| attributes.flattened_list(name))?;
                texts(&json, member, role)
            }
            Self::Answer => conversation(&vercel_parts::answer(attributes)?, ASSISTANT)?,
        };
        (!conversation.messages.is_empty()).then_some(conversation)
    }
}

/// Returns whether the convention defines the value of an attribute as JSON.
///
/// Text that a user typed may look like a list of messages. Reading it as one would let users write system messages, so text
/// stays text unless its emitter says otherwise.
fn holds_json(attributes: &ResolvedAttributes<'_>, name: &str) -> bool {
    let is_json = |names: &[&str]| attributes.first_text(names).is_some_and(|mime_type| mime_type.contains("json"));
    match name {
        openinference::INPUT_VALUE => is_json(&[openinference::INPUT_MIME_TYPE]),
        // An emitter that serializes its requests serializes the responses too.
        openinference::OUTPUT_VALUE => is_json(&[openinference::OUTPUT_MIME_TYPE, openinference::INPUT_MIME_TYPE]),
        // JSON by the convention, but rig's agents write the plain prompt.
        gen_ai::PROMPT | gen_ai::COMPLETION => !attributes.plan.is_of_rig,
        _ => true,
    }
}

fn texts(json: &Json<'_>, member: &str, role: &str) -> Conversation {
    let mut all = Conversation::default();
    let items = json.as_list().unwrap_or(std::slice::from_ref(json));
    for item in items {
        let inner = item.get(member).unwrap_or(item);
        let text = inner.get("text").unwrap_or(inner).to_text();
        all.append(Conversation::of_text(text, role));
        all.finish_reasons.extend(inner.first_text(&["finish_reason"]).map(str::to_owned));
    }
    all
}

/// Restores messages whose role is a name, as in the oldest form: `gen_ai.prompt.0.user`.
fn with_roles(json: Json<'_>) -> Json<'_> {
    let Json::List(items) = json else { return json };
    let with_role = |item: Json<'_>| match item.members() {
        Some([(role, Json::Text(_))]) if ROLES.contains(&role.as_ref()) => {
            let role = (Cow::Borrowed("role"), Json::Text(Cow::Owned(role.to_string())));
            let content = item.get(role.1.as_text().unwrap_or_default()).cloned().unwrap_or(Json::Null);
            Json::Object(vec![role, (Cow::Borrowed("content"), content)]).into_owned()
        }
        _ => item.into_owned(),
    };
    Json::List(items.into_iter().map(with_role).collect())
}

const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];
