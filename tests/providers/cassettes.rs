//! Recorded exchanges of real providers. They lie beside the repository, and are no part of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use llmobs_receiver::Receiver;
use serde_json::{Map, Value, json};
use tracing::Dispatch;
use tracing_llmobs::providers::{Call, Ending, Endpoint, ResponseHead};
use tracing_llmobs::{Annotation, Builder, FlushError, LossReason, Message, Problem, SpanEvent, SpanKind, Status};
use tracing_subscriber::prelude::*;

use crate::exchange::{Exchange, emit, event, events, messages, metrics};

/// A line of the recordings.
pub struct Recording {
    pub file: String,
    pub id: String,
    pub json: Value,
}

impl Recording {
    fn all() -> Vec<Self> {
        let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
        files.sort();
        files.iter().flat_map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Vec<Self> {
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let json = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        json.map(|json| Self { file: file.clone(), id: json["id"].as_str().unwrap().to_owned(), json }).collect()
    }

    pub fn url(&self) -> &str {
        self.json["url"].as_str().unwrap()
    }

    /// The exchange, if it is one of a provider that we know.
    fn exchange(&self) -> Option<Exchange> {
        let endpoint = Endpoint::recognise(self.json["method"].as_str().unwrap(), self.url())?;
        let answer = &self.json["response"];
        let mut headers = http::HeaderMap::new();
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            let name: http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        if let Some(encoding) = answer["content_encoding"].as_str() {
            headers.insert("content-encoding", encoding.parse().unwrap());
        }
        let status = u16::try_from(self.json["status"].as_u64().unwrap()).unwrap();
        let head = ResponseHead::new(status)
            .headers(&headers)
            .content_type(answer["content_type"].as_str().unwrap_or_default());
        Some(Exchange { endpoint, request: bytes(&self.json["request"]), head, body: bytes(answer) })
    }

    /// The JSON of the answer: one value, or one for each event of a stream.
    pub fn bodies(&self) -> Vec<Value> {
        let answer = &self.json["response"];
        match (answer["json"].clone(), answer["text"].as_str()) {
            (Value::Null, None) if self.is_stream() => frames(&bytes(answer)),
            (Value::Null, None) => Vec::new(),
            (json, None) => vec![json],
            (_, Some(text)) => text.lines().filter_map(line).collect(),
        }
    }

    fn is_good(&self) -> bool {
        self.json["status"].as_u64().unwrap() < 400
    }

    fn is_stream(&self) -> bool {
        self.json["response"]["stream"] != "none"
    }
}

fn bytes(body: &Value) -> Vec<u8> {
    match (&body["json"], body["text"].as_str(), body["base64"].as_str()) {
        (_, Some(text), _) => text.as_bytes().to_vec(),
        (_, _, Some(base64)) => aws_smithy_types::base64::decode(base64).unwrap(),
        (Value::Null, None, None) => Vec::new(),
        (json, None, None) => json.to_string().into_bytes(),
    }
}

/// Returns the folder of recordings, which lies beside the repository (or beside its worktrees).
fn folder() -> PathBuf {
    let folders = ["../shared/cassettes", "../../shared/cassettes"];
    let mut folders = folders.map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into_iter();
    folders.find(|folder| folder.is_dir()).expect("the recordings lie beside the repository, in ../shared/cassettes")
}

/// The recordings of calls that we know, each with its exchange.
pub fn known() -> Vec<(Recording, Exchange)> {
    let with_exchange = |recording: Recording| recording.exchange().map(|exchange| (recording, exchange));
    let known: Vec<_> = Recording::all().into_iter().filter_map(with_exchange).collect();
    assert!(known.len() > 100, "{} recordings", known.len());
    known
}

#[test]
#[ignore = "needs ../shared"]
fn calls_are_recognised_and_nothing_else_is() {
    let all = Recording::all();
    let is_known = |recording: &Recording| recording.exchange().is_some();
    let known: BTreeSet<&str> = all.iter().filter(|one| is_known(one)).map(|one| one.file.as_str()).collect();
    for recording in &all {
        // Ranking is a call of a model, but neither a generation nor an embedding.
        let is_agent = recording.url().contains("bedrock-agent-runtime");
        let is_call = is_agent || recording.file != "other" && !recording.url().contains("rerank");
        let is_of_openai = recording.file.contains("openai");
        // Where one exchange of an API is known, all are.
        let expected = is_call && (is_agent || is_of_openai || known.contains(recording.file.as_str()));
        assert_eq!(is_known(recording), expected, "{} {} {}", recording.file, recording.id, recording.url());
    }
}

#[test]
#[ignore = "needs ../shared"]
fn every_recording_becomes_an_event_that_survives_the_wire() {
    let known = known();
    let said: Vec<Annotation> = known.iter().map(|(_, exchange)| exchange.whole()).collect();
    let (events, recorder) = events(said.clone());
    let stats = recorder.handle().stats();
    let problems: Vec<_> = Problem::ALL.iter().copied().filter(|problem| stats.problems(*problem) > 0).collect();
    assert_eq!((events.len(), problems), (known.len(), Vec::new()), "{stats:?}");
    for ((recording, exchange), event) in known.iter().zip(&events) {
        let what = format!("{} {}: {event:#?}", recording.file, recording.id);
        assert_eq!(event.kind, exchange.endpoint.api().kind(), "{what}");
        assert!(!event.name.is_empty(), "{what}");
        assert_eq!(event.model_provider.is_some(), event.kind != SpanKind::Agent, "{what}");
        // Some recordings have no request.
        assert!(event.input.is_some() || exchange.request.is_empty(), "{what}");
        assert_eq!(event.status == Status::Error, !recording.is_good(), "{what}");
        assert_eq!(event.output.is_some(), recording.is_good() || event.kind == SpanKind::Llm, "{what}");
        if let Some(error) = &event.error {
            assert!(!error.error_type.is_empty() && !error.message.is_empty(), "{what}");
            assert!(event.metrics.is_empty(), "{what}");
        }
    }
    let received = over_the_wire(&said);
    assert_eq!(received.len(), events.len());
    for ((recording, _), (event, received)) in known.iter().zip(events.iter().zip(&received)) {
        let what = format!("{} {}", recording.file, recording.id);
        let parts = |event: &SpanEvent| {
            (event.kind, event.name.clone(), event.input.clone(), event.output.clone(), event.metadata.clone())
        };
        assert_eq!(parts(received), parts(event), "{what}");
        assert_eq!((metrics(received), &received.error), (metrics(event), &event.error), "{what}");
        assert_eq!(received.tool_definitions, event.tool_definitions, "{what}");
    }
}

fn over_the_wire(said: &[Annotation]) -> Vec<SpanEvent> {
    let intake = Receiver::bind("127.0.0.1:0").unwrap();
    let settings =
        Builder::without_environment().ml_app("test-app").agentless(true).api_key("test-key").hide_secrets(false);
    let (layer, guard) = settings.override_origin(intake.url()).start().unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    // The queue is bounded, and these are many at once.
    for said in said.chunks(50) {
        tracing::dispatcher::with_default(&dispatch, || emit(said.to_vec()));
        match guard.flush(Duration::from_secs(20)) {
            Ok(_) => {}
            // Steps of an agent are spans with the times of the recording, which the intake would not take any more.
            Err(FlushError::Incomplete { outcome, .. }) => {
                let old = outcome.lost(LossReason::TooOld);
                assert_eq!((outcome.pending(), outcome.lost_total()), (0, old), "{outcome:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    let mut received: Vec<SpanEvent> = intake.spans().into_iter().map(|span| span.event).collect();
    received.sort_by_key(|event| event.start_ns);
    received
}

#[test]
#[ignore = "needs ../shared"]
fn no_text_of_an_answer_is_lost() {
    for (recording, exchange) in known().into_iter().filter(|(recording, _)| recording.is_good()) {
        let (events, _) = events([exchange.whole()]);
        let output = format!("{:?}", Dump(&events[0]));
        for text in texts(&recording) {
            let inner = format!("{text:?}");
            let inner = &inner[1..inner.len() - 1];
            let twice = format!("{inner:?}");
            let is_there = output.contains(inner) || output.contains(&twice[1..twice.len() - 1]);
            assert!(is_there, "{} {}: {text:?} is not in {output}", recording.file, recording.id);
        }
    }
}

/// All that an event says of the answer.
struct Dump<'a>(&'a SpanEvent);

impl std::fmt::Debug for Dump<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.0.output, self.0.tool_definitions)
    }
}

/// The texts of an answer, read without anything of the library: what stands under the names that texts have.
fn texts(recording: &Recording) -> Vec<String> {
    let mut texts = Vec::new();
    for body in recording.bodies() {
        let body = body.as_object().cloned().unwrap_or_default();
        let members: Map<String, Value> =
            body.into_iter().filter(|(name, _)| !ECHOES.contains(&name.as_str())).collect();
        collect(&Value::Object(members), &mut texts);
    }
    texts
}

/// The payloads of an AWS event stream; a model's own JSON is in there as base64.
fn frames(bytes: &[u8]) -> Vec<Value> {
    let mut bytes = bytes;
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let frame = aws_smithy_eventstream::frame::read_message_from(&mut bytes).unwrap();
        let payload: Value = serde_json::from_slice(frame.payload()).unwrap();
        frames.push(match payload["bytes"].as_str() {
            // An agent's are text.
            Some(inner) => {
                let inner = aws_smithy_types::base64::decode(inner).unwrap();
                serde_json::from_slice(&inner).unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(&inner)}))
            }
            None => payload,
        });
    }
    frames
}

