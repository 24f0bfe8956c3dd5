//! Events inside a span: what they are called, and those that are messages.

use std::borrow::Cow;

use crate::convention::{allowlist, gen_ai};
use crate::format::decode;
use crate::format::json::Json;
use crate::mapping::status;
use crate::mapping::status::{CLIENT_EXCEPTION, EXCEPTION_EVENT, MESSAGE};
use crate::messages::{Conversation, conversation};
use crate::{Conventions, EventAttributes, classification, evaluations};

/// What an event is called: by its metadata, by a field, or by a text that is the name of a known event.
pub(crate) fn name<'a>(event: &'a EventAttributes<'_>) -> Option<Cow<'a, str>> {
    if !event.name.starts_with(UNNAMED) {
        return Some(Cow::Borrowed(event.name));
    }
    event.get(NAME).and_then(decode::text).or_else(|| {
        let message = event.get(MESSAGE).and_then(decode::text);
        message.filter(|text| is_known(text.trim()))
    })
}

/// Returns whether an event is used; see [`Conventions::captures_event`].
pub(crate) fn is_captured<'n>(
    conventions: Conventions,
    event_name: &str,
    is_error: bool,
    attribute_names: impl IntoIterator<Item = &'n str>,
) -> bool {
    if is_known(event_name) {
        return true;
    }
    let (mut has_text, mut has_part) = (false, false);
    for name in attribute_names {
        // An error that is only logged counts where it fails the span.
        let fails = status::is_of_error(name) && (is_error || name.starts_with(status::EXCEPTION));
        if fails || (!status::is_of_error(name) && is_telling(conventions, name)) {
            return true;
        }
        has_text |= name == MESSAGE;
        has_part |= is_part(name);
    }
    // The text of such an event may be the name of a message: `info!(content = …, "gen_ai.user.message")`.
    has_text && has_part
}

/// Whether this is the name of an event that says something by itself.
pub(crate) fn is_known(name: &str) -> bool {
    is_message(name) || OTHERS.contains(&name)
}

/// Whether this is the name of an event that is a message.
pub(crate) fn is_message(name: &str) -> bool {
    ROLES.iter().any(|(own, _)| *own == name)
}

/// Whether an event with this field is worth keeping: it may be a message that says its name only then, or fill a gap.
/// ResolvedAttributes that log lines have too wake nobody.
pub(crate) fn is_telling(conventions: Conventions, name: &str) -> bool {
    let is_of_call = TELLING.iter().any(|family| name.starts_with(family)) && !classification::is_context(name);
    name == NAME || is_of_call && allowlist::is_captured(conventions, "", name)
}

/// Whether messages have such a field, and hardly anything else.
pub(crate) fn is_part(name: &str) -> bool {
    ["content", CALLS, "finish_reason"].contains(&name)
}

/// How attributes begin that only libraries for models have.
const TELLING: [&str; 8] =
    ["gen_ai.", "openinference.", "llm.", "input.value", "output.value", "langfuse.", "traceloop.", "ai."];

/// The messages that events of before 1.37 say: input or output.
pub(crate) fn messages(events: &[EventAttributes<'_>], is_output: bool) -> Conversation {
    let mut all = Conversation::default();
    for event in events {
        let Some(name) = name(event) else { continue };
        let Some((_, role)) = ROLES.iter().find(|(own, _)| *own == name.trim()) else { continue };
        if (name == CHOICE) == is_output
            && let Some(said) = members(event, &name)
        {
            match conversation(&said, role) {
                Some(said) => all.append(said),
                // A choice whose content is kept back.
                None => all.finish_reasons.extend(said.first_text(&["finish_reason"]).map(str::to_owned)),
            }
        }
    }
    all.name_results();
    all
}

/// What the events say that carry whole messages, one after the other.
pub(crate) fn details(events: &[EventAttributes<'_>], source: &str, role: &str) -> Conversation {
    let mut all = Conversation::default();
    for event in events {
        let Some(value) = event.get(source) else { continue };
        let Some(json) = decode::json(value) else { continue };
        all.append(conversation(&json, role).unwrap_or_else(|| Conversation::of_text(json.to_text(), role)));
    }
    all.name_results();
    all
}

/// The members of a message, from the body or from the fields.
fn members<'a>(event: &'a EventAttributes<'_>, name: &str) -> Option<Json<'a>> {
    if let Some(body) = event.get(BODY).and_then(decode::json) {
        return Some(match body {
            Json::Object(members) => as_message(members, name),
            other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => other,
        });
    }
    let mut members = Vec::new();
    for (own, value) in &event.attributes {
        // The text of an event is in a field `message`, and so is the message of a choice.
        let is_own_name = *own == MESSAGE && decode::text(*value).is_some_and(|text| text.trim() == name);
        if PARTS.contains(own) && !is_own_name {
            let value = if [MESSAGE, CALLS].contains(own) { decode::json(*value) } else { decode::flat(*value) };
            members.extend(value.map(|value| (Cow::Borrowed(*own), value)));
        }
    }
    (!members.is_empty()).then(|| as_message(members, name))
}

/// Names that events have of their own, as messages have them.
fn as_message<'a>(members: Vec<(Cow<'a, str>, Json<'a>)>, name: &str) -> Json<'a> {
    let renamed = |own: Cow<'a, str>, value: &Json<'_>| match own.as_ref() {
        ID if name == TOOL => Cow::Borrowed("tool_call_id"),
        MESSAGE if !value.is_object() => Cow::Borrowed("content"),
        _ => own,
    };
    Json::Object(members.into_iter().map(|(own, value)| (renamed(own, &value), value)).collect())
}

/// How the metadata of an event begins that nobody named.
const UNNAMED: &str = "event ";
const NAME: &str = "event.name";
const BODY: &str = "body";
const ID: &str = "id";
const CALLS: &str = "tool_calls";
const PARTS: [&str; 7] = ["content", "role", CALLS, ID, "index", "finish_reason", MESSAGE];

/// Events that are messages, and whose.
const ROLES: [(&str, &str); 5] = [
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    (TOOL, "tool"),
    (CHOICE, "assistant"),
];
const TOOL: &str = "gen_ai.tool.message";
const CHOICE: &str = "gen_ai.choice";
const OTHERS: [&str; 6] = [
    evaluations::EVENT,
    CLIENT_EXCEPTION,
    EXCEPTION_EVENT,
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];
/// What whole messages are carried in.
pub(crate) const CARRIERS: [&str; 2] = [gen_ai::INPUT_MESSAGES, gen_ai::OUTPUT_MESSAGES];
