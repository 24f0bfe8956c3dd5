//! The fields of an event → an evaluation.

use serde_json::Value;

use crate::recording::{EvaluationField, FieldKey, FieldLog, FieldValue, LogEntry};
use llmobs_model::{Evaluation, EvaluationError};

/// Returns the evaluation in the fields of an event.
pub(crate) fn evaluation(log: &FieldLog) -> Result<Evaluation, EvaluationError> {
    let (mut label, mut values) = (String::new(), Vec::new());
    let mut described = Vec::new();
    for entry in log.iter() {
        let LogEntry::Field(FieldKey::Evaluation(field), value) = entry else { continue };
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

/// Returns a value as text. A value that was too large to keep is empty.
fn text(value: FieldValue<'_>) -> String {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => text.to_owned(),
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) | FieldValue::Bool(_) => {
            parsed(value).to_string()
        }
        FieldValue::Oversize => String::new(),
    }
}

/// Returns a value as JSON, parsed from text if it is JSON. Infinite numbers and values that were too large to keep become
/// null, which no type of evaluation accepts.
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

/// Returns a value as JSON; text is parsed only if it holds an array or an object.
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
