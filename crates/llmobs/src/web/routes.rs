//! The router, and the headers that every response has.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use tokio::time::{Duration, timeout};

use super::access::{TOKEN_COOKIE, Visitor};
use super::state::Viewer;
use super::{handlers, summaries, updates};
use crate::intake::otlp;
use crate::intake::respond::{endpoint, refusal, respond, take_otlp};

/// Builds the router of the viewer.
pub(crate) fn router(viewer: Arc<Viewer>) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/traces") }))
        .route("/traces", get(handlers::traces))
        .route("/traces/{trace}", get(handlers::trace_page))
        .route("/traces/{trace}/delete", post(handlers::delete))
        .route("/traces/{trace}/spans/{span}", get(handlers::span_fragment))
        .route("/spans/{span}", get(handlers::span_redirect))
        .route("/sessions", get(summaries::sessions_page))
        .route("/sessions/{session}", get(summaries::session_page))
        .route("/overview", get(summaries::overview_page))
        .route("/start", get(handlers::start_page))
        .route("/events", get(updates::events))
        .route(
            "/assets/viewer.css",
            get(|| async { asset("text/css; charset=utf-8", include_str!("../assets/viewer.css")) }),
        )
        .route(
            "/assets/viewer.js",
            get(|| async { asset("text/javascript; charset=utf-8", include_str!("../assets/viewer.js")) }),
        )
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .layer(middleware::from_fn_with_state(Arc::clone(&viewer), guard))
        .with_state(viewer)
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// Checks access, answers senders, and adds the headers that keep pages harmless.
async fn guard(
    State(viewer): State<Arc<Viewer>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let endpoint = endpoint(&method, &uri, request.headers()).filter(|_| !is_page(&uri));
    let visitor = Visitor {
        address: address.ip(),
        headers: request.headers(),
        authority: uri.authority().map(axum::http::uri::Authority::as_str),
        is_sender: endpoint.is_some(),
        is_change: !matches!(method, Method::GET | Method::HEAD),
    };
    if let Some(response) = token_cookie(&viewer, &uri) {
        return response;
    }
    let checked = viewer.access.check(visitor);
    let mut response = match (checked, endpoint) {
        (Err((status, reason)), _) => {
            viewer.remember(format!("{method} {}", uri.path()), reason.clone(), true);
            // A sender that is still writing would not see the response.
            let _ = timeout(BODY_TIMEOUT, to_bytes(request.into_body(), MAX_REFUSED_BYTES)).await;
            refusal(status, &reason)
        }
        (Ok(()), Some(endpoint)) => {
            let response = take(&viewer, endpoint, request).await;
            let status = response.status();
            viewer.remember(format!("{method} {}", uri.path()), outcome(status), !status.is_success());
            response
        }
        (Ok(()), None) => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn is_page(uri: &Uri) -> bool {
    ["/traces", "/spans", "/sessions", "/overview", "/start", "/events", "/assets", "/compare"]
        .iter()
        .any(|start| uri.path().strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Exchanges a right `?token=` for a cookie, so that the token does not stay in addresses.
fn token_cookie(viewer: &Viewer, uri: &Uri) -> Option<Response> {
    let token = uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    if !viewer.access.is_token(token) {
        return None;
    }
    let cookie = format!("{TOKEN_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000");
    let mut response = Redirect::to(uri.path()).into_response();
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    Some(response)
}

async fn take(viewer: &Viewer, endpoint: llmobs_receiver::Endpoint, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|text| text.contains("json"));
    match timeout(BODY_TIMEOUT, to_bytes(request.into_body(), MAX_BODY_BYTES)).await {
        Ok(Ok(body)) if otlp::is_path(&path) && method == Method::POST => take_otlp(&viewer.queue, is_json, body).await,
        Ok(Ok(body)) => respond(&viewer.queue, endpoint, &method, &path, body).await,
        Ok(Err(_)) => refusal(StatusCode::PAYLOAD_TOO_LARGE, "body broke off or is larger than 32 MiB"),
        Err(_) => refusal(StatusCode::REQUEST_TIMEOUT, "body did not come within 30 s"),
    }
}

fn outcome(status: StatusCode) -> String {
    match status.as_u16() {
        200 | 202 => "taken".to_owned(),
        503 => "refused: too much is waiting; the sender tries again".to_owned(),
        404 => "refused: this path of LLM Observability is not known here".to_owned(),
        413 => "refused: the body is too large".to_owned(),
        400 => "refused: the body is not what this path takes".to_owned(),
        other => format!("refused with status {other}"),
    }
}

/// Headers of every response. The pages need nothing from elsewhere, and no script or style but the two files.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Bytes of a refused request that are read.
const MAX_REFUSED_BYTES: usize = 1024 * 1024;
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