fn line(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)).ok()
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !ASIDE.contains(&name.as_str())) {
                match value {
                    Value::String(text) if TEXTS.contains(&name.as_str()) && !text.is_empty() => {
                        texts.push(text.clone());
                    }
                    Value::String(_) => {}
                    other => collect(other, texts),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

/// Members in which a provider repeats the request.
const ECHOES: &[&str] = &["instructions", "tools", "prompt", "input", "response"];
/// Members beside the text.
const ASIDE: &[&str] =
    &["logprobs", "annotations", "citations", "search_results", "text_offset", "reasoning_details", "trace"];
/// Names of members with text.
const TEXTS: &[&str] = &[
    "content",
    "text",
    "refusal",
    "reasoning_content",
    "thinking",
    "completion",
    "generation",
    "outputText",
    "transcript",
];

#[test]
#[ignore = "needs ../shared"]
fn streams_say_the_same_in_every_split() {
    let mut dice = fastrand::Rng::with_seed(7);
    for (recording, exchange) in known().into_iter().filter(|(recording, _)| recording.is_stream()) {
        let what = format!("{} {}", recording.file, recording.id);
        let whole = exchange.whole();
        assert_eq!(exchange.in_pieces(exchange.body.chunks(1)), whole, "{what}, byte by byte");
        for _ in 0..3 {
            let mut rest = &exchange.body[..];
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(dice.usize(1..=rest.len().min(700)));
                pieces.push(piece);
                rest = behind;
            }
            assert_eq!(exchange.in_pieces(pieces), whole, "{what}, in pieces");
        }
    }
}

#[test]
#[ignore = "needs ../shared"]
#[expect(clippy::excessive_nesting, reason = "files, exchanges, frames")]
fn a_stream_that_is_cut_anywhere_leaves_the_beginning_of_what_the_whole_leaves() {
    let mut dice = fastrand::Rng::with_seed(11);
    let (mut cut_short, mut partial) = (0, 0);
    for (recording, exchange) in known() {
        let whole = exchange.event();
        for _ in 0..4 {
            let at = dice.usize(..=exchange.body.len());
            for ending in [Ending::Dropped, Ending::Complete] {
                let event = event(exchange.ended([&exchange.body[..at]], ending));
                let place = format!("{} {} cut at {at}: {:?}", recording.file, recording.id, event.output);
                assert!(event.status != Status::Error || !recording.is_good(), "{place}");
                assert_eq!(event.kind, whole.kind, "{place}");
                // Some responses repeat the input, filled into a template of the provider's.
                assert!(event.input.is_none() || event.input == whole.input || exchange.request.is_empty(), "{place}");
                if recording.is_stream() && recording.is_good() {
                    let (came, all) = (messages(event.output.as_ref()), messages(whole.output.as_ref()));
                    // Items that are shown as JSON are replaced whole by later events.
                    let is_text = |message: &Message| !message.content.starts_with('{');
                    let mut texts = came.iter().zip(all).filter(|(one, _)| is_text(one));
                    let is_beginning = texts.all(|(one, other)| other.content.starts_with(&one.content));
                    assert!(is_beginning && came.len() <= all.len().max(1), "{place}, whole {all:?}");
                    cut_short += 1;
                    partial += usize::from(came.iter().any(|message| !message.content.is_empty()) && came != all);
                }
            }
        }
    }
    assert!(cut_short > 100 && partial > 50, "{partial} of {cut_short} cuts left a part of an answer");
}

#[test]
#[ignore = "needs ../shared"]
fn keys_are_not_in_any_event() {
    for (recording, exchange) in known() {
        let url = format!("{}?key=test-secret&sig=test-secret", recording.url().split('?').next().unwrap());
        let endpoint = Endpoint::recognise("POST", &url).unwrap();
        let said = Call::new(endpoint, exchange.request.clone()).annotate_request();
        assert!(!format!("{said:?}").contains("test-secret"), "{} {}", recording.file, recording.id);
    }
}
