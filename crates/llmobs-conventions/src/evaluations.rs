//! Evaluations: in events, in spans of their own, and in attributes of the span that they evaluate.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::attributes::ResolvedAttributes;
use crate::convention::openinference::EVALUATIONS;
use crate::convention::{gen_ai, otel};
use crate::format::decode;
use crate::format::json::Json;
use crate::signs::is_item;
use crate::{AttributeValue, classification};
use llmobs_model::{Assessment, Evaluation, EvaluationScope};

/// An evaluation that is not joined with a span yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EvaluationDraft {
    /// Without span, time and application. Its scope is the trace where the whole trace of the span is evaluated.
    pub evaluation: Evaluation,
    /// The id of the model's response that is evaluated; another span may have it.
    pub response_id: Option<String>,
}

/// Returns whether only an evaluation has an attribute of this name, in an event or in a span of its own.
pub fn is_evaluation_attribute(name: &str) -> bool {
    name.starts_with("gen_ai.evaluation.")
}

/// Returns whether an attribute belongs to an evaluation that is written on the span it evaluates.
pub(crate) fn is_inline(name: &str) -> bool {
    let name = name.strip_prefix("trace.").or_else(|| name.strip_prefix("session.")).unwrap_or(name);
    name.starts_with("annotations.") || name.starts_with("evaluations.")
}

/// Returns the evaluations that a span and its events hold, or that the span itself is.
pub(crate) fn evaluations(attributes: &ResolvedAttributes<'_>) -> Vec<EvaluationDraft> {
    let events = attributes.events.iter().filter(|event| event.is_evaluation());
    let of_events = events.filter_map(|event| draft(|name| event.get(name)));
    let of_span = classification::is_evaluation(attributes).then(|| draft(|name| attributes.get(name))).flatten();
    of_events.chain(of_span).chain(inline(attributes)).collect()
}

fn draft<'a>(get: impl Fn(&str) -> Option<AttributeValue<'a>>) -> Option<EvaluationDraft> {
    // The evaluator itself failed, so there is no result.
    if get(otel::ERROR_TYPE).is_some_and(|value| !value.is_absent()) {
        return None;
    }
    let text = |name: &str| get(name).and_then(decode::text);
    let parts = EvaluationParts {
        name: text(gen_ai::EVALUATION_NAME)?,
        score: get(SCORE).and_then(score),
        label: text(LABEL),
        explanation: text(EXPLANATION),
    };
    let response_id = text(gen_ai::RESPONSE_ID).map(Cow::into_owned);
    Some(EvaluationDraft { evaluation: parts.evaluation()?, response_id })
}

/// Returns `OpenInference`'s evaluations, which are flattened attributes.
fn inline(attributes: &ResolvedAttributes<'_>) -> Vec<EvaluationDraft> {
    let mut drafts = Vec::new();
    for (family, member, is_of_trace) in EVALUATIONS {
        let Some(list) = attributes.flattened(family, is_item) else { continue };
        for item in list.as_list().unwrap_or_default() {
            let item = item.get(member).unwrap_or(item);
            let Some(mut evaluation) = annotated(item) else { continue };
            if is_of_trace {
                evaluation = evaluation.scope(EvaluationScope::Trace);
            }
            drafts.push(EvaluationDraft { evaluation, response_id: None });
        }
    }
    drafts
}

fn annotated(item: &Json<'_>) -> Option<Evaluation> {
    let text = |name: &str| item.first_text(&[name]).map(Cow::Borrowed);
    let score = match item.get("score") {
        Some(Json::Bool(flag)) => Some(Score::Flag(*flag)),
        Some(Json::Number(number)) => Some(Score::Number(number.clone())),
        Some(Json::Text(text)) => number_in(text).map(Score::Number),
        Some(Json::Null | Json::List(_) | Json::Object(_)) | None => None,
    };
    let parts = EvaluationParts { name: text("name")?, score, label: text("label"), explanation: text("explanation") };
    let mut evaluation = parts.evaluation()?;
    for name in ["annotator_kind", "identifier"] {
        if let Some(value) = item.get(name) {
            evaluation = evaluation.metadata(name, value.to_value());
        }
    }
    Some(evaluation)
}

struct EvaluationParts<'a> {
    name: Cow<'a, str>,
    score: Option<Score>,
    label: Option<Cow<'a, str>>,
    explanation: Option<Cow<'a, str>>,
}

enum Score {
    Flag(bool),
    Number(Number),
}

impl EvaluationParts<'_> {
    /// Builds the evaluation; without a score or a label there is none.
    fn evaluation(self) -> Option<Evaluation> {
        let name = label_of(&self.name);
        let has_score = self.score.is_some();
        let mut evaluation = match (self.score, &self.label) {
            (Some(Score::Flag(flag)), _) => Evaluation::boolean(name, flag),
            (Some(Score::Number(number)), _) => Evaluation::score(name, number),
            (None, Some(label)) => Evaluation::categorical(name, label.as_ref()),
            (None, None) => return None,
        };
        if let Some(label) = self.label.as_deref().filter(|_| has_score) {
            evaluation = evaluation.metadata("score_label", label);
        }
        if let Some(label) = &self.label {
            let attributes = [("pass", Assessment::Pass), ("fail", Assessment::Fail)];
            let assessment = attributes.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(label.trim()));
            if let Some((_, assessment)) = assessment {
                evaluation = evaluation.assessment(assessment);
            }
        }
        if let Some(explanation) = self.explanation {
            evaluation = evaluation.reasoning(explanation);
        }
        Some(evaluation)
    }
}

/// Returns a label that the intake accepts: letters, digits and underscores, a letter first, at most 200 characters.
fn label_of(name: &str) -> String {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let prefix = if starts_well { "" } else { "eval_" };
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    prefix.chars().chain(plain).take(LONGEST_LABEL).collect()
}

fn score(value: AttributeValue<'_>) -> Option<Score> {
    if let Some(flag) = decode::flag(value) {
        return Some(Score::Flag(flag));
    }
    // Unlike a count, a score may be negative.
    match decode::member(value)? {
        Value::Number(number) => Some(Score::Number(number)),
        Value::String(text) => number_in(&text).map(Score::Number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number_in(text: &str) -> Option<Number> {
    serde_json::from_str(text.trim()).ok()
}

const LONGEST_LABEL: usize = 200;
/// The name of the event.
const SCORE: &str = "gen_ai.evaluation.score.value";
const LABEL: &str = "gen_ai.evaluation.score.label";
const EXPLANATION: &str = "gen_ai.evaluation.explanation";
