//! The encoder: reads items from the queue and appends them, as JSON, to the open batch of their lane.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::super::assemble::Assembler;
use super::super::batch::{Batch, Batcher};
use super::super::encode::{Common, Fit, SpanEventRef, encode_submission, encode_within};
use super::super::process::{Processors, restrict};
use super::super::secrets;
use super::super::spare::give_back_texts;
use super::super::tail::{Judged, Ready, Tail};
use super::super::transport::Route;
use super::exporter::Exporter;
use super::outbox::{Outbox, PendingBatch, frame};
use crate::clock::Clock;
use crate::queue::{Drained, Next, Queue};
use crate::recording::{CapturedItem, FieldLog, Head, Recording};
use crate::stats::{LossReason, Problem};
use llmobs_model::{Submission, SubmissionKind, contain};

/// The state of the encoder. One thread at a time works on it: the encoder thread, or the dispatcher while somebody
/// waits (see [`Encoder::runs_foreign_code`]).
#[derive(Debug)]
pub(super) struct Encoder {
    drained: Drained,
    /// The log of the span that is being read.
    log: FieldLog,
    items: ItemEncoder,
}

/// All of the encoder but the items that it reads.
#[derive(Debug)]
struct ItemEncoder {
    queue: Arc<Queue>,
    outbox: Arc<Outbox>,
    assembler: Assembler,
    processors: Processors,
    tail: Tail,
    /// Keeps items in this process instead of sending them.
    memory: Option<mpsc::Sender<CapturedItem>>,
    clock: Clock,
    max_event_bytes: usize,
    evaluation_source: Option<&'static str>,
    hide_secrets: bool,
    lanes: [OpenBatch; Route::ALL.len()],
    /// An item is being read that is neither settled nor in a batch.
    is_reading: bool,
}

/// The batch of a lane that items are appended to.
#[derive(Debug)]
struct OpenBatch {
    batcher: Batcher,
    /// The number of its first item, and when that was encoded.
    begun: Option<(u64, Instant)>,
    /// The bytes of it that the queue counts.
    counted: usize,
}

impl OpenBatch {
    fn recount(&mut self, queue: &Queue) {
        let bytes = if self.batcher.is_empty() { 0 } else { self.batcher.bytes() };
        queue.recount_open(self.counted, bytes);
        self.counted = bytes;
    }
}

/// The time at which a round of items is read.
#[derive(Debug, Clone, Copy)]
struct Now {
    instant: Instant,
    wall_ns: u64,
}

impl Encoder {
    pub(super) fn new(exporter: Exporter, memory: Option<mpsc::Sender<CapturedItem>>, outbox: Arc<Outbox>) -> Self {
        let max_bytes = exporter.max_payload_bytes;
        let lane = |route| OpenBatch { batcher: Batcher::new(frame(route), max_bytes), begun: None, counted: 0 };
        let items = ItemEncoder {
            queue: exporter.queue,
            outbox,
            assembler: exporter.assembler,
            processors: exporter.processors,
            tail: exporter.tail,
            memory,
            clock: exporter.clock,
            max_event_bytes: exporter.max_event_bytes,
            evaluation_source: exporter.evaluation_source,
            hide_secrets: exporter.hide_secrets,
            lanes: Route::ALL.map(lane),
            is_reading: false,
        };
        Self { drained: Drained::default(), log: FieldLog::new(), items }
    }

    /// Returns true when code of the application runs in here, which may never return. Then the dispatcher stays out.
    pub(super) fn runs_foreign_code(&self) -> bool {
        self.items.runs_foreign_code()
    }

