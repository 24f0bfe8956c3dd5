//! Evaluations and feedback on their way into the queue, and evaluations that come as events.

use std::sync::Arc;

use serde_json::Value;
use tracing_core::span::Id;
use tracing_core::{Dispatch, Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::filter::Plan;
use super::layer::CaptureLayer;
use super::record::{Evaluable, Records};
use super::state::{Capture, with_scratch};
use crate::model::{
    Evaluation, EvaluationError, EvaluationField, Feedback, FieldValue, Log, Meaning, Said, Submission,
};
use crate::queue::Item;
use crate::stats::{LossReason, Problem};

impl Capture {
    /// Checks an evaluation and hands it over.
    pub(crate) fn submit_evaluation(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        self.hand_over(evaluation.check(self.clock.wall_ms())?)
    }

    /// Checks feedback and hands it over.
    pub(crate) fn submit_feedback(&self, feedback: Feedback) -> Result<(), EvaluationError> {
        self.hand_over(feedback.check(self.clock.wall_ms())?)
    }

    /// Joins an evaluation to the span with this id, in every layer of ours that has the span.
    pub(crate) fn evaluate(&self, dispatch: &Dispatch, id: &Id, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let mut found = Vec::new();
        self.with_records(dispatch, id, &mut |records| {
            found.extend(records.iter_mut().filter_map(|record| Some((record.sender(), record.evaluable()?))));
        });
        let (last, span) = found.pop().ok_or(EvaluationError::Span)?;
        let mut outcome = Ok(());
        for (capture, span) in found {
            outcome = outcome.and(capture.submit_evaluation(span.joined(evaluation.clone())));
        }
        outcome.and(last.submit_evaluation(span.joined(evaluation)))
    }

    /// A refusal is counted where it happens.
    fn hand_over(&self, submission: Submission) -> Result<(), EvaluationError> {
        let pushed = self.queue.push(Item::Evaluation(Box::new(submission)));
        pushed.map_err(|reason| match reason {
            LossReason::QueueItems | LossReason::QueueBytes => EvaluationError::QueueFull,
            LossReason::Closed
            | LossReason::OpenSpans
            | LossReason::Processor
            | LossReason::Encode
            | LossReason::TooLarge
            | LossReason::TooOld
            | LossReason::Unauthorized
            | LossReason::Rejected
            | LossReason::Unreachable
            | LossReason::Deadline
            | LossReason::Worker => EvaluationError::Closed,
        })
    }
}

impl CaptureLayer {
    /// Submits the evaluation that an event says, joined to the nearest span of ours around it. What is wrong with it is
    /// counted as a problem.
    pub(super) fn evaluate<S>(&self, event: &Event<'_>, plan: &Plan, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let place = event.metadata().name();
        let queue = &self.capture.queue;
        let Some(span) = self.evaluable(event, ctx) else { return queue.problems.count(Problem::Evaluation, place) };
        with_scratch(queue, |log| {
            event.record(&mut self.visitor(plan, log, place));
            let submitted = read(log).and_then(|evaluation| self.capture.submit_evaluation(span.joined(evaluation)));
            match submitted {
                // The ledger has counted a refusal.
                Ok(()) | Err(EvaluationError::QueueFull | EvaluationError::Closed) => {}
                Err(_) => queue.problems.count(Problem::Evaluation, place),
            }
        });
    }

    /// The nearest span of ours around an event, also one that was finished and is still entered.
    fn evaluable<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>) -> Option<Evaluable>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let inside =
            || event.parent().cloned().or_else(|| ctx.current_span().id().cloned().filter(|_| event.is_contextual()));
        if let Some((dispatch, (id, _))) = self.capture.hidden_listener(inside) {
            return self.capture.evaluable(&dispatch, &id);
        }
        let mut next = ctx.event_span(event);
        while let Some(span) = next {
            let of_ours = |records: &mut Records| records.of(&self.capture).and_then(|record| record.evaluable());
            let found = span.extensions_mut().get_mut::<Records>().and_then(of_ours);
            if found.is_some() {
                return found;
            }
            next = span.parent();
        }
        None
    }
}

impl Capture {
    fn evaluable(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<Evaluable> {
        let mut found = None;
        self.with_records(dispatch, id, &mut |records| {
            found = records.of(self).and_then(|record| record.evaluable());
        });
        found
    }
}

impl Evaluable {
    fn joined(self, evaluation: Evaluation) -> Evaluation {
        evaluation.span(self.context).or_ml_app(self.ml_app.as_deref())
    }
}

/// The evaluation that the fields of an event say.
fn read(log: &Log) -> Result<Evaluation, EvaluationError> {
    let (mut label, mut values) = (String::new(), Vec::new());
    let mut described = Vec::new();
    for said in log.iter() {
        let Said::Field(Meaning::Evaluation(field), value) = said else { continue };
        match field {
            EvaluationField::Label => label = text(value),
            EvaluationField::Categorical => values.push(("categorical", Value::String(text(value)))),
            EvaluationField::Score => values.push(("score", parsed(value))),
            EvaluationField::Boolean => values.push(("boolean", parsed(value))),
            EvaluationField::Json => values.push(("json", parsed(value))),
            EvaluationField::Assessment
            | EvaluationField::Reasoning
            | EvaluationField::Metadata
            | EvaluationField::MetadataValue(_)
            | EvaluationField::Tag(_) => described.push((field, value)),
        }
    }
    let evaluation = match (values.pop(), values.is_empty()) {
        (Some((metric_type, value)), true) => Evaluation::of_type(label, metric_type, value),
        (Some(_), false) => Evaluation::flawed(label, EvaluationError::MetricType { value: "several".to_owned() }),
        (None, _) => Evaluation::flawed(label, EvaluationError::MetricType { value: "none".to_owned() }),
    };
    described.into_iter().try_fold(evaluation, |evaluation, (field, value)| describe(evaluation, field, value))
}

fn describe(
    evaluation: Evaluation,
    field: EvaluationField,
    value: FieldValue<'_>,
) -> Result<Evaluation, EvaluationError> {
    Ok(match field {
        EvaluationField::Label
        | EvaluationField::Categorical
        | EvaluationField::Score
        | EvaluationField::Boolean
        | EvaluationField::Json => evaluation,
        EvaluationField::Assessment => evaluation.assessment(text(value).parse()?),
        EvaluationField::Reasoning => evaluation.reasoning(text(value)),
        EvaluationField::Metadata => evaluation.metadata_map(parsed(value)),
        EvaluationField::MetadataValue(name) => evaluation.metadata(name, structured(value)),
        EvaluationField::Tag(key) => evaluation.tag(key, text(value)),
    })
}

/// The value as text; one that was too large to keep is empty.
fn text(value: FieldValue<'_>) -> String {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => text.to_owned(),
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) | FieldValue::Bool(_) => {
            parsed(value).to_string()
        }
        FieldValue::Oversize => String::new(),
    }
}

/// The value as JSON; a text that holds JSON is that. A number that is not finite, and what was too large to keep, is
/// null, which no type takes.
fn parsed(value: FieldValue<'_>) -> Value {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        FieldValue::Signed(number) => number.into(),
        FieldValue::Unsigned(number) => number.into(),
        FieldValue::Float(number) => number.into(),
        FieldValue::Bool(flag) => flag.into(),
        FieldValue::Oversize => Value::Null,
    }
}

/// The same, but of a text only an array or an object is taken for JSON.
fn structured(value: FieldValue<'_>) -> Value {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => match parsed(value) {
            container @ (Value::Array(_) | Value::Object(_)) => container,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::String(text.to_owned()),
        },
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => parsed(value),
    }
}
