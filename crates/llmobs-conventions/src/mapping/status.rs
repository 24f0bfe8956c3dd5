//! Status and error of a span: `otel.status_*`, `exception.*`, `error*`, and events with errors.

use std::borrow::Cow;

use crate::attributes::ResolvedAttributes;
use crate::convention::otel::{
    CLIENT_EXCEPTION, DESCRIPTION, ERROR, ERROR_MESSAGE, ERROR_TYPE, EXCEPTION_EVENT, EXCEPTION_MESSAGE,
    EXCEPTION_STACK, EXCEPTION_TYPE, MESSAGE, OLD_DESCRIPTION, STATUS,
};
use crate::convention::{gen_ai, langfuse};
use crate::format::decode;
use crate::{AttributeValue, EventAttributes};
use llmobs_model::SpanError;

/// Returns whether the status is explicitly OK.
pub(crate) fn is_ok(attributes: &ResolvedAttributes<'_>) -> bool {
    attributes.text(STATUS).is_some_and(|status| status.trim().eq_ignore_ascii_case("ok"))
}

/// Returns the error of a span that failed.
pub(crate) fn error(attributes: &ResolvedAttributes<'_>) -> Option<SpanError> {
    let events: Vec<EventError<'_>> = attributes.events.iter().filter_map(event_error).collect();
    let failed = has_failed(attributes) || (!is_ok(attributes) && events.iter().any(|event| event.fails));
    if !failed {
        return None;
    }
    let event = |read: fn(&EventError<'_>) -> Option<String>| events.iter().rev().find_map(read);
    let own = |name: &str| attributes.text(name).map(Cow::into_owned);
    let message = own(EXCEPTION_MESSAGE)
        .or_else(|| event(|event| event.exception_message.clone()))
        .or_else(|| own(DESCRIPTION))
        .or_else(|| own(OLD_DESCRIPTION))
        .or_else(|| described(attributes))
        .or_else(|| own(ERROR_MESSAGE))
        .or_else(|| event(|event| event.error_message.clone()))
        .or_else(|| error_text(attributes.get(ERROR)))
        .or_else(|| event(|event| event.error.clone()))
        .or_else(|| langfuse::STATUS.iter().find_map(|name| own(name)));
    let error_type = own(ERROR_TYPE)
        .or_else(|| event(|event| event.error_type.clone()))
        .or_else(|| own(EXCEPTION_TYPE))
        .or_else(|| event(|event| event.exception_type.clone()))
        .or_else(|| own(gen_ai::TOOL_ERROR));
    let stack = own(EXCEPTION_STACK).or_else(|| event(|event| event.stack.clone()));
    let error = SpanError::new(message.unwrap_or_default()).error_type(error_type.unwrap_or_else(|| PLAIN.to_owned()));
    Some(error.stack(stack.unwrap_or_default()))
}

fn has_failed(attributes: &ResolvedAttributes<'_>) -> bool {
    let status = attributes.text(STATUS);
    let status = status.as_deref().map_or("", str::trim);
    let is_value =
        |name: &str, word: &str| attributes.text(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(word));
    status.eq_ignore_ascii_case("error")
        || status.starts_with(SHOWN_ERROR)
        || [ERROR_TYPE, EXCEPTION_TYPE, EXCEPTION_MESSAGE, gen_ai::TOOL_ERROR].iter().any(|name| attributes.has(name))
        || attributes.get(ERROR).is_some_and(is_error)
        || is_value(gen_ai::OUTCOME, "error")
        || is_value(langfuse::LEVEL, "error")
}

/// Returns whether an attribute `error` is one: `true`, a number other than 0, or a text other than `false`.
fn is_error(value: AttributeValue<'_>) -> bool {
    match (decode::flag(value), value) {
        (Some(flag), _) => flag,
        (None, AttributeValue::Text(_) | AttributeValue::Formatted(_)) => !value.is_absent(),
        (None, AttributeValue::Signed(number)) => number != 0,
        (None, AttributeValue::Unsigned(number)) => number != 0,
        (None, AttributeValue::Float(_) | AttributeValue::Bool(_) | AttributeValue::Oversize) => false,
    }
}

/// Returns the message in an attribute `error`, which may be a mere flag.
fn error_text(value: Option<AttributeValue<'_>>) -> Option<String> {
    let value = value?;
    let is_text =
        matches!(value, AttributeValue::Text(_) | AttributeValue::Formatted(_)) && decode::flag(value).is_none();
    is_text.then(|| decode::text(value).map(Cow::into_owned)).flatten()
}

/// Returns the description in a status that `Debug` wrote: `Error { description: "…" }`.
fn described(attributes: &ResolvedAttributes<'_>) -> Option<String> {
    let status = attributes.text(STATUS)?;
    let inner = status.trim().strip_prefix(SHOWN_ERROR)?.trim().strip_suffix('}')?.trim();
    let inner = inner.strip_prefix("description:")?.trim().trim_end_matches(',');
    decode::text(AttributeValue::Formatted(inner)).map(Cow::into_owned)
}

/// The error in one event.
#[derive(Default)]
struct EventError<'a> {
    /// The event fails the span. The texts of other events are only used if the span has failed anyway.
    fails: bool,
    exception_type: Option<String>,
    exception_message: Option<String>,
    stack: Option<String>,
    error: Option<String>,
    error_type: Option<String>,
    error_message: Option<String>,
    name: Option<Cow<'a, str>>,
}

fn event_error<'a>(event: &'a EventAttributes<'_>) -> Option<EventError<'a>> {
    if event.is_evaluation() {
        return None;
    }
    let value = |name: &str| event.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    let text = |name: &str| value(name).and_then(decode::text).map(Cow::into_owned);
    let mut error = EventError {
        exception_type: text(EXCEPTION_TYPE),
        exception_message: text(EXCEPTION_MESSAGE),
        stack: text(EXCEPTION_STACK),
        error: error_text(value(ERROR)),
        error_type: text(ERROR_TYPE),
        error_message: text(ERROR_MESSAGE),
        name: crate::span_events::name(event),
        fails: false,
    };
    let is_exception = error.exception_type.is_some() || error.exception_message.is_some() || error.stack.is_some();
    let name = error.name.as_deref();
    // What `#[instrument(err)]` writes; with a message it is a log line about something that was dealt with.
    let is_returned = value(ERROR).is_some_and(is_error) && value(MESSAGE).is_none();
    error.fails = name == Some(CLIENT_EXCEPTION)
        || (event.is_error && (is_exception || name == Some(EXCEPTION_EVENT) || is_returned));
    let has_error = is_exception || error.fails || error.error.is_some() || error.error_type.is_some();
    has_error.then_some(error)
}

/// The type of an error without one.
const PLAIN: &str = "Error";
const SHOWN_ERROR: &str = "Error {";
