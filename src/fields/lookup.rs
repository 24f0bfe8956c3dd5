//! The name of a field → what the field stands for.

use super::names;
use crate::nearest::{edits, nearest};
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

/// Returns `None` for a name that exists or has nothing to do with ours, and for a misspelled one the nearest name that exists,
/// empty if none is near. `in_span` says that the field is one of a span, not of an event.
pub(crate) fn misspelled(name: &'static str, in_span: bool) -> Option<String> {
    // Other crates' fields are the rule, and this is asked of each at each callsite: few of them begin like ours.
    if !begins_like_ours(name) || own_field(name).is_some() || !in_span && evaluation_field(name).is_some() {
        return None;
    }
    let candidates = || names::ALL.iter().chain(if in_span { &[] } else { names::EVALUATION }).copied();
    if !is_own(name) {
        // `llm_obs.kind`, `llmobs_kind`: a slip in the namespace. `llm.model_name` belongs to another convention.
        let is_as_long = |candidate: &&str| candidate.len().abs_diff(name.len()) <= MAX_NAMESPACE_EDITS;
        let near = candidates().filter(is_as_long).find(|candidate| edits(name, candidate) <= MAX_NAMESPACE_EDITS)?;
        return Some(near.to_owned());
    }
    let keyed = || {
        let (group, key) = name.strip_prefix(NAMESPACE)?.split_once('.').filter(|(_, key)| !key.is_empty())?;
        let prefixes = names::PREFIXES.iter().chain(if in_span { &[] } else { names::EVALUATION_PREFIXES });
        let groups = prefixes.filter_map(|prefix| prefix.strip_prefix(NAMESPACE)?.strip_suffix('.'));
        nearest(group, groups).map(|group| format!("{NAMESPACE}{group}.{key}"))
    };
    Some(keyed().or_else(|| nearest(name, candidates()).map(str::to_owned)).unwrap_or_default())
}

/// Returns whether a field of this name exists in evaluation events.
pub(crate) fn is_of_evaluation(name: &'static str) -> bool {
    evaluation_field(name).is_some()
}

/// Returns the key of a field of this name.
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
        names::ML_APP | names::AGENT_SERVICE => FieldKey::MlApp,
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

/// Returns whether the letters of a name begin as those of the namespace do, but for a letter or two.
fn begins_like_ours(name: &str) -> bool {
    if !name.starts_with(['l', 'L']) {
        return false;
    }
    let mut letters = name.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).take(6);
    let ours = NAMESPACE.bytes().filter(|letter| letters.next() == Some(*letter)).count();
    is_own(name) || ours > 3 || edits(name.get(..7).unwrap_or(name), NAMESPACE) <= MAX_NAMESPACE_EDITS
}

/// Returns whether a name is in our namespace, known or not.
fn is_own(name: &str) -> bool {
    name.starts_with(NAMESPACE)
}

const NAMESPACE: &str = "llmobs.";
/// More edits than this in a name that does not begin with the namespace are another convention.
const MAX_NAMESPACE_EDITS: usize = 2;
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
    fn misspelled_names_are_found_with_the_nearest_that_exists_and_others_are_left_alone() {
        let table = [
            ("llmobs.model_nme", Some("llmobs.model_name")),
            ("llmobs.inputs", Some("llmobs.input")),
            ("llmobs.metric.input_tokens", Some("llmobs.metrics.input_tokens")),
            ("llmobs.tag.team", Some("llmobs.tags.team")),
            ("llmobs.session", Some("llmobs.session_id")),
            ("llmobs.kid", Some("llmobs.kind")),
            ("llmobs.Kind", Some("llmobs.kind")),
            ("llmobs_kind", Some("llmobs.kind")),
            ("llm_obs.kind", Some("llmobs.kind")),
            ("llmob.input", Some("llmobs.input")),
            ("llmobs.completely_different", Some("")),
        ];
        for (name, expected) in table {
            assert_eq!(misspelled(name, true).as_deref(), expected, "{name}");
            assert_eq!(misspelled(name, false).as_deref(), expected, "{name}");
        }
        for name in
            ["llmobs.kind", "llmobs.tags.a", "llm.model_name", "level", "line", "lang", "llm.kind", "gen_ai.system"]
        {
            assert_eq!(misspelled(name, true), None, "{name}");
        }
        assert!(misspelled("llmobs.eval.label", true).is_some() && misspelled("llmobs.eval.label", false).is_none());
        assert_eq!(misspelled("llmobs.eval.lable", false).as_deref(), Some("llmobs.eval.label"));
    }

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
        assert_eq!(own_field("llmobs.agent_service"), own_field("llmobs.ml_app"));
        for name in ["llmobs.", "llmobs.unknown", "llmobs.metadata.", "kind", "llmobs", "xllmobs.kind"] {
            assert_eq!(own_field(name), None, "{name}");
        }
    }
}
