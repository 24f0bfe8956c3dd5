//! The traces of an agent → its steps: what belongs to one `traceId` is one step, and what was done in it stands below it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::step::AgentStep;
use super::timestamp::unix_ns;
use crate::json;
use llmobs_model::Annotation;

/// The steps, in the order in which they began.
pub(super) fn of(traces: &[Value]) -> Vec<Annotation> {
    let mut steps: Vec<AgentStep> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in traces {
        let Some((kind, body)) = first_object(json::get(event, &["trace"])) else { continue };
        let at_ns = unix_ns(json::get(event, &["eventTime"]));
        // Some traces say what happened, others have it inside.
        let inside =
            first_object(body).filter(|(name, inner)| inner.is_object() && !WHOLE.contains(&kind) && *name != "event");
        let (what, said) = inside.unwrap_or((kind, body));
        let id = [said, body].into_iter().map(|of| json::text(of, "traceId")).find(|id| !id.is_empty());
        let id = id.unwrap_or_default();
        let at = *places.entry((id, kind)).or_insert_with(|| {
            steps.push(AgentStep::new(kind));
            steps.len().saturating_sub(1)
        });
        if let Some(step) = steps.get_mut(at) {
            step.take(what, said, at_ns);
        }
    }
    steps.into_iter().map(AgentStep::into_annotation).collect()
}

/// Traces that are themselves what happened.
const WHOLE: &[&str] = &["guardrailTrace", "failureTrace", "customOrchestrationTrace"];

/// The name and the value of an object's first member that is an object.
fn first_object(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object()?;
    members.iter().find(|(_, value)| value.is_object()).map(|(name, value)| (name.as_str(), value))
}
