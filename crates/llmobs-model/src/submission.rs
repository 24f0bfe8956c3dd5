//! Submissions: evaluations and feedback that have passed all checks, as a queue takes them.

use serde_json::{Map, Value};

use super::evaluation::EvaluationScope;
use super::evaluation_metric::{EvaluationMetric, check_label};
use super::id::{SpanId, TraceId};
use super::json_size::retained_members_bytes;
use super::rewrite_texts::in_members;
use super::span_context::SpanContext;

/// A checked evaluation or feedback.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    pub kind: SubmissionKind,
    pub metric: EvaluationMetric,
}

/// The subject of a submission, and the members that only one of the two kinds has.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the encoder must know every variant")]
pub enum SubmissionKind {
    Evaluation { join: JoinOn, scope: EvaluationScope, metadata: Map<String, Value> },
    Feedback { target: FeedbackTarget, submitter: FeedbackSubmitter },
}

/// The reference of an evaluation to its span. On the wire `join_on`.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the encoder must know every variant")]
pub enum JoinOn {
    Span(SpanContext),
    Tag { key: String, value: String },
}

/// The subject of feedback.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the encoder must know every variant")]
pub enum FeedbackTarget {
    Span(SpanId),
    Trace(TraceId),
    Session(String),
    JoinKey(String),
}

/// The author of feedback.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedbackSubmitter {
    pub id: String,
    pub submitter_type: Option<String>,
}

impl Submission {
    /// Calls `rewrite` with every text that leaves the process, as
    /// [`SpanEvent::rewrite_texts`](crate::SpanEvent::rewrite_texts) does: label, value, reasoning, metadata, tags,
    /// application, submitter, and join values that are not ids.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        // Destructured in full, so that a new member does not compile until it is handled here.
        let Self { kind, metric } = self;
        match kind {
            SubmissionKind::Evaluation { join, scope: _, metadata } => {
                match join {
                    JoinOn::Span(_) => {}
                    JoinOn::Tag { key, value } => [key, value].into_iter().for_each(&mut *rewrite),
                }
                in_members(metadata, rewrite);
            }
            SubmissionKind::Feedback { target, submitter: FeedbackSubmitter { id, submitter_type } } => {
                match target {
                    FeedbackTarget::Span(_) | FeedbackTarget::Trace(_) => {}
                    FeedbackTarget::Session(text) | FeedbackTarget::JoinKey(text) => rewrite(text),
                }
                rewrite(id);
                submitter_type.iter_mut().for_each(&mut *rewrite);
            }
        }
        metric.rewrite_texts(rewrite);
    }

    /// Returns whether the intake would take it. Texts may have been rewritten since the checks.
    pub fn is_valid(&self) -> bool {
        let has_subject = match &self.kind {
            SubmissionKind::Evaluation { join: JoinOn::Tag { key, value }, .. } => !key.is_empty() && !value.is_empty(),
            SubmissionKind::Evaluation { join: JoinOn::Span(_), .. } => true,
            SubmissionKind::Feedback {
                target: FeedbackTarget::Session(text) | FeedbackTarget::JoinKey(text),
                submitter,
            } => !text.is_empty() && !submitter.id.is_empty(),
            SubmissionKind::Feedback { target: FeedbackTarget::Span(_) | FeedbackTarget::Trace(_), submitter } => {
                !submitter.id.is_empty()
            }
        };
        has_subject && check_label(&self.metric.label).is_ok()
    }

    /// Returns the bytes that the submission retains in a queue.
    pub fn bytes(&self) -> usize {
        let own = match &self.kind {
            SubmissionKind::Evaluation { join: JoinOn::Tag { key, value }, metadata, .. } => {
                key.len().saturating_add(value.len()).saturating_add(retained_members_bytes(metadata))
            }
            SubmissionKind::Evaluation { join: JoinOn::Span(_), metadata, .. } => retained_members_bytes(metadata),
            SubmissionKind::Feedback {
                target: FeedbackTarget::Session(text) | FeedbackTarget::JoinKey(text),
                submitter,
            } => text.len().saturating_add(submitter.bytes()),
            SubmissionKind::Feedback { target: FeedbackTarget::Span(_) | FeedbackTarget::Trace(_), submitter } => {
                submitter.bytes()
            }
        };
        own.saturating_add(self.metric.bytes()).saturating_add(size_of::<Self>())
    }
}

impl FeedbackSubmitter {
    fn bytes(&self) -> usize {
        self.id.len().saturating_add(self.submitter_type.as_ref().map_or(0, String::len))
    }
}
