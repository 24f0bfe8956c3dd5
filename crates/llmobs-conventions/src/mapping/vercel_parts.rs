//! Names and responses of Vercel's AI SDK, whose parts are separate attributes.

use std::borrow::Cow;

use crate::attributes::ResolvedAttributes;
use crate::convention::precedence::VERCEL_OPERATION;
use crate::convention::vercel::{CALLS, FUNCTION, OBJECT, REASONING, TEXT, last_segment};
use crate::format::json::Json;

/// Returns the name of an operation's span: function id and step.
pub(crate) fn name(attributes: &ResolvedAttributes<'_>) -> Option<String> {
    let operation = attributes.text(VERCEL_OPERATION)?;
    let step = last_segment(&operation);
    Some(match attributes.text(FUNCTION) {
        Some(function) => format!("{function}.{step}"),
        None => step.to_owned(),
    })
}

/// Returns the response as one message.
pub(crate) fn answer<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    let text = attributes.text(TEXT).or_else(|| attributes.text(OBJECT));
    let calls = attributes.json(CALLS);
    if text.is_none() && calls.is_none() {
        return None;
    }
    let thought = attributes.text(REASONING).map(|thought| (Cow::Borrowed("reasoning"), Json::Text(thought)));
    let text = text.map(|text| (Cow::Borrowed("content"), Json::Text(text)));
    let calls = calls.map(|calls| (Cow::Borrowed("tool_calls"), calls));
    let role = (Cow::Borrowed("role"), Json::Text(Cow::Borrowed("assistant")));
    Some(Json::Object([Some(role), thought, text, calls].into_iter().flatten().collect()))
}
