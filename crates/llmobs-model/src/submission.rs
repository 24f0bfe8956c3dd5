//! An evaluation or feedback that has passed all checks: what the queue takes.

use serde_json::{Map, Value};

use super::context::SpanContext;
use super::evaluation::EvaluationScope;
use super::id::{SpanId, TraceId};
use super::judgement::{Judged, check_label, members_bytes};
use super::texts::in_members;

/// See the file's card.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    pub subject: Subject,
    pub judged: Judged,
}

/// What it is about, and what only one of the two has.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// By an evaluation.
    Evaluated { join: Join, scope: EvaluationScope, metadata: Map<String, Value> },
    /// By feedback.
    Answered { target: Target, submitter: Submitter },
}

/// How an evaluation finds its span.
#[derive(Debug, Clone, PartialEq)]
pub enum Join {
    Span(SpanContext),
    Tag { key: String, value: String },
}

/// What feedback is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Span(SpanId),
    Trace(TraceId),
    Session(String),
    JoinKey(String),
}

/// Who gave feedback.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submitter {
    pub id: String,
    pub submitter_type: Option<String>,
}

impl Submission {
    /// Shows every text that leaves the process to `rewrite`, as
    /// [`SpanEvent::rewrite_texts`] does: label, value, reasoning, metadata, tags, application, submitter, and what it is
    /// joined by unless that is an id.
    pub fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        // Taken apart in full, so that a new member is not forgotten here.
        let Self { subject, judged } = self;
        match subject {
            Subject::Evaluated { join, scope: _, metadata } => {
                match join {
                    Join::Span(_) => {}
                    Join::Tag { key, value } => [key, value].into_iter().for_each(&mut *rewrite),
                }
                in_members(metadata, rewrite);
            }
            Subject::Answered { target, submitter: Submitter { id, submitter_type } } => {
                match target {
                    Target::Span(_) | Target::Trace(_) => {}
                    Target::Session(text) | Target::JoinKey(text) => rewrite(text),
                }
                rewrite(id);
                submitter_type.iter_mut().for_each(&mut *rewrite);
            }
        }
        judged.rewrite_texts(rewrite);
    }

    /// Whether the intake would take it. It has been checked once, and its texts may have been rewritten since.
    pub fn is_valid(&self) -> bool {
        let has_subject = match &self.subject {
            Subject::Evaluated { join: Join::Tag { key, value }, .. } => !key.is_empty() && !value.is_empty(),
            Subject::Evaluated { join: Join::Span(_), .. } => true,
            Subject::Answered { target: Target::Session(text) | Target::JoinKey(text), submitter } => {
                !text.is_empty() && !submitter.id.is_empty()
            }
            Subject::Answered { target: Target::Span(_) | Target::Trace(_), submitter } => !submitter.id.is_empty(),
        };
        has_subject && check_label(&self.judged.label).is_ok()
    }

    /// Bytes that this holds in the queue.
    pub fn bytes(&self) -> usize {
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
