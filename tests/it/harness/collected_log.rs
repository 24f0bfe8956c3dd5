//! A layer that keeps all spans, records and events as text.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// A log entry: an event, a new span, or a record.
#[derive(Debug, Clone)]
pub struct LogLine {
    pub level: Level,
    pub target: String,
    /// `message; name=value; …`.
    pub text: String,
}

/// A layer that is interested in everything, and the lines it has collected.
#[derive(Debug, Clone, Default)]
pub struct CollectedLog(Arc<Mutex<Vec<LogLine>>>);

impl CollectedLog {
    /// Returns all lines.
    pub fn all(&self) -> Vec<LogLine> {
        self.0.lock().clone()
    }

    /// Returns the exporter's own log lines of this level and above.
    pub fn ours(&self, level: Level) -> Vec<LogLine> {
        self.all().into_iter().filter(|line| line.target == "tracing_llmobs" && line.level <= level).collect()
    }

    fn keep(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Text)) {
        let mut text = Text(String::new());
        record(&mut text);
        self.0.lock().push(LogLine { level: *metadata.level(), target: metadata.target().to_owned(), text: text.0 });
    }
}

impl<S: Subscriber + for<'lookup> LookupSpan<'lookup>> Layer<S> for CollectedLog {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.keep(attributes.metadata(), |text| attributes.record(text));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.keep(event.metadata(), |text| event.record(text));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(metadata) = ctx.metadata(id) {
            self.keep(metadata, |text| values.record(text));
        }
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?}; ", field.name()).unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        write!(self.0, "{}={value} ({value:?}); ", field.name()).unwrap();
        let mut source = value.source();
        while let Some(cause) = source {
            write!(self.0, "because {cause} ({cause:?}); ").unwrap();
            source = cause.source();
        }
    }
}
