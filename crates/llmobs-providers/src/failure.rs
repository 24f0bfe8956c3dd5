//! What went wrong, in any of the shapes that providers use.

use http::StatusCode;
use serde_json::Value;

use super::call::ResponseHead;
use super::codec::Frame;
use super::json;
use llmobs_model::SpanError;

/// What an answer with a bad status says.
///
/// Shapes: `{"error":{"message","type","code","status"}}` with any of them, `{"error":"…"}`, `{"message"}`, `{"detail"}`,
/// `{"type","message"}`, the same in a list of one, text, or nothing to read. A number is no type: then it is `HTTP 401`.
pub(super) fn of_answer(head: &ResponseHead, body: &Value) -> SpanError {
    let body = body.get(0).unwrap_or(body);
    let reason = || StatusCode::from_u16(head.status).ok().and_then(|status| status.canonical_reason());
    let message = message(body).or_else(|| Some(reason()?.to_owned())).unwrap_or_default();
    let of_header = head.header("x-amzn-errortype").and_then(|kind| kind.split(':').next());
    let error_type = of_header.filter(|kind| !kind.is_empty()).map(str::to_owned).or_else(|| error_type(body));
    SpanError::new(message).error_type(error_type.unwrap_or_else(|| format!("HTTP {}", head.status)))
}

/// What a body with a good status, or a frame of a stream, says went wrong: its member `error`, or that it is one itself.
pub(super) fn inside(body: &Value) -> Option<SpanError> {
    let whole = Some(body).filter(|body| json::text(body, "object") == "error");
    let error = json::some(body, "error").filter(|error| error.is_object() || error.is_string()).or(whole)?;
    let code = || Some(format!("HTTP {}", error.get("code")?.as_u64()?));
    let error_type = error_type(body).or_else(code).unwrap_or_else(|| "error".to_owned());
    Some(SpanError::new(message(body).unwrap_or_default()).error_type(error_type))
}

/// What an exception frame of an AWS event stream says.
pub(super) fn of_exception(frame: &Frame) -> SpanError {
    let message = message(&frame.data).unwrap_or_else(|| json::as_text(&frame.data).into_owned());
    SpanError::new(message).error_type(frame.event.clone())
}

fn message(body: &Value) -> Option<String> {
    let error = json::get(body, &["error"]);
    let said = [(error, "message"), (body, "message"), (body, "Message"), (body, "detail"), (body, "error")];
    let said = said.into_iter().find_map(|(from, name)| json::some(from, name));
    Some(json::as_text(said.or(Some(body).filter(|body| body.is_string()))?).into_owned())
        .filter(|message| !message.is_empty())
}

fn error_type(body: &Value) -> Option<String> {
    let error = json::get(body, &["error"]);
    let is_word = |word: &&str| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit());
    let said = [(error, "type"), (error, "status"), (error, "code"), (body, "type"), (body, "code"), (body, "__type")];
    let said = said.into_iter().map(|(from, name)| json::text(from, name)).find(is_word)?;
    // `com.amazon.coral.service#AccessDeniedException`
    let said = said.rsplit('#').next().unwrap_or(said);
    Some(said.to_owned()).filter(|said| said != "error")
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
            assert_eq!(of_answer(&ResponseHead::new(401), &body), expected, "{body}");
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
