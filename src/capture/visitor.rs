//! Copies the values of fields into a field log.
//!
//! No lock is held meanwhile: the `Debug` of a value is code of the application that may log, open spans or panic.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Level};

use super::budget::MAX_SPAN_BYTES;
use super::plan::Plan;
use super::text_caps::{MIN_CAP, beginning, max_bytes};
use crate::queue::Queue;
use crate::recording::{FieldKey, FieldLog, FieldSlot, FieldValue};
use crate::stats::Problem;
use llmobs_model::{Written, source_chain, write_bounded};

/// A visitor of the values of one span, record or event.
pub(super) struct Visitor<'a> {
    pub(super) plan: &'a Plan,
    pub(super) log: &'a mut FieldLog,
    pub(super) queue: &'a Queue,
    /// The name of the span, for the problem counters.
    pub(super) span_name: &'static str,
}

impl Visitor<'_> {
    /// Visits the fields of an event, behind a mark where it has third-party attributes, which belong together.
    pub(super) fn visit_event(&mut self, event: &Event<'_>) {
        if self.plan.third_party.is_some() {
            let metadata = event.metadata();
            let is_error = *metadata.level() == Level::ERROR;
            self.log.push(FieldKey::EventStart(metadata.name()), FieldValue::Bool(is_error));
        }
        event.record(self);
    }

    fn push(&mut self, field: &Field, value: FieldValue<'_>) {
        if let Some(slot) = self.plan.slot(field.index()) {
            let is_kept = self.log.push(slot, value);
            self.count_unless(is_kept);
        }
    }

    fn push_text(&mut self, slot: FieldSlot, text: &str) {
        // Short texts of one callsite cannot fill a span by themselves; the span's total is checked when they are applied.
        if text.len() > MIN_CAP
            && let Some(max_bytes) = max_bytes(slot.key())
            && text.len() > max_bytes
        {
            self.queue.problems.count(Problem::Oversize, self.span_name);
            let is_kept = self.log.push(slot, FieldValue::Text(beginning(text, max_bytes)));
            self.count_unless(is_kept);
        } else if text.len() < FieldLog::LARGE {
            let is_kept = self.log.push(slot, FieldValue::Text(text));
            self.count_unless(is_kept);
        } else if text.len() > self.bytes_left() {
            self.push_oversize(slot);
        } else {
            let is_kept = self.log.push_large(slot, self.queue.spare_texts.copy(text));
            self.count_unless(is_kept);
        }
    }

    fn push_formatted(&mut self, slot: FieldSlot, value: &dyn fmt::Debug) {
        let Some(_nesting) = FormatNesting::enter() else { return self.push_failed(slot, NESTED) };
        let bytes_left = self.bytes_left();
        // Written into the log itself: by way of a buffer each value would be copied once more.
        let text = self.log.scratch();
        let start = text.len();
        match write_bounded(text, bytes_left, format_args!("{value:?}")) {
            // Asking an error for its source runs code of the application too, so that only now it shows that there is none.
            Written::Complete if slot.key().is_sources() && text.len() == start => {}
            Written::Complete => {
                if text.len().saturating_sub(start) > MIN_CAP {
                    self.cap_written(slot, start);
                }
                let is_kept = self.log.keep_written(slot, start);
                self.count_unless(is_kept);
            }
            Written::Oversize => self.push_oversize(slot),
            Written::Panicked | _ => self.push_failed(slot, PANICKED),
        }
    }

    /// Cuts the text that was written from `start` on to the bound of its field.
    #[cold]
    fn cap_written(&mut self, slot: FieldSlot, start: usize) {
        let Some(max_bytes) = max_bytes(slot.key()) else { return };
        let text = self.log.scratch();
        let written = text.get(start..).unwrap_or_default();
        if written.len() > max_bytes {
            let end = start.saturating_add(beginning(written, max_bytes).len());
            text.truncate(end);
            self.queue.problems.count(Problem::Oversize, self.span_name);
        }
    }

    fn push_failed(&mut self, slot: FieldSlot, marker: &str) {
        self.log.push(slot, FieldValue::Text(marker));
        self.queue.problems.count(Problem::Panic, self.span_name);
    }

    fn push_oversize(&mut self, slot: FieldSlot) {
        self.log.push(slot, FieldValue::Oversize);
        self.queue.problems.count(Problem::Oversize, self.span_name);
    }

    fn count_unless(&self, is_kept: bool) {
        if !is_kept {
            self.queue.problems.count(Problem::TooManyValues, self.span_name);
        }
    }

    fn bytes_left(&self) -> usize {
        MAX_SPAN_BYTES.saturating_sub(self.log.bytes())
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(slot) = self.plan.slot(field.index()) {
            self.push_text(slot, value);
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
        let Some(slot) = self.plan.slot(field.index()) else { return };
        self.push_formatted(slot, &Shown(value));
        let Some(sources) = slot.key().sources() else { return };
        self.push_formatted(sources.into(), &Sources(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(slot) = self.plan.slot(field.index()) {
            self.push_formatted(slot, value);
        }
    }
}

/// Stands for a value whose `Debug` panicked.
const PANICKED: &str = "<panicked>";
/// Stands for a value that was formatted while so many others were.
const NESTED: &str = "<nested too deep>";

thread_local! {
    static FORMATTING: Cell<u32> = const { Cell::new(0) };
}

/// Counts values that are being formatted on this thread, until it is dropped.
///
/// A `Debug` may log the value that it formats, and that event is visited here again: without a bound a layer that
/// formats values would turn harmless code into an endless recursion.
struct FormatNesting;

impl FormatNesting {
    const MAX: u32 = 16;

    fn enter() -> Option<Self> {
        let nesting = FORMATTING.try_with(|nesting| nesting.replace(nesting.get().saturating_add(1)));
        // Made before the check, so that its drop takes the count back also when the value is refused.
        let guard = Self;
        // While a thread ends there is no counter, and no nesting either.
        (nesting.unwrap_or_default() < Self::MAX).then_some(guard)
    }
}

impl Drop for FormatNesting {
    fn drop(&mut self) {
        let _ = FORMATTING.try_with(|nesting| nesting.set(nesting.get().saturating_sub(1)));
    }
}

/// Formats an error by its `Display`.
struct Shown<'a>(&'a (dyn Error + 'static));

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
    }
}

/// Formats the sources of an error.
struct Sources<'a>(&'a (dyn Error + 'static));

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&source_chain(self.0.source()))
    }
}
