//! Errors in all the shapes that providers use.

use http::StatusCode;
use serde_json::Value;

use super::call::ResponseHead;
use super::codec::Frame;
use super::json;
use llmobs_model::SpanError;

/// Reads the error of a response with a bad status.
///
/// Shapes: `{"error":{"message","type","code","status"}}` with any of them, `{"error":"…"}`, `{"message"}`, `{"detail"}`,
/// `{"type","message"}`, the same in a list of one, text, or nothing to read. A number is no error type: then it is `HTTP 401`.
pub(super) fn of_response(head: &ResponseHead, body: &Value) -> SpanError {
    let body = body.get(0).unwrap_or(body);
    let reason = || StatusCode::from_u16(head.status).ok().and_then(|status| status.canonical_reason());
    let message = message(body).or_else(|| Some(reason()?.to_owned())).unwrap_or_default();
    let of_header = head.header("x-amzn-errortype").and_then(|kind| kind.split(':').next());
    let error_type = of_header.filter(|kind| !kind.is_empty()).map(str::to_owned).or_else(|| error_type(body));
    SpanError::new(message).error_type(error_type.unwrap_or_else(|| format!("HTTP {}", head.status)))
}

/// Finds an error in a body with a good status or in a frame of a stream: its member `error`, or the body itself.
///
/// A body is an error itself when it says so: `"object": "error"`, `"type": "error"`, or `"success": false`.
pub(super) fn inside(body: &Value) -> Option<SpanError> {
    let says_so = json::text(body, "object") == "error"
        || json::text(body, "type") == "error"
        || body.get("success") == Some(&Value::Bool(false));
    let whole = Some(body).filter(|_| says_so);
    let is_told = |error: &&Value| match error {
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    };
    let error = json::present(body, "error").filter(is_told).or(whole)?;
    let code = || Some(format!("HTTP {}", error.get("code").and_then(json::as_count)?));
    let error_type = error_type(body).or_else(code).unwrap_or_else(|| "error".to_owned());
    Some(SpanError::new(message(body).unwrap_or_default()).error_type(error_type))
}

/// Reads an SSE event that is named `error`, whatever its data are: `{"error": …}`, the error itself, or plain text.
pub(super) fn in_error_event(frame: &Frame) -> Option<SpanError> {
    if frame.event != "error" || frame.is_exception {
        return None;
    }
    inside(&frame.data).or_else(|| {
        let message = message(&frame.data).unwrap_or_else(|| json::as_text(&frame.data).into_owned());
        Some(SpanError::new(message).error_type(error_type(&frame.data).unwrap_or_else(|| "error".to_owned())))
    })
}

/// Reads an exception frame of an AWS event stream.
pub(super) fn of_exception(frame: &Frame) -> SpanError {
    let message = message(&frame.data).unwrap_or_else(|| json::as_text(&frame.data).into_owned());
    SpanError::new(message).error_type(frame.event.clone())
}

/// Reads a `finish_reason` that is a failure: OpenRouter and others end a choice with `error`.
pub(super) fn of_finish_reason(choice: &Value) -> Option<SpanError> {
    let reason = json::text(choice, "finish_reason");
    (reason == "error").then(|| SpanError::new("The provider ended the response with an error.").error_type("error"))
}

fn message(body: &Value) -> Option<String> {
    let error = json::get(body, &["error"]);
    let places =
        [(error, "message"), (body, "message"), (body, "Message"), (body, "msg"), (body, "detail"), (body, "error")];
    let message = places.into_iter().find_map(|(from, name)| json::present(from, name));
    Some(json::as_text(message.or(Some(body).filter(|body| body.is_string()))?).into_owned())
        .filter(|message| !message.is_empty())
}

fn error_type(body: &Value) -> Option<String> {
    let error = json::get(body, &["error"]);
    let is_word = |word: &&str| !word.is_empty() && *word != "error" && !word.bytes().all(|byte| byte.is_ascii_digit());
    let places = [
        (error, "type"),
        (error, "status"),
        (error, "code"),
        (body, "error_type"),
        (body, "type"),
        (body, "code"),
        (body, "__type"),
    ];
    let found = places.into_iter().map(|(from, name)| json::text(from, name)).find(is_word)?;
    // `com.amazon.coral.service#AccessDeniedException`
    Some(found.rsplit('#').next().unwrap_or(found).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_shape_of_an_error_is_understood() {
        for (body, error_type, message) in [
            (
                json!({"error": {"message": "m", "type": "invalid_request_error", "code": null}}),
                "invalid_request_error",
                "m",
            ),
            (json!({"error": {"message": "m", "type": null, "code": "model_not_found"}}), "model_not_found", "m"),
            (json!({"error": {"code": "401", "message": "m"}}), "HTTP 401", "m"),
            (json!({"error": {"code": 401, "message": "m", "status": "UNAUTHENTICATED"}}), "UNAUTHENTICATED", "m"),
            (json!([{"error": {"code": 401, "message": "m", "status": "UNAUTHENTICATED"}}]), "UNAUTHENTICATED", "m"),
            (json!({"error": {"code": 401, "message": "m"}}), "HTTP 401", "m"),
            (json!({"type": "error", "error": {"type": "not_found_error", "message": "m"}}), "not_found_error", "m"),
            (json!({"message": "m"}), "HTTP 401", "m"),
            (json!({"error": "m"}), "HTTP 401", "m"),
            (json!({"code": "Client error", "error": "m"}), "Client error", "m"),
            (json!({"object": "error", "type": "wrong", "code": "1500", "message": "m"}), "wrong", "m"),
            (json!({"detail": "m"}), "HTTP 401", "m"),
            (json!({"detail": [{"msg": "m"}]}), "HTTP 401", r#"[{"msg":"m"}]"#),
            (json!(null), "HTTP 401", "Unauthorized"),
            (json!("m"), "HTTP 401", "m"),
            (json!(""), "HTTP 401", "Unauthorized"),
        ] {
            let expected = SpanError::new(message).error_type(error_type);
            assert_eq!(of_response(&ResponseHead::new(401), &body), expected, "{body}");
        }
    }

    #[test]
    fn an_error_inside_a_good_answer_is_one_only_when_it_says_something() {
        assert_eq!(inside(&json!({"error": null, "choices": []})), None);
        let error = inside(&json!({"error": {"code": 502, "message": "gone"}}));
        assert_eq!(error, Some(SpanError::new("gone").error_type("HTTP 502")));
        assert_eq!(inside(&json!({"error": "gone"})), Some(SpanError::new("gone").error_type("error")));
        let error = inside(&json!({"object": "error", "message": "gone", "code": 400}));
        assert_eq!(error, Some(SpanError::new("gone").error_type("HTTP 400")));
        assert_eq!(inside(&json!({"object": "chat.completion.chunk", "code": 1})), None);
    }
}
