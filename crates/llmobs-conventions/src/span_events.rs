//! Events inside a span: which are captured, their names, and the messages that they carry.

use std::borrow::Cow;

use crate::convention::otel::{CLIENT_EXCEPTION, EXCEPTION_EVENT, MESSAGE};
use crate::convention::{allowlist, gen_ai, otel};
use crate::format::decode;
use crate::format::json::Json;
use crate::messages::{Conversation, conversation};
use crate::{Conventions, EventAttributes, signs};

/// Returns the name of an event: from its metadata, from `event.name`, or from a text that is the name of a known
/// event.
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
        let fails = otel::is_of_error(name) && (is_error || name.starts_with(otel::EXCEPTION));
        if fails || (!otel::is_of_error(name) && is_worth_capturing(conventions, name)) {
            return true;
        }
        has_text |= name == MESSAGE;
        has_part |= is_part(name);
    }
    // The text of such an event may be the name of a message: `info!(content = …, "gen_ai.user.message")`.
    has_text && has_part
}

/// Returns whether an event of this name is used, whatever its attributes.
pub(crate) fn is_known(name: &str) -> bool {
    is_message(name) || OTHERS.contains(&name)
}

/// Returns whether an event of this name is a message.
pub(crate) fn is_message(name: &str) -> bool {
    ROLES.iter().any(|(own, _)| *own == name)
}

/// Returns whether an attribute makes an event worth capturing: the event may be a message, or fill a gap of the span.
/// Attributes that ordinary log lines have do not.
pub(crate) fn is_worth_capturing(conventions: Conventions, name: &str) -> bool {
    let is_of_call = LLM_PREFIXES.iter().any(|family| name.starts_with(family)) && !signs::is_context(name);
    name == NAME || is_of_call && allowlist::is_captured(conventions, "", name)
}

/// Returns whether messages have an attribute of this name, and hardly any other event.
pub(crate) fn is_part(name: &str) -> bool {
    ["content", CALLS, "finish_reason"].contains(&name)
}

/// Prefixes that only LLM libraries use.
const LLM_PREFIXES: [&str; 8] =
    ["gen_ai.", "openinference.", "llm.", "input.value", "output.value", "langfuse.", "traceloop.", "ai."];

/// Returns the messages of the events that `GenAI` had before 1.37, one event a message: those of the input or of the
/// output.
pub(crate) fn messages(events: &[EventAttributes<'_>], is_output: bool) -> Conversation {
    let mut all = Conversation::default();
    if events.is_empty() {
        return all;
    }
    for event in events {
        let Some(name) = name(event) else { continue };
        let Some((_, role)) = ROLES.iter().find(|(own, _)| *own == name.trim()) else { continue };
        if (name == CHOICE) == is_output
            && let Some(message) = members(event, &name)
        {
            match conversation(&message, role) {
                Some(messages) => all.append(messages),
                // A choice whose content is kept back.
                None => all.finish_reasons.extend(message.first_text(&["finish_reason"]).map(str::to_owned)),
            }
        }
    }
    all.name_results();
    all
}

/// Returns the messages of events that carry whole conversations, one after the other.
pub(crate) fn details(events: &[EventAttributes<'_>], source: &str, role: &str) -> Conversation {
    let mut all = Conversation::default();
    if events.is_empty() {
        return all;
    }
    for event in events {
        let Some(value) = event.get(source) else { continue };
        let Some(json) = decode::json(value) else { continue };
        all.append(conversation(&json, role).unwrap_or_else(|| Conversation::of_text(json.to_text(), role)));
    }
    all.name_results();
    all
}

/// Returns the members of a message, from the event's body or from its attributes.
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

/// Renames members that events call otherwise than messages do.
fn as_message<'a>(members: Vec<(Cow<'a, str>, Json<'a>)>, name: &str) -> Json<'a> {
    let renamed = |own: Cow<'a, str>, value: &Json<'_>| match own.as_ref() {
        ID if name == TOOL => Cow::Borrowed("tool_call_id"),
        MESSAGE if !value.is_object() => Cow::Borrowed("content"),
        _ => own,
    };
    Json::Object(members.into_iter().map(|(own, value)| (renamed(own, &value), value)).collect())
}

/// The beginning of the name that `tracing` gives an event without one: `event src/main.rs:5`.
const UNNAMED: &str = "event ";
const NAME: &str = "event.name";
const BODY: &str = "body";
const ID: &str = "id";
const CALLS: &str = "tool_calls";
const PARTS: [&str; 7] = ["content", "role", CALLS, ID, "index", "finish_reason", MESSAGE];

/// Events that are messages, with the role of each.
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
    gen_ai::EVALUATION_EVENT,
    CLIENT_EXCEPTION,
    EXCEPTION_EVENT,
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];
/// Attributes that carry whole conversations.
pub(crate) const CARRIERS: [&str; 2] = [gen_ai::INPUT_MESSAGES, gen_ai::OUTPUT_MESSAGES];
