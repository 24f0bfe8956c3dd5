//! `OpenTelemetry`'s general attributes of status and errors: `otel.*`, `exception.*`, `error*`.

/// Returns whether an attribute of an event belongs to its error alone, and fills no gap of the span.
pub(crate) fn is_of_error(name: &str) -> bool {
    name == ERROR
        || [ERROR_TYPE, ERROR_MESSAGE].contains(&name)
        || name.starts_with(EXCEPTION)
        || name.starts_with("otel.")
}

pub(crate) const STATUS: &str = "otel.status_code";
pub(crate) const DESCRIPTION: &str = "otel.status_description";
pub(crate) const OLD_DESCRIPTION: &str = "otel.status_message";
pub(crate) const ERROR: &str = "error";
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const ERROR_MESSAGE: &str = "error.message";
pub(crate) const EXCEPTION: &str = "exception.";
pub(crate) const EXCEPTION_TYPE: &str = "exception.type";
pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";
pub(crate) const EXCEPTION_STACK: &str = "exception.stacktrace";
pub(crate) const EXCEPTION_EVENT: &str = "exception";
pub(crate) const CLIENT_EXCEPTION: &str = "gen_ai.client.operation.exception";
/// The attribute with the text of an event.
pub(crate) const MESSAGE: &str = "message";
