//! An evaluation or feedback that has passed all checks: what the queue takes.

use serde_json::{Map, Value};

use super::context::SpanContext;
use super::evaluation::EvaluationScope;
use super::id::{SpanId, TraceId};
use super::judgement::{Judged, members_bytes};
use super::span::SpanEvent;

/// See the file's card.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Submission {
    pub(crate) subject: Subject,
    pub(crate) judged: Judged,
}

/// What it is about, and what only one of the two has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    /// By an evaluation.
    Evaluated { join: Join, scope: EvaluationScope, metadata: Map<String, Value> },
    /// By feedback.
    Answered { target: Target, submitter: Submitter },
}

/// How an evaluation finds its span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Join {
    Span(SpanContext),
    Tag { key: String, value: String },
}

/// What feedback is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    Span(SpanId),
    Trace(TraceId),
    Session(String),
    JoinKey(String),
}

/// Who gave feedback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Submitter {
    pub(crate) id: String,
    pub(crate) submitter_type: Option<String>,
}

/// What is kept in this process instead of being sent.
#[derive(Debug)]
pub(crate) enum Kept {
    Span(Box<SpanEvent>),
    /// As it would be on the wire.
    Evaluation(Value),
}

impl Submission {
    /// Bytes that this holds in the queue.
    pub(crate) fn bytes(&self) -> usize {
        let subject = match &self.subject {
            Subject::Evaluated { join: Join::Tag { key, value }, metadata, .. } => {
                key.len().saturating_add(value.len()).saturating_add(members_bytes(metadata))
            }
            Subject::Evaluated { join: Join::Span(_), metadata, .. } => members_bytes(metadata),
            Subject::Answered { target: Target::Session(text) | Target::JoinKey(text), submitter } => {
                text.len().saturating_add(submitter.id.len())
            }
            Subject::Answered { target: Target::Span(_) | Target::Trace(_), submitter } => submitter.id.len(),
        };
        subject.saturating_add(self.judged.bytes()).saturating_add(size_of::<Self>())
    }
}
