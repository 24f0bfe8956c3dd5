//! Requests of SDKs: the answers of an Agent and of the agentless intake.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use llmobs_receiver::{DecodedRequest, Endpoint, SUBDOMAIN, agent_info};
use serde_json::json;

use super::otlp;
use super::otlp_proto;
use super::queue::{Queue, QueueError};

/// Returns the endpoint that a request of an SDK means; `None` for one that is not of an SDK.
pub(crate) fn endpoint(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Endpoint> {
    let endpoint = Endpoint::of(method.as_str(), uri.path(), headers.contains_key(SUBDOMAIN));
    let is_page = endpoint == Endpoint::Other && (method == Method::GET || method == Method::HEAD);
    (!is_page).then_some(endpoint)
}

/// Responds to a request of an SDK. Spans and evaluations are stored before the response.
pub(crate) async fn respond(queue: &Queue, endpoint: Endpoint, method: &Method, path: &str, body: Bytes) -> Response {
    match endpoint {
        Endpoint::Info => answer(StatusCode::OK, agent_info().to_string()),
        Endpoint::WrongMethod => refusal(StatusCode::METHOD_NOT_ALLOWED, "method is not one that this path takes"),
        Endpoint::NoSubdomain => refusal(StatusCode::BAD_REQUEST, "header X-Datadog-EVP-Subdomain is missing"),
        Endpoint::Unknown => {
            refusal(StatusCode::NOT_FOUND, "path is not a path of LLM Observability that this viewer knows")
        }
        Endpoint::PlainTraces => answer(StatusCode::OK, RATES.to_owned()),
        Endpoint::Spans | Endpoint::Evaluations | Endpoint::Traces => {
            let good = if endpoint == Endpoint::Traces { StatusCode::OK } else { StatusCode::ACCEPTED };
            take(queue, good, method, path, body).await
        }
        // Telemetry, statistics and configuration: answered, and not read.
        Endpoint::Other | _ => answer(StatusCode::OK, "{}".to_owned()),
    }
}

async fn take(queue: &Queue, good: StatusCode, method: &Method, path: &str, body: Bytes) -> Response {
    let size = body.len();
    let (method, path_text) = (method.as_str().to_owned(), path.to_owned());
    // Decoding megabytes takes milliseconds, which other connections would wait for.
    let decode = move || DecodedRequest::decode(&method, &path_text, &body);
    let decoded = if size < SMALL { Ok(decode()) } else { tokio::task::spawn_blocking(decode).await };
    let request = match decoded {
        Ok(Some(Ok(request))) => request,
        Ok(Some(Err(error))) => {
            let is_large =
                matches!(error, llmobs_receiver::BodyError::TooLarge | llmobs_receiver::BodyError::TooManyValues);
            let status = if is_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
            return refusal(status, &error.to_string());
        }
        Ok(None) => return answer(good, "{}".to_owned()),
        Err(_) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be decoded"),
    };
    match queue.store(request, size).await {
        Ok(()) => answer(good, if good == StatusCode::OK { RATES } else { "{}" }.to_owned()),
        Err(error @ (QueueError::Full(_) | QueueError::Closed)) => {
            let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
        Err(error @ QueueError::Storage(_)) => refusal(StatusCode::INSUFFICIENT_STORAGE, &error.to_string()),
    }
}

/// Takes OTLP traces, protobuf or JSON, and responds in the same form.
pub(crate) async fn take_otlp(queue: &Queue, is_json: bool, body: Bytes) -> Response {
    let size = body.len();
    let decode = move || {
        let body = unpacked(&body)?;
        let request = if is_json { serde_json::from_slice(&body).ok() } else { otlp_proto::read(&body) };
        request.map(|request| otlp::map(&request))
    };
    let Ok(decoded) = tokio::task::spawn_blocking(decode).await else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be decoded");
    };
    let Some(request) = decoded else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "body is not an export request of OTLP, or larger than 64 MiB when unpacked",
        );
    };
    match queue.store(request, size).await {
        Ok(()) if is_json => answer(StatusCode::OK, r#"{"partialSuccess":{}}"#.to_owned()),
        // An empty message is zero bytes.
        Ok(()) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-protobuf")]).into_response(),
        Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Unpacks a body that begins like gzip, within a bound.
fn unpacked(body: &[u8]) -> Option<Vec<u8>> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Some(body.to_vec());
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(body).take(MAX_PLAIN_BYTES.saturating_add(1)).read_to_end(&mut plain).ok()?;
    u64::try_from(plain.len()).is_ok_and(|length| length <= MAX_PLAIN_BYTES).then_some(plain)
}

/// Creates a refusal with a reason, in the form of the intake.
pub(crate) fn refusal(status: StatusCode, reason: &str) -> Response {
    answer(status, json!({ "errors": [reason] }).to_string())
}

fn answer(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

/// The Agent tells every service which part of its traces to keep: here, all.
const RATES: &str = r#"{"rate_by_service":{}}"#;
/// Bytes of a body that is decoded on the spot.
const SMALL: usize = 64 * 1024;
const MAX_PLAIN_BYTES: u64 = 64 * 1024 * 1024;
