//! The name of a field → what the field stands for.

use super::names;
use crate::recording::{EvaluationField, FieldKey};

/// Returns what a field of a span stands for, or `None` when its name is not one of ours.
pub(crate) fn span_field(name: &'static str) -> Option<FieldKey> {
    own_field(name)
}

/// Returns what a field of an event stands for, which says something about the span around it. `is_error` says that the event
/// is about an error, so that a field `error` fails the span.
pub(crate) fn event_field(name: &'static str, is_error: bool) -> Option<FieldKey> {
    match name {
        RETURN => Some(FieldKey::Returned),
        ERROR if is_error => Some(FieldKey::Failed),
        other => evaluation_field(other).or_else(|| own_field(other)),
    }
}

/// Returns whether a field that stands for nothing else is an argument of an instrumented function: a misspelled name of ours
/// is not.
pub(crate) fn is_argument(name: &str) -> bool {
    !is_own(name)
}

/// What a field of this name says.
fn own_field(name: &'static str) -> Option<FieldKey> {
    if !is_own(name) {
        return None;
    }
    Some(match name {
        names::KIND => FieldKey::Kind,
        names::NAME => FieldKey::Name,
        names::MODEL_NAME | names::MODEL => FieldKey::ModelName,
        names::MODEL_PROVIDER => FieldKey::ModelProvider,
        names::SESSION_ID => FieldKey::SessionId,
        names::ML_APP => FieldKey::MlApp,
        names::CAPTURE => FieldKey::Capture,
        names::INPUT => FieldKey::Input,
        names::OUTPUT => FieldKey::Output,
        names::METADATA => FieldKey::Metadata,
        names::METRICS => FieldKey::Metrics,
        names::TAGS => FieldKey::Tags,
        names::PROMPT => FieldKey::Prompt,
        names::TOOL_DEFINITIONS => FieldKey::ToolDefinitions,
        names::TOOL_ID => FieldKey::ToolId,
        names::TOOL_VERSION => FieldKey::ToolVersion,
        names::INTENT => FieldKey::Intent,
        names::COST_TAGS => FieldKey::CostTags,
        names::AGENT_VERSION => FieldKey::AgentVersion,
        names::AGENT_MANIFEST => FieldKey::AgentManifest,
        names::ERROR => FieldKey::Error,
        names::ERROR_TYPE => FieldKey::ErrorType,
        names::ERROR_MESSAGE => FieldKey::ErrorMessage,
        names::ERROR_STACK => FieldKey::ErrorStack,
        _ => return keyed(name),
    })
}

fn keyed(name: &'static str) -> Option<FieldKey> {
    let under = |prefix| name.strip_prefix(prefix).filter(|key| !key.is_empty());
    if under(names::TAGS_PREFIX) == Some(SESSION_TAG) {
        return Some(FieldKey::SessionId);
    }
    under(names::METADATA_PREFIX)
        .map(FieldKey::MetadataValue)
        .or_else(|| under(names::METRICS_PREFIX).map(FieldKey::Metric))
        .or_else(|| under(names::TAGS_PREFIX).map(FieldKey::Tag))
}

/// Returns what a field stands for in an evaluation.
fn evaluation_field(name: &'static str) -> Option<FieldKey> {
    let under = |prefix| name.strip_prefix(prefix).filter(|key| !key.is_empty());
    let field = match name {
        names::EVAL_LABEL => EvaluationField::Label,
        names::EVAL_CATEGORICAL => EvaluationField::Categorical,
        names::EVAL_SCORE => EvaluationField::Score,
        names::EVAL_BOOLEAN => EvaluationField::Boolean,
        names::EVAL_JSON => EvaluationField::Json,
        names::EVAL_ASSESSMENT => EvaluationField::Assessment,
        names::EVAL_REASONING => EvaluationField::Reasoning,
        names::EVAL_METADATA => EvaluationField::Metadata,
        _ => under(names::EVAL_METADATA_PREFIX)
            .map(EvaluationField::MetadataValue)
            .or_else(|| under(names::EVAL_TAGS_PREFIX).map(EvaluationField::Tag))?,
    };
    Some(FieldKey::Evaluation(field))
}

/// Returns whether a name is in our namespace, known or not.
fn is_own(name: &str) -> bool {
    name.starts_with(NAMESPACE)
}

const NAMESPACE: &str = "llmobs.";
/// The field in which `#[instrument(ret)]` records the value that a function returns.
const RETURN: &str = "return";
/// The field in which `#[instrument(err)]`, and most people, record an error.
const ERROR: &str = "error";
/// The key of the tag that is the session of a span, however it is set.
pub(crate) const SESSION_TAG: &str = "session_id";
/// The tag of a task that calls a proxy service: Datadog's page for proxy services filters by it.
pub(crate) const PROXY_TAG: (&str, &str) = ("ml-proxy", "custom");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_name_means_something() {
        for name in names::ALL {
            assert!(own_field(name).is_some() && evaluation_field(name).is_none(), "{name}");
        }
        for name in names::EVALUATION {
            assert!(own_field(name).is_none() && evaluation_field(name).is_some(), "{name}");
        }
        assert_eq!(evaluation_field("llmobs.eval.tags.a.b"), Some(FieldKey::Evaluation(EvaluationField::Tag("a.b"))));
        assert_eq!((evaluation_field("llmobs.eval.tags."), evaluation_field("llmobs.eval.value")), (None, None));
        assert_eq!(own_field("llmobs.metadata.a.b"), Some(FieldKey::MetadataValue("a.b")));
        assert_eq!(own_field("llmobs.metrics.input_tokens"), Some(FieldKey::Metric("input_tokens")));
        assert_eq!(own_field("llmobs.tags.team"), Some(FieldKey::Tag("team")));
        assert_eq!(own_field("llmobs.tags.session_id"), Some(FieldKey::SessionId));
        for name in ["llmobs.", "llmobs.unknown", "llmobs.metadata.", "kind", "llmobs", "xllmobs.kind"] {
            assert_eq!(own_field(name), None, "{name}");
        }
    }
}