    /// Reads up to [`ROUND`] items, and closes the open batches that are due. Returns false when the queue was empty.
    pub(super) fn round(&mut self) -> bool {
        let Self { drained, log, items } = self;
        items.lose_interrupted();
        items.take_spent();
        let now = Now { instant: items.clock.instant(), wall_ns: items.clock.wall_ns() };
        let mut judged = Judged::default();
        let has_items = items.queue.drain(drained);
        if has_items {
            items.read_all(drained, log, now, &mut judged);
        }
        // Asked after the queue was drained: a waiter for less than what was drained is seen.
        if items.tail.is_holding() {
            items.tail.release(items.queue.is_awaited(), now.instant, &mut judged);
            items.settle_judged(&mut judged, now);
        }
        let next = drained.next_number();
        items.close_batches(!has_items, next, now);
        items.queue.drained_below(items.first_open(next));
        has_items
    }
}

impl ItemEncoder {
    fn runs_foreign_code(&self) -> bool {
        !self.processors.is_empty() || self.tail.has_rules()
    }

    fn read_all(&mut self, drained: &mut Drained, log: &mut FieldLog, now: Now, judged: &mut Judged) {
        let queue = Arc::clone(&self.queue);
        for _ in 0..ROUND {
            // The number that the item has at least: items between may be missing.
            let number = drained.next_number();
            let Some(next) = queue.next(drained, log) else { return };
            self.is_reading = true;
            let end = match next {
                Next::Span(head) => self.read_span(head, log, number, now, judged),
                Next::Evaluation(submission) => self.read_submission(submission, number, now),
            };
            queue.spare_texts.empty(log);
            self.end_reading(end);
            self.settle_judged(judged, now);
            // Spans that were synthesised from this one have its number, so they are read before it counts as drained.
            while let Some(Recording { mut head, log: mut recorded }) = self.assembler.next_synthesized() {
                self.is_reading = true;
                let end = self.read_span(&mut head, &mut recorded, number, now, judged);
                queue.spare_texts.empty(&mut recorded);
                self.end_reading(end);
                self.settle_judged(judged, now);
            }
        }
    }

    fn end_reading(&mut self, end: Result<(), LossReason>) {
        self.is_reading = false;
        if let Err(reason) = end {
            self.queue.lose(reason, 1);
        }
    }

    /// Counts the item that was being read when a panic ended the round before.
    fn lose_interrupted(&mut self) {
        if std::mem::take(&mut self.is_reading) {
            self.queue.lose(LossReason::Worker, 1);
        }
    }

    fn take_spent(&mut self) {
        for (route, batch, took_ns) in self.outbox.take_spent() {
            if let Some(lane) = self.lanes.get_mut(route.index()) {
                lane.batcher.aim(batch.bytes(), took_ns);
                lane.batcher.recycle(batch);
            }
        }
    }

    /// Reads a span: into its batch where nobody wants to see the event before, else to be judged.
    #[expect(clippy::too_many_arguments, reason = "a queued span in its parts, and where the outcome goes")]
    fn read_span(
        &mut self,
        head: &mut Head,
        log: &mut FieldLog,
        number: u64,
        now: Now,
        judged: &mut Judged,
    ) -> Result<(), LossReason> {
        if !self.runs_foreign_code() && self.memory.is_none() {
            return self.write_span(head, log, number, now);
        }
        let ready = self.process_span(head, log, number, now)?;
        self.tail.judge(ready, now.instant, judged);
        Ok(())
    }

    /// Encodes a recording without an event in between.
    fn write_span(&mut self, head: &mut Head, log: &mut FieldLog, number: u64, now: Now) -> Result<(), LossReason> {
        let Self { assembler, tail, lanes, queue, max_event_bytes, outbox, hide_secrets, .. } = self;
        let span_name = head.origin.name;
        let mut write = |out: &mut Vec<u8>| {
            let mut event = assemble_within_policy(assembler, head, log, now)?;
            hide(&mut event, (*hide_secrets, queue, span_name));
            if tail.drops(event.sampling) {
                return Err(LossReason::Sampling);
            }
            let fit = encode_within(&mut event, *max_event_bytes, out);
            give_back_texts(&mut event, &queue.spare_texts);
            assembler.take_back(event);
            fit
        };
        // What a deferred reader or an annotation does is not ours.
        let contained = |out: &mut Vec<u8>| contain(|| write(out)).unwrap_or(Err(LossReason::Worker));
        let fit = push((lanes, queue), outbox, Route::Spans, (number, now.instant), contained)?;
        self.count_fit(fit, span_name);
        Ok(())
    }

