//! Evaluations and feedback, by what they name.

use std::collections::HashMap;

use serde_json::Value;

use super::decode::{About, Evaluation, ReceivedSpan};

/// What was thought of spans, traces and sessions.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    by_subject: HashMap<About, Vec<Evaluation>>,
    has_tags: bool,
}

impl Verdicts {
    pub(super) fn read<'a>(evaluations: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut verdicts = Self::default();
        for evaluation in evaluations.into_iter().filter_map(Evaluation::read) {
            verdicts.has_tags |= matches!(evaluation.about, About::Tag(..));
            verdicts.by_subject.entry(evaluation.about.clone()).or_default().push(evaluation);
        }
        verdicts
    }

    /// Those of the span; what is about a whole trace or session stands at the spans at the top.
    pub(super) fn of(&self, span: &ReceivedSpan) -> Vec<Evaluation> {
        let mut subjects = vec![About::Span(span.event.span_id)];
        if self.has_tags {
            subjects.extend(span.event.tags.iter().map(|(key, value)| About::Tag(key.to_owned(), value.to_owned())));
        }
        if span.event.parent_id.is_none() {
            subjects.push(About::Trace(span.event.trace_id.clone()));
            subjects.extend(span.event.session_id.clone().map(About::Session));
        }
        subjects.iter().filter_map(|about| self.by_subject.get(about)).flatten().cloned().collect()
    }
}
