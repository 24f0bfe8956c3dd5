//! Rows: what lists and trees show of a span, taken from its event once.

use llmobs_model::{Content, Message, Metrics, SpanEvent, Status, metric};
use llmobs_receiver::ReceivedSpan;
use rusqlite::Row;

use crate::number::{stored, whole};

/// A span without its content.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SpanRow {
    pub(crate) id: i64,
    pub(crate) span: String,
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) ml_app: String,
    pub(crate) session: Option<String>,
    pub(crate) start_ns: i64,
    pub(crate) duration_ns: i64,
    pub(crate) failed: bool,
    pub(crate) tokens_in: Option<i64>,
    pub(crate) tokens_cached: Option<i64>,
    pub(crate) tokens_out: Option<i64>,
    /// In billionths of a dollar.
    pub(crate) cost: Option<i64>,
    pub(crate) ttft_ns: Option<i64>,
    pub(crate) preview: String,
    pub(crate) error: Option<String>,
    /// The tags, one a line, with a line break before and after each.
    pub(crate) tags: String,
    pub(crate) bytes: i64,
}

impl SpanRow {
    /// The columns that [`read`](Self::read) reads.
    pub(crate) const COLUMNS: &str = "s.id, s.span, s.parent, s.name, s.kind, s.model, s.provider, s.ml_app, s.session, \
        s.start_ns, s.duration_ns, s.failed, s.tokens_in, s.tokens_cached, s.tokens_out, s.cost, s.ttft_ns, s.preview, \
        s.error, s.tags, s.bytes";

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            span: row.get(1)?,
            parent: row.get(2)?,
            name: row.get(3)?,
            kind: row.get(4)?,
            model: row.get(5)?,
            provider: row.get(6)?,
            ml_app: row.get(7)?,
            session: row.get(8)?,
            start_ns: row.get(9)?,
            duration_ns: row.get(10)?,
            failed: row.get(11)?,
            tokens_in: row.get(12)?,
            tokens_cached: row.get(13)?,
            tokens_out: row.get(14)?,
            cost: row.get(15)?,
            ttft_ns: row.get(16)?,
            preview: row.get(17)?,
            error: row.get(18)?,
            tags: row.get(19)?,
            bytes: row.get(20)?,
        })
    }

    /// Takes the row out of a span that was received.
    pub(crate) fn of(received: &ReceivedSpan) -> Self {
        let event = &received.event;
        let number = |name| event.metrics.get(name).and_then(serde_json::Number::as_f64).map(whole);
        let has_tokens = event.kind.has_model();
        Self {
            id: 0,
            span: event.span_id.to_string(),
            parent: event.parent_id.map(|id| id.to_string()),
            name: short(&event.name, NAME),
            kind: short(&received.kind, NAME),
            model: event.model_name.as_deref().map(|name| short(name, NAME)),
            provider: event.model_provider.as_deref().map(|name| short(name, NAME)),
            ml_app: event.tags.get("ml_app").map(|name| short(name, NAME)).unwrap_or_default(),
            session: session_of(event),
            start_ns: stored(event.start_ns),
            duration_ns: stored(event.duration_ns),
            failed: event.status == Status::Error || event.error.is_some(),
            tokens_in: number(metric::INPUT_TOKENS).filter(|_| has_tokens),
            tokens_cached: number(metric::CACHE_READ_INPUT_TOKENS).filter(|_| has_tokens),
            tokens_out: number(metric::OUTPUT_TOKENS).filter(|_| has_tokens),
            cost: cost_of(&event.metrics).filter(|_| has_tokens),
            ttft_ns: nanoseconds(&event.metrics, metric::TIME_TO_FIRST_TOKEN),
            preview: event.input.as_ref().map(preview).unwrap_or_default(),
            error: error_of(event),
            tags: lines(event.tags.iter().take(64).map(|(key, value)| format!("{key}:{value}"))),
            bytes: crate::number::count(received.json_text().len()),
        }
    }

    pub(crate) fn end_ns(&self) -> i64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

