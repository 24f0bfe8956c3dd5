//! Evaluations in events, in spans of their own, and written on the span they are about.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::json::Json;
use super::openinference::EVALUATIONS;
use super::words::{Words, is_item};
use super::{EvaluationDraft, EventSayings};
use super::{decode, gen_ai, kinds, otel};
use crate::recording::FieldValue;
use llmobs_model::{Assessment, Evaluation, EvaluationScope};

/// Whether an event is an evaluation.
pub(super) fn is_evaluation(event: &EventSayings<'_>) -> bool {
    event.name == EVENT || event.fields.iter().any(|(name, value)| *name == NAME && !decode::is_absent(*value))
}

/// All evaluations that a span and its events hold, or that the span itself is.
pub(super) fn evaluations(words: &Words<'_>) -> Vec<EvaluationDraft> {
    let events = words.events.iter().filter(|event| is_evaluation(event));
    let of_events = events
        .filter_map(|event| draft(|name| event.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)));
    let of_span = kinds::is_evaluation(words).then(|| draft(|name| words.get(name))).flatten();
    of_events.chain(of_span).chain(inline(words)).collect()
}

fn draft<'a>(get: impl Fn(&str) -> Option<FieldValue<'a>>) -> Option<EvaluationDraft> {
    // The one who evaluates has failed.
    if get(otel::ERROR_TYPE).is_some_and(|value| !decode::is_absent(value)) {
        return None;
    }
    let text = |name: &str| get(name).and_then(decode::text);
    let said = Said {
        name: text(NAME)?,
        score: get(SCORE).and_then(score),
        label: text(LABEL),
        explanation: text(EXPLANATION),
    };
    let response_id = text(gen_ai::RESPONSE_ID).map(Cow::into_owned);
    Some(EvaluationDraft { evaluation: said.evaluation()?, response_id })
}

/// Those of `OpenInference`, flattened.
fn inline(words: &Words<'_>) -> Vec<EvaluationDraft> {
    let mut drafts = Vec::new();
    for (family, member, is_of_trace) in EVALUATIONS {
        let Some(list) = words.flattened(family, is_item) else { continue };
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
    let said = Said { name: text("name")?, score, label: text("label"), explanation: text("explanation") };
    let mut evaluation = said.evaluation()?;
    for name in ["annotator_kind", "identifier"] {
        if let Some(value) = item.get(name) {
            evaluation = evaluation.metadata(name, value.to_value());
        }
    }
    Some(evaluation)
}

struct Said<'a> {
    name: Cow<'a, str>,
    score: Option<Score>,
    label: Option<Cow<'a, str>>,
    explanation: Option<Cow<'a, str>>,
}

enum Score {
    Flag(bool),
    Number(Number),
}

impl Said<'_> {
    /// Without a value there is no evaluation.
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
            let words = [("pass", Assessment::Pass), ("fail", Assessment::Fail)];
            let assessment = words.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(label.trim()));
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

/// The label that the intake takes: letters, digits and underscores, a letter first, at most 200.
fn label_of(name: &str) -> String {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let prefix = if starts_well { "" } else { "eval_" };
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    prefix.chars().chain(plain).take(LONGEST_LABEL).collect()
}

fn score(value: FieldValue<'_>) -> Option<Score> {
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
/// The event.
pub(super) const EVENT: &str = "gen_ai.evaluation.result";
pub(super) const NAME: &str = "gen_ai.evaluation.name";
const SCORE: &str = "gen_ai.evaluation.score.value";
const LABEL: &str = "gen_ai.evaluation.score.label";
const EXPLANATION: &str = "gen_ai.evaluation.explanation";
