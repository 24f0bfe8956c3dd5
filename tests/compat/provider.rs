//! A provider on loopback that answers by script, whatever it is asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;

/// A scripted response.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    content_type: &'static str,
    pieces: Vec<Bytes>,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Regular,
    /// Stalls: nothing more comes, and the connection stays open.
    Silence,
    /// The connection breaks.
    Break,
}

impl Answer {
    /// JSON in one piece.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", pieces: vec![body.to_string().into()], end: End::Regular }
    }

    /// Server-sent events, each in a piece of its own.
    pub fn events(events: impl IntoIterator<Item = String>) -> Self {
        Self::pieces("text/event-stream", events)
    }

    /// Server-sent events of JSON that have no names.
    pub fn data(events: &[Value]) -> Self {
        Self::events(events.iter().map(|event| format!("data: {event}\r\n\r\n")))
    }

    /// Lines of JSON, each in a piece of its own.
    pub fn lines(lines: &[Value]) -> Self {
        Self::pieces("application/x-ndjson", lines.iter().map(|line| format!("{line}\n")))
    }

    /// Pieces of whatever type.
    pub fn pieces(content_type: &'static str, pieces: impl IntoIterator<Item = String>) -> Self {
        let pieces = pieces.into_iter().map(Bytes::from).collect();
        Self { status: 200, content_type, pieces, end: End::Regular }
    }

    /// The frames of an AWS event stream, each in a piece of its own.
    pub fn frames(frames: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let pieces = frames.into_iter().map(Bytes::from).collect();
        Self { status: 200, content_type: "application/vnd.amazon.eventstream", pieces, end: End::Regular }
    }

    /// Sends this many pieces, and then nothing.
    #[must_use]
    pub fn then_silence(mut self, pieces: usize) -> Self {
        self.pieces.truncate(pieces);
        Self { end: End::Silence, ..self }
    }

    /// Sends this many pieces, and then breaks the connection.
    #[must_use]
    pub fn then_break(mut self, pieces: usize) -> Self {
        self.pieces.truncate(pieces);
        Self { end: End::Break, ..self }
    }

    fn response(self) -> Response<Body> {
        // One after the other, so that the client does not get all at once.
        let pieces = stream::iter(self.pieces).then(|piece| async {
            tokio::task::yield_now().await;
            Ok(piece)
        });
        let body = match self.end {
            End::Regular => Body::from_stream(pieces),
            End::Silence => Body::from_stream(pieces.chain(stream::pending::<Result<Bytes, Infallible>>())),
            End::Break => {
                let pieces = pieces.map(|piece: Result<Bytes, Infallible>| piece.map_err(io::Error::other));
                Body::from_stream(pieces.chain(stream::once(async {
                    // What came before is to arrive.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    Err(io::ErrorKind::ConnectionReset.into())
                })))
            }
        };
        let response = Response::builder().status(self.status).header("content-type", self.content_type);
        response.header("x-request-id", "req-1").body(body).unwrap()
    }
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when it is no JSON.
    pub body: Value,
}

/// A provider on loopback that answers by script.
#[derive(Debug, Clone)]
pub struct Provider {
    url: String,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug)]
struct Script {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

impl Provider {
    /// Starts it. What is asked beyond the script is answered with 404.
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Script { answers: answers.into_iter().collect(), asked: Vec::new() };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// Returns the base URL: `http://127.0.0.1:1234`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let mut script = script.lock().unwrap();
    script.asked.push(Asked { path, headers: parts.headers, body });
    let answer = script.answers.pop_front();
    drop(script);
    answer.unwrap_or_else(|| Answer::json(404, &Value::Null)).response()
}
