//! A list of messages, and the envelopes that APIs put around it.

use std::collections::{HashMap, HashSet};

use super::message;
use super::part::MessageParts;
use crate::RemarkSet;
use crate::format::json::Json;
use llmobs_model::{Message, Role};

/// Messages, with the finish reason of each choice.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Conversation {
    pub(crate) messages: Vec<Message>,
    pub(crate) finish_reasons: Vec<String>,
    /// Oddities of the messages.
    pub(crate) remarks: RemarkSet,
}

impl Conversation {
    /// Creates a conversation of one text.
    pub(crate) fn of_text(text: String, role: &str) -> Self {
        Self { messages: vec![Message::new(role, text)], ..Self::default() }
    }

    pub(crate) fn append(&mut self, later: Self) {
        self.messages.extend(later.messages);
        self.finish_reasons.extend(later.finish_reasons);
        self.remarks.absorb(later.remarks);
    }

    /// Gives tool results the names of the tool calls that they answer.
    pub(crate) fn name_results(&mut self) {
        if self.messages.iter().all(|message| message.tool_results.is_empty()) {
            return;
        }
        let mut names = HashMap::new();
        for call in self.messages.iter().flat_map(|message| &message.tool_calls) {
            names.extend(call.tool_id.clone().map(|id| (id, call.name.clone())));
        }
        for result in self.messages.iter_mut().flat_map(|message| &mut message.tool_results) {
            if result.name.as_ref().is_none_or(String::is_empty) {
                let name = result.tool_id.as_ref().and_then(|id| names.get(id));
                result.name = Some(name.cloned().unwrap_or_default());
            }
        }
    }

    fn add(&mut self, json: &Json<'_>, role: &str) {
        let reason = json.first_text(FINISH);
        let choice = json.get("message").filter(|inner| inner.is_object());
        let candidate = json.get("content").filter(|inner| inner.first(&["parts", "role"]).is_some());
        let inner = choice.or(candidate);
        let reason = reason.or_else(|| inner?.first_text(FINISH)).filter(|reason| *reason != UNKNOWN);
        self.finish_reasons.extend(reason.map(str::to_owned));
        let remarks = message::add(inner.unwrap_or(json), role, &mut self.messages);
        self.remarks.absorb(remarks);
    }

    /// Adds the items of a list: messages, texts, and runs of parts, each of which is one message.
    fn add_list(&mut self, items: &[Json<'_>], role: &str) {
        let mut rest = items;
        while let Some(first) = rest.first() {
            let parts = rest.iter().take_while(|item| MessageParts::is_part(item)).count();
            let (taken, after) = rest.split_at_checked(parts.max(1)).unwrap_or((rest, &[]));
            rest = after;
            if parts > 0 {
                let remarks = message::add_parts(taken, role, &mut self.messages);
                self.remarks.absorb(remarks);
            } else if is_message(first) {
                self.add(first, role);
            } else {
                message::add_text(first.to_text(), role, &mut self.messages);
            }
        }
    }
}

/// Returns the messages in any dialect, or `None` if the JSON is none. `role` is for messages without one.
pub(crate) fn conversation(json: &Json<'_>, role: &str) -> Option<Conversation> {
    let mut all = Conversation::default();
    match json {
        Json::Text(text) => message::add_text(text.clone().into_owned(), role, &mut all.messages),
        Json::List(items) => all.add_list(items, role),
        Json::Object(_) => read_object(json, role, &mut all)?,
        Json::Null | Json::Bool(_) | Json::Number(_) => return None,
    }
    all.name_results();
    Some(all)
}

/// Returns the messages of JSON that can hardly be anything other than some API's request or response.
pub(crate) fn plain_dialect(json: &Json<'_>) -> Option<Vec<Message>> {
    let has_parts = |json: &Json<'_>| {
        let parts = json.get("role").and_then(|_| json.first(&["parts", "content"]));
        let parts = parts.and_then(Json::as_list).unwrap_or_default();
        !parts.is_empty() && parts.iter().all(MessageParts::is_typed)
    };
    let items = ENVELOPES.iter().find_map(|name| json.get(name)?.as_list());
    let are_plain = match items.or(json.as_list()) {
        Some([]) => false,
        Some(all) => all.iter().all(is_message) && (items.is_some() || all.iter().any(has_parts)),
        None => has_parts(json),
    };
    let read = are_plain.then(|| conversation(json, "")).flatten()?;
    Some(read.messages)
}

