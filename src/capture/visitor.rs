//! Field values → the log of a span. No lock is held while a value is visited: its `Debug` is foreign code
//! that may log, open spans, or panic.

use std::error::Error;
use std::fmt;

use tracing_core::field::{Field, Visit};

use super::filter::Plan;
use super::record::SpanRecord;
use crate::queue::Queue;
use crate::recording::{FieldLog, FieldSlot, FieldValue};
use crate::stats::Problem;
use llmobs_model::{Written, source_chain, write_bounded};

/// Visits the values of one span, record or event.
pub(super) struct Visitor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) log: &'a mut FieldLog,
    pub(super) queue: &'a Queue,
    /// The span's name, for the counters.
    pub(super) place: &'static str,
}

impl Visitor<'_> {
    fn push(&mut self, field: &Field, value: FieldValue<'_>) {
        if let Some(sense) = self.plan.sense(field.index()) {
            let kept = self.log.push(sense, value);
            self.count_unless(kept);
        }
    }

    fn push_text(&mut self, sense: FieldSlot, text: &str) {
        // The fields of one callsite do not fill a span with short texts, and what it holds in all is looked at later.
        if text.len() < FieldLog::LARGE {
            let kept = self.log.push(sense, FieldValue::Text(text));
            self.count_unless(kept);
        } else if text.len() > self.room() {
            self.oversize(sense);
        } else {
            let kept = self.log.push_large(sense, self.queue.spare_texts.copy(text));
            self.count_unless(kept);
        }
    }

    fn push_formatted(&mut self, sense: FieldSlot, value: &dyn fmt::Debug) {
        let room = self.room();
        let text = self.log.scratch();
        let start = text.len();
        match write_bounded(text, room, format_args!("{value:?}")) {
            // Asking an error for its source runs code of the application too, so that there is none is only known here.
            Written::Complete if sense.meaning().is_sources() && text.len() == start => {}
            Written::Complete => {
                let kept = self.log.keep_written(sense, start);
                self.count_unless(kept);
            }
            Written::Oversize => self.oversize(sense),
            Written::Panicked | _ => {
                self.log.push(sense, FieldValue::Text(PANICKED));
                self.queue.problems.count(Problem::Panic, self.place);
            }
        }
    }

    fn oversize(&mut self, sense: FieldSlot) {
        self.log.push(sense, FieldValue::Oversize);
        self.queue.problems.count(Problem::Oversize, self.place);
    }

    fn count_unless(&self, kept: bool) {
        if !kept {
            self.queue.problems.count(Problem::TooManyValues, self.place);
        }
    }

    fn room(&self) -> usize {
        SpanRecord::MAX_BYTES.saturating_sub(self.log.bytes())
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(sense) = self.plan.sense(field.index()) {
            self.push_text(sense, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, FieldValue::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, FieldValue::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, FieldValue::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, FieldValue::Bool(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let Some(sense) = self.plan.sense(field.index()) else { return };
        self.push_formatted(sense, &Shown(value));
        let Some(sources) = sense.meaning().sources() else { return };
        self.push_formatted(sources.into(), &Sources(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(sense) = self.plan.sense(field.index()) {
            self.push_formatted(sense, value);
        }
    }
}

/// Stands for a value whose `Debug` panicked.
const PANICKED: &str = "<panicked>";

/// An error as it speaks to people.
struct Shown<'a>(&'a (dyn Error + 'static));

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
    }
}

/// What an error comes from.
struct Sources<'a>(&'a (dyn Error + 'static));

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&source_chain(self.0.source()))
    }
}
