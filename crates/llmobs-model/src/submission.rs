//! An evaluation or feedback that has passed all checks: what the queue takes.

use serde_json::{Map, Value};

use super::context::SpanContext;
use super::evaluation::EvaluationScope;
use super::evaluation_metric::{EvaluationMetric, check_label, members_bytes};
use super::id::{SpanId, TraceId};
use super::texts::in_members;

/// See the file's card.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    pub kind: SubmissionKind,
    pub metric: EvaluationMetric,
}

/// What it is about, and what only one of the two has.
#[derive(Debug, Clone, PartialEq)]
pub enum SubmissionKind {
    /// By an evaluation.
    Evaluation { join: JoinOn, scope: EvaluationScope, metadata: Map<String, Value> },
    /// By feedback.
    Feedback { target: FeedbackTarget, submitter: FeedbackSubmitter },
}

/// How an evaluation finds its span.
#[derive(Debug, Clone, PartialEq)]
pub enum JoinOn {
    Span(SpanContext),
    Tag { key: String, value: String },
}

/// What feedback is about.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedbackTarget {
    Span(SpanId),
    Trace(TraceId),
    Session(String),
    JoinKey(String),
}

/// Who gave feedback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedbackSubmitter {
    pub id: String,
    pub submitter_type: Option<String>,
}

impl Submission {
    /// Shows every text that leaves the process to `rewrite`, as
    /// [`SpanEvent::rewrite_texts`] does: label, value, reasoning, metadata, tags, application, submitter, and what it is
    /// joined by unless that is an id.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        // Taken apart in full, so that a new member is not forgotten here.
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

    /// Whether the intake would take it. It has been checked once, and its texts may have been rewritten since.
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

    /// Bytes that this holds in the queue.
    pub fn bytes(&self) -> usize {
        let kind = match &self.kind {
            SubmissionKind::Evaluation { join: JoinOn::Tag { key, value }, metadata, .. } => {
                key.len().saturating_add(value.len()).saturating_add(members_bytes(metadata))
            }
            SubmissionKind::Evaluation { join: JoinOn::Span(_), metadata, .. } => members_bytes(metadata),
            SubmissionKind::Feedback {
                target: FeedbackTarget::Session(text) | FeedbackTarget::JoinKey(text),
                submitter,
            } => text.len().saturating_add(submitter.id.len()),
            SubmissionKind::Feedback { target: FeedbackTarget::Span(_) | FeedbackTarget::Trace(_), submitter } => {
                submitter.id.len()
            }
        };
        kind.saturating_add(self.metric.bytes()).saturating_add(size_of::<Self>())
    }
}