/// Returns the texts of system instructions, one a part.
pub(crate) fn instructions(json: &Json<'_>) -> Vec<String> {
    let mut all = Conversation::default();
    match json.as_list() {
        Some(items) if items.iter().all(|item| MessageParts::is_part(item) || item.as_text().is_some()) => {
            for item in items {
                all.add_list(std::slice::from_ref(item), SYSTEM);
            }
        }
        Some(_) | None => match conversation(json, SYSTEM) {
            Some(read) => all = read,
            None => all.messages.push(Message::system(json.to_text())),
        },
    }
    all.messages.into_iter().map(|message| message.content).filter(|text| !text.is_empty()).collect()
}

/// Returns whether the JSON is a list of choices, which only an output has.
pub(crate) fn looks_like_choices(json: &Json<'_>) -> bool {
    let is_choice = |item: &Json<'_>| {
        item.get("message").is_some_and(Json::is_object)
            && item.first(&["index", "finish_reason", "finishReason"]).is_some()
    };
    json.as_list().is_some_and(|items| !items.is_empty() && items.iter().all(is_choice))
}

fn read_object(json: &Json<'_>, role: &str, all: &mut Conversation) -> Option<()> {
    let is_message = is_message(json);
    for name in ENVELOPES {
        let Some(items) = json.get(name).and_then(Json::as_list) else { continue };
        // System instructions stand beside the conversation.
        let before = json.first(&["system", "systemInstruction", "system_instruction"]);
        let texts = before.map(instructions).unwrap_or_default();
        all.messages.extend(texts.into_iter().map(Message::system));
        all.add_list(items, role);
        return Some(());
    }
    if is_message {
        all.add(json, role);
    } else if MessageParts::is_part(json) {
        let remarks = message::add_parts(std::slice::from_ref(json), role, &mut all.messages);
        all.remarks.absorb(remarks);
    } else {
        return None;
    }
    Some(())
}

fn is_message(json: &Json<'_>) -> bool {
    json.first(MESSAGE).is_some()
}

impl Conversation {
    /// Puts system instructions first, unless the conversation has them already.
    pub(crate) fn instruct(&mut self, instructions: Vec<String>) {
        let instructs = |role: &Role| matches!(role, Role::System | Role::Developer);
        let known = self.messages.iter().filter(|message| instructs(&message.role));
        let known: HashSet<&str> = known.map(|message| message.content.as_str()).collect();
        let new = instructions.into_iter().filter(|text| !known.contains(text.as_str()));
        let new: Vec<Message> = new.map(Message::system).collect();
        self.messages.splice(0..0, new);
    }
}

/// Members of a request or response that hold the conversation.
const ENVELOPES: [&str; 4] = ["messages", "contents", "choices", "candidates"];
/// Members of a message. An object with none of these is no message.
const MESSAGE: &[&str] = &[
    "role",
    "content",
    "parts",
    "contents",
    "message",
    "text",
    "tool_calls",
    "toolCalls",
    "tool_results",
    "tool_call_id",
    "function_call",
    "function_call_name",
    "reasoning_content",
    "refusal",
];
const FINISH: &[&str] = &["finish_reason", "finishReason", "stop_reason", "stopReason"];
/// The finish reason that rig records when it knows none.
const UNKNOWN: &str = "unknown";
const SYSTEM: &str = "system";