    /// Builds the event of a recording and shows it to the processors.
    fn process_span(&self, head: &mut Head, log: &mut FieldLog, number: u64, now: Now) -> Result<Ready, LossReason> {
        let (place, bytes, is_entry) = (head.origin.name, Recording::bytes_with(log), head.origin.is_entry);
        let read = || {
            let mut event = assemble_within_policy(&self.assembler, head, log, now)?;
            hide(&mut event, (self.hide_secrets, &self.queue, place));
            Ok(event.into_event())
        };
        let mut event = contain(read).unwrap_or(Err(LossReason::Worker))?;
        self.processors.process(&mut event, place, &self.queue)?;
        Ok(Ready { event, is_entry, place, bytes, number })
    }

    /// Encodes the spans that may leave, and counts those that may not.
    fn settle_judged(&mut self, judged: &mut Judged, now: Now) {
        let unsampled = std::mem::take(&mut judged.unsampled);
        if unsampled > 0 {
            self.queue.lose(LossReason::Sampling, unsampled);
        }
        for ready in judged.ready.drain(..) {
            if let Err(reason) = self.write_event(ready, now) {
                self.queue.lose(reason, 1);
            }
        }
    }

    fn write_event(&mut self, ready: Ready, now: Now) -> Result<(), LossReason> {
        let Ready { event, place, number, .. } = ready;
        if let Some(memory) = &self.memory {
            drop(memory.send(CapturedItem::Span(Box::new(event))));
            self.queue.deliver(1);
            return Ok(());
        }
        let Self { lanes, queue, outbox, max_event_bytes, .. } = self;
        let mut event = SpanEventRef::from(event);
        let encode = |out: &mut Vec<u8>| {
            contain(|| encode_within(&mut event, *max_event_bytes, out)).unwrap_or(Err(LossReason::Worker))
        };
        let pushed = push((lanes, queue), outbox, Route::Spans, (number, now.instant), encode);
        give_back_texts(&mut event, &self.queue.spare_texts);
        self.count_fit(pushed?, place);
        Ok(())
    }

    fn count_fit(&self, fit: Fit, span_name: &'static str) {
        match fit {
            Fit::Whole => {}
            Fit::Shrunk => self.queue.problems.count(Problem::Shrunk, span_name),
        }
    }

    /// Encodes an evaluation or feedback.
    fn read_submission(&mut self, submission: &mut Submission, number: u64, now: Now) -> Result<(), LossReason> {
        submission.metric.ml_app.get_or_insert_with(|| self.assembler.ml_app().to_owned());
        if self.hide_secrets {
            count_secrets(secrets::hide_in_submission(submission), &self.queue, "an evaluation");
        }
        self.processors.process_submission(submission, &self.queue)?;
        let Self { assembler, lanes, queue, outbox, max_event_bytes, .. } = self;
        let common = Common { ml_app: assembler.ml_app(), source: self.evaluation_source };
        if let Some(memory) = &self.memory {
            let mut json = Vec::new();
            encode_submission(submission, common, *max_event_bytes, &mut json)?;
            let evaluation = serde_json::from_slice(&json).map_err(|_| LossReason::Worker)?;
            drop(memory.send(CapturedItem::Evaluation(evaluation)));
            self.queue.deliver(1);
            return Ok(());
        }
        let route = match submission.kind {
            SubmissionKind::Feedback { .. } => Route::Feedback,
            SubmissionKind::Evaluation { .. } => Route::Evaluations,
        };
        let encode = |out: &mut Vec<u8>| encode_submission(submission, common, *max_event_bytes, out);
        push((lanes, queue), outbox, route, (number, now.instant), encode)
    }

