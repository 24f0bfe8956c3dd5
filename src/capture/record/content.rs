//! The content of an open span: its recording, within the bounds of the span and of all open spans.

use super::super::budget::{BASE_SPAN_BYTES, MAX_SPAN_BYTES};
use super::super::services::Services;
use super::super::text_caps::{cap_annotation, shed_content, shed_rest};
use super::values::text_of;
use crate::queue::keep_recording;
use crate::recording::{
    DrainedEntry, FieldKey, FieldLog, FieldValue, Head, LogEntry, Origin, Precedence, RecordedAnnotation, Recording,
};
use crate::stats::Problem;
use llmobs_conventions::USER_TAG;
use llmobs_model::{Annotation, CapturePolicy};

/// The recording of an open span and the bytes that are counted for it.
#[derive(Debug)]
pub(super) struct SpanContent {
    recording: Box<Recording>,
    /// The bytes of the span beside its recording.
    other_bytes: u64,
    /// The bytes that the budget counts for this span.
    counted_bytes: u64,
}

impl SpanContent {
    /// Creates the content of a span that the budget has counted with this empty recording.
    pub(super) fn new(mut recording: Box<Recording>, origin: Origin) -> Self {
        let counted_bytes = held_bytes(&recording, BASE_SPAN_BYTES);
        recording.head = Head::new(origin);
        Self { recording, other_bytes: BASE_SPAN_BYTES, counted_bytes }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.recording.head.origin
    }

    pub(super) fn origin_mut(&mut self) -> &mut Origin {
        &mut self.recording.head.origin
    }

    pub(super) fn head_mut(&mut self) -> &mut Head {
        &mut self.recording.head
    }

    pub(super) fn log(&self) -> &FieldLog {
        self.recording.log()
    }

    pub(super) fn log_mut(&mut self) -> &mut FieldLog {
        self.recording.log_mut()
    }

    /// Returns the log, and the origin that its values may change.
    pub(super) fn log_and_origin(&mut self) -> (&FieldLog, &mut Origin) {
        let (origin, log) = self.recording.origin_and_log();
        (log, origin)
    }

    /// Records the end user that an ancestor named; the span's own wins.
    #[cold]
    pub(super) fn inherit_user(&mut self, user: &str) {
        let user = RecordedAnnotation::from(Annotation::new().tag(USER_TAG, user));
        self.log_mut().annotate(user.with_precedence(Precedence::Context));
    }

    /// Applies the bounds to the values that a span was created with, which were visited without them.
    pub(super) fn bound_initial_values(&mut self, services: &Services) {
        if !self.has_room(services, 0) {
            let mut log = std::mem::take(self.log_mut());
            self.append_what_fits(services, &mut log);
            services.queue.spare_texts.empty(&mut log);
        }
        self.correct_count(services);
    }

    /// Appends later values.
    pub(super) fn append(&mut self, services: &Services, later: &mut FieldLog) {
        if !self.has_room(services, later.bytes()) {
            self.append_what_fits(services, later);
        } else if !self.log_mut().append(later) {
            self.count(services, Problem::TooManyValues);
        }
        self.correct_count(services);
    }

    /// Appends an annotation, or what there is room for, and returns whether there was room for its content.
    pub(super) fn annotate(&mut self, services: &Services, mut annotation: RecordedAnnotation) -> bool {
        let bytes = annotation.text_bytes();
        let bytes = if cap_annotation(&mut annotation, bytes) {
            self.count(services, Problem::Oversize);
            annotation.text_bytes()
        } else {
            bytes
        };
        if self.has_room(services, bytes) {
            self.log_mut().annotate(annotation);
            self.correct_count(services);
            return true;
        }
        let is_fallback = annotation.is_fallback();
        let [input, output] = shed_content(&mut annotation);
        if !self.has_room(services, annotation.text_bytes()) {
            shed_rest(&mut annotation);
        }
        self.log_mut().annotate(annotation);
        // A fallback only fills gaps, so that it leaves no marker in place of what others record.
        for key in input.into_iter().chain(output).filter(|_| !is_fallback) {
            self.log_mut().push(key, FieldValue::Oversize);
        }
        self.correct_count(services);
        self.count(services, Problem::Oversize);
        false
    }