/// Joins texts so that each can be found with a line break before and after it.
pub(crate) fn lines(items: impl Iterator<Item = String>) -> String {
    let mut joined = String::from("\n");
    for item in items {
        joined.push_str(&short(&item.replace('\n', " "), 256));
        joined.push('\n');
    }
    joined
}

/// Returns the texts of a span that a search looks at: input, output and error.
pub(crate) fn searchable(event: &SpanEvent) -> String {
    let mut text = event.name.clone();
    for content in [&event.input, &event.output].into_iter().flatten() {
        text.push('\n');
        append(content, &mut text);
    }
    if let Some(error) = &event.error {
        text.extend(["\n", &error.error_type, "\n", &error.message]);
    }
    short(&text, MAX_SEARCHABLE)
}

fn append(content: &Content, text: &mut String) {
    match content {
        Content::Text(own) => text.push_str(own),
        Content::Messages(messages) => messages.iter().for_each(|message| append_message(message, text)),
        Content::Documents(documents) => documents.iter().for_each(|document| text.extend([&document.text, "\n"])),
        Content::Json(json) => text.push_str(&json.to_string()),
        _ => {}
    }
}

fn append_message(message: &Message, text: &mut String) {
    text.extend([&message.content, "\n"]);
    for call in &message.tool_calls {
        text.extend([&call.name, " "]);
        text.extend(call.arguments.iter().map(|(name, value)| format!("{name} {value} ")));
    }
    text.extend(message.tool_results.iter().flat_map(|result| [result.result.as_str(), "\n"]));
}

/// Returns the beginning of what a person asked: the last message of the user, or the whole input.
fn preview(content: &Content) -> String {
    let text = match content {
        Content::Text(text) => short(text, PREVIEW),
        Content::Messages(messages) => {
            let is_user = |message: &&Message| message.role.as_str() == "user" && !message.content.is_empty();
            let last = messages.iter().rev().find(is_user).or(messages.last());
            last.map(|message| short(&message.content, PREVIEW)).unwrap_or_default()
        }
        Content::Documents(documents) => {
            let first = documents.first().map(|document| short(&document.text, PREVIEW)).unwrap_or_default();
            if documents.len() > 1 { format!("{} texts: {first}", documents.len()) } else { first }
        }
        Content::Json(json) => short(&json.to_string(), PREVIEW),
        _ => String::new(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn error_of(event: &SpanEvent) -> Option<String> {
    let error = event.error.as_ref()?;
    let text = match (error.error_type.as_str(), error.message.as_str()) {
        ("", message) => message.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, message) => format!("{kind}: {message}"),
    };
    Some(short(&text, PREVIEW))
}

fn session_of(event: &SpanEvent) -> Option<String> {
    let named = event.session_id.as_deref().or_else(|| event.tags.get("session_id"));
    named.filter(|id| !id.is_empty()).map(|id| short(id, NAME))
}

/// Returns the cost that the span itself states, in billionths of a dollar.
fn cost_of(metrics: &Metrics) -> Option<i64> {
    let dollars = |name| metrics.get(name).and_then(serde_json::Number::as_f64);
    let sum = || match (dollars(metric::INPUT_COST), dollars(metric::OUTPUT_COST)) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or_default() + output.unwrap_or_default()),
    };
    dollars(metric::TOTAL_COST).or_else(sum).map(|dollars| whole(dollars * 1e9)).filter(|cost| *cost >= 0)
}

/// Returns a metric in seconds as nanoseconds.
fn nanoseconds(metrics: &Metrics, name: &str) -> Option<i64> {
    let seconds = metrics.get(name).and_then(serde_json::Number::as_f64)?;
    (seconds >= 0.0).then(|| whole(seconds * 1e9))
}

/// Cuts a text after `max` characters, at most four bytes each.
pub(crate) fn short(text: &str, max: usize) -> String {
    if text.len() <= max { text.to_owned() } else { text.chars().take(max).collect() }
}

/// Characters of a name that lists show and filter by.
const NAME: usize = 200;
const PREVIEW: usize = 240;
/// Characters of a span that a search finds.
const MAX_SEARCHABLE: usize = 256 * 1024;