    /// Closes open batches of lanes that would send them at once: all when the queue is empty. While items pour in for one
    /// lane the queue never is, so for the others a flush or the age of the batch decides.
    fn close_batches(&mut self, is_empty: bool, next: u64, now: Now) {
        // Only once everything is read that the flush waits for: until then there is more for the batch.
        let awaited_below = Some(self.queue.awaited_below()).filter(|number| next >= *number).unwrap_or_default();
        for route in Route::ALL {
            let is_free = self.outbox.is_free(route);
            let Some(lane) = self.lanes.get_mut(route.index()).filter(|_| is_free) else { continue };
            let Some((first, since)) = lane.begun else { continue };
            let is_old = now.instant.saturating_duration_since(since) >= MAX_OPEN;
            if !is_empty && !is_old && first >= awaited_below {
                continue;
            }
            if let (Some(batch), Some((first, since))) = (lane.batcher.take(), lane.begun.take()) {
                self.outbox.push(route, PendingBatch::new(batch, first, since), std::mem::take(&mut lane.counted));
            }
        }
    }

    /// Returns the number below which every item is settled or in a closed batch.
    fn first_open(&self, next: u64) -> u64 {
        let open = self.lanes.iter().filter_map(|lane| lane.begun).map(|(first, _)| first);
        open.chain(self.tail.oldest()).fold(next, u64::min)
    }
}

/// Appends the item that `encode` writes to the batch of its lane; a batch that is full goes to the outbox.
fn push<T>(
    (lanes, queue): (&mut [OpenBatch], &Queue),
    outbox: &Outbox,
    route: Route,
    begun: (u64, Instant),
    encode: impl FnOnce(&mut Vec<u8>) -> Result<T, LossReason>,
) -> Result<T, LossReason> {
    let lane = lanes.get_mut(route.index()).ok_or(LossReason::Worker)?;
    lane.batcher.compact(!outbox.is_free(route));
    let (written, full): (T, Option<Batch>) = lane.batcher.push(encode)?;
    match (full, lane.begun) {
        (Some(full), Some((first, since))) => {
            // The item did not fit any more, and begins the next batch. Spans that were held back have lower numbers than
            // those before them, so the smaller one counts.
            outbox.push(route, PendingBatch::new(full, first, since), std::mem::take(&mut lane.counted));
            lane.begun = Some(begun);
        }
        (_, Some((first, since))) => lane.begun = Some((first.min(begun.0), since)),
        (_, None) => lane.begun = Some(begun),
    }
    lane.recount(queue);
    Ok(written)
}

/// Assembles a recording within its policy, unless it is too old.
fn assemble_within_policy<'a>(
    assembler: &Assembler,
    head: &'a mut Head,
    log: &'a mut FieldLog,
    now: Now,
) -> Result<SpanEventRef<'a>, LossReason> {
    let policy = head.policy;
    let mut event = assembler.assemble(head, log);
    let end_ns = event.start_ns.saturating_add(event.duration_ns);
    if now.wall_ns.saturating_sub(end_ns) > MAX_AGE_NS {
        return Err(LossReason::TooOld);
    }
    restrict(&mut event, policy);
    Ok(event)
}

/// Replaces the secrets of a span, unless that is switched off, and counts them.
fn hide(event: &mut SpanEventRef<'_>, (is_on, queue, span_name): (bool, &Queue, &'static str)) {
    if is_on {
        count_secrets(secrets::hide(event), queue, span_name);
    }
}

fn count_secrets(count: u32, queue: &Queue, span_name: &'static str) {
    for _ in 0..count {
        queue.problems.count(Problem::Secret, span_name);
    }
}

/// The number of items that are read between two looks at the clock, at the waiters and at the other thread.
const ROUND: usize = 128;

/// The age at which a batch is sent although it is not full.
const MAX_OPEN: Duration = Duration::from_secs(1);

/// The intake takes nothing older.
const MAX_AGE_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
