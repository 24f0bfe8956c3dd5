//! The names that carry messages, the strongest first. The first that yields a message wins with all of it; carriers
//! are never mixed.

use std::borrow::Cow;

use crate::attributes::{ResolvedAttributes, is_item};
use crate::convention::{gen_ai, openinference, vercel};
use crate::format::decode;
use crate::format::json::Json;
use crate::messages::{Conversation, conversation, looks_like_choices, unflattened};
use crate::{Remark, span_events};

/// One way to carry messages, and the role of those that name none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MessageSource {
    /// JSON or text under a name.
    Messages(&'static str, &'static str),
    /// The same in events, which add up.
    Details(&'static str, &'static str),
    /// Events that are messages; those of the output or of the input.
    Events { is_output: bool },
    /// Names with running numbers below a prefix.
    Flat(&'static str, &'static str),
    /// `OpenInference`: JSON under the name, or flattened below it.
    Nested(&'static str, &'static str),
    /// The completions API of `OpenInference`: a text in this member of each item.
    Texts(&'static str, &'static str, &'static str),
    /// The answer of Vercel's SDK.
    Answer,
}

pub(crate) const USER: &str = "user";
const ASSISTANT: &str = "assistant";

/// Those of `OpenTelemetry`.
pub(crate) const INPUT_OF_CONVENTION: &[MessageSource] = &[
    MessageSource::Messages(gen_ai::INPUT_MESSAGES, USER),
    MessageSource::Details(gen_ai::INPUT_MESSAGES, USER),
    MessageSource::Events { is_output: false },
    MessageSource::Messages(gen_ai::PROMPT, USER),
    MessageSource::Messages(gen_ai::OTHER_PROMPT, USER),
];
pub(crate) const OUTPUT_OF_CONVENTION: &[MessageSource] = &[
    MessageSource::Messages(gen_ai::OUTPUT_MESSAGES, ASSISTANT),
    MessageSource::Details(gen_ai::OUTPUT_MESSAGES, ASSISTANT),
    MessageSource::Events { is_output: true },
    MessageSource::Messages(gen_ai::COMPLETION, ASSISTANT),
    MessageSource::Messages(gen_ai::OTHER_COMPLETION, ASSISTANT),
];
/// Those that other conventions have for messages.
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
/// Those that carry anything, messages too.
pub(crate) const ANY_INPUT: &[MessageSource] = &[
    MessageSource::Messages("langfuse.observation.input", USER),
    MessageSource::Messages("langfuse.input", USER),
    MessageSource::Messages(openinference::INPUT_VALUE, USER),
    MessageSource::Messages("traceloop.entity.input", USER),
    MessageSource::Messages("gen_ai.task.input", USER),
];
pub(crate) const ANY_OUTPUT: &[MessageSource] = &[
    MessageSource::Messages("langfuse.observation.output", ASSISTANT),
    MessageSource::Messages("langfuse.output", ASSISTANT),
    MessageSource::Messages("output.value", ASSISTANT),
    MessageSource::Messages("traceloop.entity.output", ASSISTANT),
    MessageSource::Messages("gen_ai.task.output", ASSISTANT),
];

/// What went into a model and what came out of it.
pub(crate) fn both(attributes: &ResolvedAttributes<'_>) -> (Option<Conversation>, Option<Conversation>) {
    let is_misplaced = has_output_for_input(attributes);
    let input = INPUT_OF_CONVENTION.iter().chain(OTHER_INPUT).chain(ANY_INPUT);
    let output = OUTPUT_OF_CONVENTION.iter().chain(OTHER_OUTPUT).chain(ANY_OUTPUT);
    let misplaced = is_misplaced.then_some(&MessageSource::Messages(gen_ai::INPUT_MESSAGES, ASSISTANT));
    (
        input.skip(usize::from(is_misplaced)).find_map(|source| source.read(attributes)),
        misplaced.into_iter().chain(output).find_map(|source| source.read(attributes)),
    )
}

/// rig 0.22 writes what came out over what went in.
fn has_output_for_input(attributes: &ResolvedAttributes<'_>) -> bool {
    if attributes.has(gen_ai::OUTPUT_MESSAGES) {
        return false;
    }
    // A prompt may be long, and is read only if it can be that.
    let is_possible = attributes.text(gen_ai::INPUT_MESSAGES).is_some_and(|text| text.contains("message"));
    is_possible && attributes.json(gen_ai::INPUT_MESSAGES).is_some_and(|json| looks_like_choices(&json))
}

impl MessageSource {
    /// How it is called in the document.
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

    /// What it carries, unless that is nothing.
    pub(crate) fn read(&self, attributes: &ResolvedAttributes<'_>) -> Option<Conversation> {
        let said = match *self {
            Self::Messages(name, role) => {
                let json = attributes.json(name)?;
                let read = conversation(&json, role).or_else(|| {
                    // No dialect of messages: all of it is what was said.
                    let text = decode::written_text(attributes.get(name)?)?;
                    Some(Conversation::of_text(text.into_owned(), role))
                });
                let mut said = read?;
                said.remarks.add_if(Remark::Content, !json.is_container() && span_events::CARRIERS.contains(&name));
                said
            }
            Self::Details(name, role) => span_events::details(attributes.events, name, role),
            Self::Events { is_output } => span_events::messages(attributes.events, is_output),
            Self::Flat(prefix, role) => {
                let json = attributes.flattened(prefix, is_item)?;
                conversation(&with_roles(json), role)?
            }
            Self::Nested(name, role) => {
                let json = attributes.json(name).map(unflattened);
                let json = json.or_else(|| attributes.flattened(&format!("{name}."), is_item))?;
                conversation(&json, role).unwrap_or_else(|| Conversation::of_text(json.to_text(), role))
            }
            Self::Texts(name, member, role) => {
                let json = attributes.json(name).map(unflattened);
                let json = json.or_else(|| attributes.flattened(&format!("{name}."), is_item))?;
                texts(&json, member, role)
            }
            Self::Answer => conversation(&vercel::answer(attributes)?, ASSISTANT)?,
        };
        (!said.messages.is_empty()).then_some(said)
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

/// The oldest form has the role for a name: `gen_ai.prompt.0.user`.
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