    /// Appends the annotation of a context, or nothing of it if there is no room.
    pub(super) fn annotate_from_context(&mut self, services: &Services, annotation: &Annotation) {
        if self.has_room(services, annotation.text_bytes()) {
            let annotation = RecordedAnnotation::from(annotation.clone()).with_precedence(Precedence::Context);
            self.log_mut().annotate(annotation);
            self.correct_count(services);
        } else {
            self.count(services, Problem::Oversize);
        }
    }

    /// Appends value by value, with a marker in place of each that does not fit.
    fn append_what_fits(&mut self, services: &Services, later: &mut FieldLog) {
        later.drain(|entry| match entry {
            DrainedEntry::Field(key, value) => self.append_if_it_fits(services, key, value),
            DrainedEntry::Annotation(annotation) => {
                self.annotate(services, *annotation);
            }
        });
    }

    fn append_if_it_fits(&mut self, services: &Services, key: FieldKey, value: FieldValue<'_>) {
        let bytes = text_of(value).map_or(0, str::len);
        // The earlier value goes first: the room that it leaves may be enough.
        let mut is_kept = key.accumulates() || self.log_mut().push(key, FieldValue::Oversize);
        if self.has_room(services, bytes) {
            is_kept &= self.log_mut().push(key, value);
        } else {
            is_kept &= !key.accumulates() || self.log_mut().push(key, FieldValue::Oversize);
            self.count(services, Problem::Oversize);
        }
        if !is_kept {
            self.count(services, Problem::TooManyValues);
        }
    }

    /// Returns whether the span may hold `more` bytes, by itself and together with all open spans, and counts them.
    fn has_room(&mut self, services: &Services, more: usize) -> bool {
        let bytes = self.recording.bytes().saturating_add(more);
        if bytes > MAX_SPAN_BYTES {
            return false;
        }
        let bytes = self.other_bytes.saturating_add(wide(bytes));
        // What is reserved has been counted, so that most values find room without a look at the shared counter.
        let uncounted = bytes.saturating_sub(self.counted_bytes);
        // Counted before it is recorded, so that two threads cannot both get the last room.
        let has_room = uncounted == 0 || services.budget.grow(uncounted);
        if has_room {
            self.counted_bytes = self.counted_bytes.max(bytes);
        }
        has_room
    }

    /// Counts what the span holds now: a buffer that grows reserves more than was asked for.
    #[inline]
    fn correct_count(&mut self, services: &Services) {
        let held = held_bytes(&self.recording, self.other_bytes);
        if held != self.counted_bytes {
            self.counted_bytes = services.budget.correct(self.counted_bytes, held);
        }
    }

    /// Counts bytes that the span keeps for others, in place of those before.
    #[inline]
    pub(super) fn set_shared_bytes(&mut self, services: &Services, bytes: usize) {
        let other_bytes = BASE_SPAN_BYTES.saturating_add(wide(bytes));
        if other_bytes != self.other_bytes {
            self.other_bytes = other_bytes;
            self.correct_count(services);
        }
    }

    /// Removes what the policy does not let out.
    pub(super) fn restrict(policy: CapturePolicy, log: &mut FieldLog) {
        if policy < CapturePolicy::All {
            log.retain(|key| key.needs() <= policy);
        }
    }

    /// Returns the name that the span was given, if it was.
    pub(super) fn given_name(&self) -> Option<&str> {
        let mut name = None;
        for entry in self.log().iter() {
            match entry {
                LogEntry::Field(FieldKey::Name, value) => name = text_of(value).or(name),
                LogEntry::Annotation(annotation) => name = annotation.name.as_deref().or(name),
                LogEntry::Field(..) => {}
            }
        }
        name
    }

    pub(super) fn count(&self, services: &Services, problem: Problem) {
        services.count(problem, self.origin().name);
    }

    /// Ends the content of a span that is sent.
    pub(super) fn into_recording(self, services: &Services) -> Box<Recording> {
        services.budget.end(self.counted_bytes);
        self.recording
    }

    /// Ends the content of a span that is not sent; its buffers are used again.
    pub(super) fn discard(self, services: &Services) {
        let mut recording = self.into_recording(services);
        services.queue.spare_texts.empty(recording.log_mut());
        // The head shares names, plans and the parent's defaults with others: in a pool it would keep them alive.
        drop(recording.take_head());
        keep_recording(recording);
    }
}

/// Returns the bytes of an open span: its recording, and `other_bytes` beside it.
#[inline]
pub(super) fn held_bytes(recording: &Recording, other_bytes: u64) -> u64 {
    other_bytes.saturating_add(wide(recording.held_bytes()))
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
