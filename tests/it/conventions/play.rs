//! Plays a case with real spans of `tracing`, and collects what leaves for the intake.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::span::EnteredSpan;
use tracing::{Dispatch, Level, Span};
use tracing_llmobs::{LlmObsSpanExt, SpanId};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use super::callsite::{self, Made, Place};
use crate::harness::{RawServer, Reaction, to};

/// A span, or the case's first one, with what is expected.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Told {
    pub(super) span_name: String,
    #[serde(default, rename = "ref")]
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) target: Option<String>,
    #[serde(default)]
    pub(super) parent: Option<String>,
    #[serde(default)]
    pub(super) declared: Vec<String>,
    #[serde(default)]
    pub(super) follows_from: Vec<String>,
    pub(super) fields: Map<String, Value>,
    #[serde(default)]
    pub(super) events: Vec<ToldEvent>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ToldEvent {
    pub(super) name: String,
    pub(super) level: String,
    pub(super) fields: Map<String, Value>,
}

/// The moment at which values are recorded, and the other layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staging {
    /// Values are recorded after the start, one by one; else they come with it.
    pub(super) is_late: bool,
    /// Another layer enables every span, so that non-LLM spans exist.
    pub(super) is_beside: bool,
}

impl Staging {
    pub(super) const ALL: [Self; 4] = [
        Self { is_late: false, is_beside: false },
        Self { is_late: true, is_beside: false },
        Self { is_late: false, is_beside: true },
        Self { is_late: true, is_beside: true },
    ];
}

/// The exported events, and the names of their spans.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) ids: Vec<(String, Option<SpanId>)>,
    pub(super) spans: Vec<Value>,
    pub(super) evaluations: Vec<Value>,
}

impl Sent {
    /// The event of the span with this reference.
    pub(super) fn of(&self, reference: &str) -> Option<&Value> {
        let id = self.id(reference)?;
        self.spans.iter().find(|span| span["span_id"] == id)
    }

    pub(super) fn id(&self, reference: &str) -> Option<String> {
        let (_, id) = self.ids.iter().find(|(own, _)| own == reference)?;
        Some((*id)?.to_string())
    }
}

/// The name of a span within its case.
pub(super) const PRIMARY: &str = "primary";

/// A span while it is played.
struct Playing {
    reference: String,
    span: Span,
    parent: Option<usize>,
}

/// Plays spans: all begin in their order, and end in the opposite one.
pub(super) fn play(spans: &[Told], staging: Staging, wire: &RawServer) -> Sent {
    let before = wire.requests().len();
    let (layer, guard) = to(&wire.url).max_level(LevelFilter::DEBUG).start().unwrap();
    let everything = staging.is_beside.then(|| tracing_subscriber::fmt::layer().with_writer(std::io::sink));
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer).with(everything));
    let ids = tracing::dispatcher::with_default(&dispatch, || act(spans, staging));
    guard.flush(Duration::from_secs(20)).unwrap();
    let stats = guard.handle().stats();
    assert!(stats.is_balanced() && stats.open_spans == 0, "{stats:?}");
    let mut sent = Sent { ids, ..Sent::default() };
    for request in &wire.requests()[before..] {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        match body["data"]["attributes"]["metrics"].as_array() {
            Some(evaluations) => sent.evaluations.extend(evaluations.iter().cloned()),
            None => sent.spans.extend(body.as_array().unwrap().iter().map(|envelope| envelope["spans"][0].clone())),
        }
    }
    assert_eq!(stats.offered, (sent.spans.len() + sent.evaluations.len()) as u64, "{stats:?}");
    sent
}

/// A server that takes everything.
pub(super) fn server() -> RawServer {
    RawServer::start(|_| Reaction::status(202))
}

fn act(spans: &[Told], staging: Staging) -> Vec<(String, Option<SpanId>)> {
    let mut playing: Vec<Playing> = Vec::new();
    for told in spans {
        let span = begin(told, &playing, staging);
        playing.push(span);
    }
    let ids = playing
        .iter()
        .map(|one| (one.reference.clone(), one.span.llmobs_context().map(|context| context.span_id)))
        .collect();
    while playing.pop().is_some() {}
    ids
}

fn begin(told: &Told, playing: &[Playing], staging: Staging) -> Playing {
    let parent = told.parent.as_ref().map(|parent| at(playing, parent));
    let around = enter(playing, parent);
    let mut names: Vec<&str> = told.fields.keys().map(String::as_str).collect();
    names.extend(told.declared.iter().map(String::as_str));
    let target = told.target.as_deref().unwrap_or("app");
    let place = Place { name: &told.span_name, target, level: Level::INFO, is_span: true };
    let metadata = Made::leaked(place, names.into_iter());
    let nothing = Map::new();
    let (first, again) = twice(&told.fields);
    let span = callsite::span(metadata, if staging.is_late { &nothing } else { &first });
    if staging.is_late {
        for (name, value) in &first {
            callsite::record(metadata, &span, &one(name, value));
        }
    }
    callsite::record(metadata, &span, &again);
    for other in &told.follows_from {
        span.follows_from(&playing[at(playing, other)].span);
    }
    let inside = span.clone().entered();
    for event in &told.events {
        let place = Place { name: &event.name, target, level: event.level.parse().unwrap(), is_span: false };
        let metadata = Made::leaked(place, event.fields.keys().map(String::as_str));
        callsite::event(metadata, &event.fields);
    }
    drop(inside);
    drop(around);
    let reference = told.reference.clone().unwrap_or_else(|| PRIMARY.to_owned());
    Playing { reference, span, parent }
}

/// Enters all spans from the outermost to this one, as a program would have.
fn enter(playing: &[Playing], innermost: Option<usize>) -> Vec<EnteredSpan> {
    let mut chain = Vec::new();
    let mut next = innermost;
    while let Some(at) = next {
        chain.push(playing[at].span.clone());
        next = playing[at].parent;
    }
    let mut entered: Vec<EnteredSpan> = chain.into_iter().rev().map(Span::entered).collect();
    // The innermost is left first.
    entered.reverse();
    entered
}

fn at(playing: &[Playing], reference: &str) -> usize {
    let found = playing.iter().position(|one| one.reference == reference);
    found.unwrap_or_else(|| panic!("no span {reference}"))
}

/// The first values, and those that are recorded a second time.
fn twice(fields: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    let (mut first, mut again) = (Map::new(), Map::new());
    for (name, value) in fields {
        match value.get("$records").and_then(Value::as_array).map(Vec::as_slice) {
            Some([one, two]) => {
                first.insert(name.clone(), one.clone());
                again.insert(name.clone(), two.clone());
            }
            Some(other) => panic!("{} values", other.len()),
            None => drop(first.insert(name.clone(), value.clone())),
        }
    }
    (first, again)
}

fn one(name: &str, value: &Value) -> Map<String, Value> {
    [(name.to_owned(), value.clone())].into_iter().collect()
}
