//! Processors and capture policies: the last place where an event may be changed or dropped before it becomes bytes.

use std::fmt;
use std::sync::Arc;

use super::encode::SpanEventRef;
use crate::fields::SESSION_TAG;
use crate::queue::Queue;
use crate::stats::{LossReason, Problem};
use llmobs_model::{CapturePolicy, SpanEvent, Status, Submission, Tags, Verdict, contain};

/// The processors in the order in which they were given.
#[derive(Clone, Default)]
pub(crate) struct Processors(Vec<Processor>);

#[derive(Clone)]
enum Processor {
    Span(Arc<dyn Fn(&mut SpanEvent) -> Verdict + Send + Sync>),
    /// Sees every text that leaves the process.
    Text(Arc<dyn Fn(&mut String) -> Verdict + Send + Sync>),
}

impl Processors {
    pub(crate) fn add(&mut self, processor: impl Fn(&mut SpanEvent) -> Verdict + Send + Sync + 'static) {
        self.0.push(Processor::Span(Arc::new(processor)));
    }

    pub(crate) fn add_for_texts(&mut self, processor: impl Fn(&mut String) -> Verdict + Send + Sync + 'static) {
        self.0.push(Processor::Text(Arc::new(processor)));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shows the span to every processor until one drops it. When a processor fails, the original does not leave.
    pub(super) fn process(&self, event: &mut SpanEvent, place: &'static str, queue: &Queue) -> Result<(), LossReason> {
        if self.0.is_empty() {
            return Ok(());
        }
        let identity = Identity::of(event);
        // Processors of texts redact, so they see also what the others have written, in whatever order they were given.
        let (texts, spans): (Vec<_>, Vec<_>) = self.0.iter().partition(|one| matches!(one, Processor::Text(_)));
        for processor in spans.into_iter().chain(texts) {
            let verdict = contain(|| match processor {
                Processor::Span(processor) => processor(event),
                Processor::Text(processor) => each(|see| event.rewrite_texts(see), processor.as_ref()),
            });
            outcome(verdict.unwrap_or(Verdict::Fail), place, queue)?;
        }
        identity.impose(event);
        agree(event);
        Ok(())
    }

    /// Shows the texts of an evaluation or feedback to the processors that see texts. It is also dropped when it is not
    /// valid any more.
    pub(super) fn process_submission(&self, submission: &mut Submission, queue: &Queue) -> Result<(), LossReason> {
        let texts = self.0.iter().filter_map(|processor| match processor {
            Processor::Text(processor) => Some(processor),
            Processor::Span(_) => None,
        });
        for processor in texts {
            let seen = contain(|| each(|see| submission.rewrite_texts(see), processor.as_ref()));
            let verdict = seen.unwrap_or(Verdict::Fail);
            let verdict = if verdict == Verdict::Keep && !submission.is_valid() { Verdict::Fail } else { verdict };
            outcome(verdict, "an evaluation", queue)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Processors").field(&self.0.len()).finish()
    }
}

/// Shows every text to the processor until it drops one.
fn each(
    walk: impl FnOnce(&mut dyn FnMut(&mut String)),
    processor: &(dyn Fn(&mut String) -> Verdict + Send + Sync),
) -> Verdict {
    let mut verdict = Verdict::Keep;
    walk(&mut |text| {
        if verdict == Verdict::Keep {
            verdict = processor(text);
        }
    });
    verdict
}

fn outcome(verdict: Verdict, place: &'static str, queue: &Queue) -> Result<(), LossReason> {
    match verdict {
        Verdict::Keep => Ok(()),
        Verdict::Drop => Err(LossReason::Processor),
        Verdict::Fail | _ => {
            queue.problems.count(Problem::Processor, place);
            Err(LossReason::Processor)
        }
    }
}

/// The members that tie a span to others, which a processor cannot change.
struct Identity(SpanEvent);

impl Identity {
    fn of(event: &SpanEvent) -> Self {
        let mut kept = SpanEvent::new(event.span_id, event.trace_id.clone(), event.kind, String::new());
        kept.parent_id = event.parent_id;
        kept.apm_trace_id.clone_from(&event.apm_trace_id);
        kept.sampling = event.sampling;
        Self(kept)
    }

    fn impose(self, event: &mut SpanEvent) {
        let Self(kept) = self;
        event.span_id = kept.span_id;
        event.trace_id = kept.trace_id;
        event.parent_id = kept.parent_id;
        event.kind = kept.kind;
        event.apm_trace_id = kept.apm_trace_id;
        event.sampling = kept.sampling;
    }
}

/// Updates the tags that repeat other members, so that a value that was redacted there is not left here.
fn agree(event: &mut SpanEvent) {
    if event.error.is_some() {
        event.status = Status::Error;
    }
    let session_id = event.session_id.clone().filter(|id| !id.is_empty());
    repeat(&mut event.tags, SESSION_TAG, session_id);
    let failed = if event.status == Status::Error { "1" } else { "0" };
    repeat(&mut event.tags, ERROR_TAG, Some(failed.to_owned()));
    let error_type = event.error.as_ref().map(|error| error.error_type.clone()).filter(|text| !text.is_empty());
    repeat(&mut event.tags, ERROR_TYPE_TAG, error_type);
}

fn repeat(tags: &mut Tags, key: &'static str, value: Option<String>) {
    match value {
        same if tags.get(key) == same.as_deref() => {}
        Some(value) => drop(tags.insert(key, value)),
        None => drop(tags.remove(key)),
    }
}

/// Removes the members that the policy does not let out.
pub(super) fn restrict(event: &mut SpanEventRef<'_>, policy: CapturePolicy) {
    if policy == CapturePolicy::All {
        return;
    }
    event.input = None;
    event.output = None;
    event.prompt = None;
    event.tool_definitions.clear();
    event.intent = None;
    event.agent_manifest = None;
    if policy == CapturePolicy::Metadata {
        return;
    }
    event.metadata.clear();
    event.cost_tags.clear();
    event.tags.retain_own(|key| SETTLED_TAGS.contains(&key));
    if let Some(error) = &mut event.error {
        error.message.clear();
        error.stack.clear();
    }
}

const ERROR_TAG: &str = "error";
const ERROR_TYPE_TAG: &str = "error_type";
/// Tags that only repeat other members of the event.
const SETTLED_TAGS: [&str; 5] = ["agent_service", ERROR_TAG, ERROR_TYPE_TAG, "ml_app", SESSION_TAG];
