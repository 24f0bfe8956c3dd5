//! One item → bytes in the open batch, or an event to be judged first.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::assemble::Assembler;
use super::super::batch::Batch;
use super::super::encode::{Common, Fit, Outline, encode_submission, encode_within};
use super::super::process::restrict;
use super::super::reuse::reuse;
use super::super::tail::{Judged, Ready};
use super::{Now, Sink, Worker};
use crate::recording::{CapturedItem, FieldLog, Head, Recording};
use crate::stats::{LossReason, Problem};
use llmobs_model::Submission;

impl Worker {
    /// Takes a recording in: into the batch where nobody wants to see the event before, else to be judged. Returns the
    /// batch that is full because of it, or why it cannot be sent.
    pub(super) fn take_in(
        &mut self,
        head: &mut Head,
        log: &mut FieldLog,
        now: Now,
        judged: &mut Judged,
    ) -> Result<Option<Batch>, LossReason> {
        if !self.runs_foreign_code() && matches!(self.sink, Sink::Intake(_)) {
            return self.write(head, log, now);
        }
        let ready = self.read(head, log, now)?;
        self.tail.judge(ready, now.instant, judged);
        Ok(None)
    }

    /// Turns a recording into bytes without an event in between.
    fn write(&mut self, head: &mut Head, log: &mut FieldLog, now: Now) -> Result<Option<Batch>, LossReason> {
        let Self { assembler, tail, spans, queue, max_event_bytes, .. } = self;
        let place = head.origin.name;
        let mut write = |out: &mut Vec<u8>| {
            let mut outline = outline(assembler, head, log, now)?;
            if tail.drops(outline.sampling) {
                return Err(LossReason::Sampling);
            }
            let fit = encode_within(&mut outline, *max_event_bytes, out);
            reuse(&mut outline, &queue.spare_texts);
            assembler.take_back(outline);
            fit
        };
        let contained =
            |out: &mut Vec<u8>| catch_unwind(AssertUnwindSafe(|| write(out))).unwrap_or(Err(LossReason::Worker));
        let (fit, full) = spans.push(contained)?;
        self.count_fit(fit, place);
        Ok(full)
    }

    /// Reads a recording, lets the processors see the event, and says why it cannot be sent.
    fn read(&mut self, head: &mut Head, log: &mut FieldLog, now: Now) -> Result<Ready, LossReason> {
        let (place, bytes, is_entry) = (head.origin.name, Recording::bytes_with(log), head.origin.is_entry);
        let read = || outline(&self.assembler, head, log, now).map(Outline::into_event);
        let mut event = catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(LossReason::Worker))?;
        self.processors.process(&mut event, place, &self.queue)?;
        Ok(Ready { event, is_entry, place, bytes })
    }

    /// Turns an event into bytes, as [`Worker::write`] does.
    pub(super) fn take_in_event(&mut self, ready: Ready) -> Result<Option<Batch>, LossReason> {
        let Ready { event, place, .. } = ready;
        if let Sink::Memory(events) = &self.sink {
            drop(events.send(CapturedItem::Span(Box::new(event))));
            self.queue.deliver(1);
            return Ok(None);
        }
        let max_event_bytes = self.max_event_bytes;
        let mut outline = Outline::from(event);
        let pushed = self.spans.push(|out| {
            let encode = AssertUnwindSafe(|| encode_within(&mut outline, max_event_bytes, out));
            catch_unwind(encode).unwrap_or(Err(LossReason::Worker))
        });
        reuse(&mut outline, &self.queue.spare_texts);
        let (fit, full) = pushed?;
        self.count_fit(fit, place);
        Ok(full)
    }

    fn count_fit(&self, fit: Fit, place: &'static str) {
        match fit {
            Fit::Whole => {}
            Fit::Shrunk => self.queue.problems.count(Problem::Shrunk, place),
        }
    }

    /// The same for an evaluation.
    pub(super) fn take_in_evaluation(&mut self, submission: &mut Submission) -> Result<Option<Batch>, LossReason> {
        submission.metric.ml_app.get_or_insert_with(|| self.assembler.ml_app().to_owned());
        self.processors.process_submission(submission, &self.queue)?;
        let common = Common { ml_app: self.assembler.ml_app(), source: self.evaluation_source };
        let max_bytes = self.max_event_bytes;
        if let Sink::Memory(kept) = &self.sink {
            let mut json = Vec::new();
            encode_submission(submission, common, max_bytes, &mut json)?;
            let evaluation = serde_json::from_slice(&json).map_err(|_| LossReason::Worker)?;
            drop(kept.send(CapturedItem::Evaluation(evaluation)));
            self.queue.deliver(1);
            return Ok(None);
        }
        let ((), full) = self.evaluations.push(|out| encode_submission(submission, common, max_bytes, out))?;
        Ok(full)
    }

    /// Whether code of the application runs on this thread, which may never come back.
    pub(super) fn runs_foreign_code(&self) -> bool {
        !self.processors.is_empty() || self.tail.has_rules()
    }
}

/// What a recording comes to within its policy, unless it is too old.
fn outline<'a>(
    assembler: &Assembler,
    head: &'a mut Head,
    log: &'a mut FieldLog,
    now: Now,
) -> Result<Outline<'a>, LossReason> {
    let policy = head.policy;
    let mut outline = assembler.assemble(head, log);
    let end_ns = outline.start_ns.saturating_add(outline.duration_ns);
    if now.wall_ns.saturating_sub(end_ns) > MAX_AGE_NS {
        return Err(LossReason::TooOld);
    }
    restrict(&mut outline, policy);
    Ok(outline)
}

/// What the intake does not accept any more.
const MAX_AGE_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
