//! Field values → the log of a span. No lock is held while a value is visited: its `Debug` is foreign code
//! that may log, open spans, or panic.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing_core::field::{Field, Visit};

use super::filter::Plan;
use super::record::SpanRecord;
use crate::model::{FieldValue, Log, Meaning, source_chain};
use crate::queue::Queue;
use crate::stats::Problem;

/// Visits the values of one span, record or event.
pub(super) struct Visitor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) log: &'a mut Log,
    pub(super) queue: &'a Queue,
    /// The span's name, for the counters.
    pub(super) place: &'static str,
}

impl Visitor<'_> {
    fn push(&mut self, field: &Field, value: FieldValue<'_>) {
        if let Some(meaning) = self.plan.meaning(field.index()) {
            let kept = self.log.push(meaning, value);
            self.count_unless(kept);
        }
    }

    fn push_text(&mut self, meaning: Meaning, text: &str) {
        if text.len() > self.room() {
            self.oversize(meaning);
        } else if text.len() >= Log::LARGE {
            let kept = self.log.push_large(meaning, self.queue.spares.text(text));
            self.count_unless(kept);
        } else {
            let kept = self.log.push(meaning, FieldValue::Text(text));
            self.count_unless(kept);
        }
    }

    fn push_formatted(&mut self, meaning: Meaning, value: &dyn fmt::Debug) {
        let room = self.room();
        let text = self.log.scratch();
        let start = text.len();
        let mut writer = Capped { room, text, overflowed: false };
        let outcome = catch_unwind(AssertUnwindSafe(|| write!(writer, "{value:?}")));
        let overflowed = writer.overflowed;
        match outcome {
            // Asking an error for its source is foreign code too, so that there is none is only known here.
            Ok(_) if meaning.is_sources() && self.log.scratch().len() == start && !overflowed => {}
            // A formatter that fails has still said what it wrote before.
            Ok(_) if !overflowed => {
                let kept = self.log.keep_written(meaning, start);
                self.count_unless(kept);
            }
            Ok(_) => {
                self.log.scratch().truncate(start);
                self.oversize(meaning);
            }
            Err(_) => {
                self.log.scratch().truncate(start);
                self.log.push(meaning, FieldValue::Text(PANICKED));
                self.queue.problems.count(Problem::Panic, self.place);
            }
        }
    }

    fn oversize(&mut self, meaning: Meaning) {
        self.log.push(meaning, FieldValue::Oversize);
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
        if let Some(meaning) = self.plan.meaning(field.index()) {
            self.push_text(meaning, value);
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
        let Some(meaning) = self.plan.meaning(field.index()) else { return };
        self.push_formatted(meaning, &Shown(value));
        let Some(sources) = meaning.sources() else { return };
        self.push_formatted(sources, &Sources(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(meaning) = self.plan.meaning(field.index()) {
            self.push_formatted(meaning, value);
        }
    }
}

/// Stands for a value whose `Debug` panicked.
const PANICKED: &str = "<panicked>";

/// A writer that refuses what is over its room, so that a formatter that goes by the rules stops there.
struct Capped<'a> {
    text: &'a mut String,
    room: usize,
    overflowed: bool,
}

impl fmt::Write for Capped<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let Some(room) = self.room.checked_sub(part.len()) else {
            self.overflowed = true;
            return Err(fmt::Error);
        };
        self.room = room;
        self.text.push_str(part);
        Ok(())
    }
}

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
