//! What is not to leave is not even kept.

use std::sync::Arc;

use super::SpanRecord;
use super::said::text_of;
use crate::recording::ChildDefaults;
use crate::recording::{FieldLog, FieldValue, Origin};
use crate::stats::Problem;
use llmobs_model::{Annotation, CapturePolicy};

impl SpanRecord {
    /// What holds for the span so far: its own policy or the one from above, within that of its kind.
    pub(super) fn policy(&self, origin: &Origin) -> CapturePolicy {
        let bound = self.kind.map(|kind| self.capture.policies.of(kind)).unwrap_or_default();
        origin.policy.min(bound)
    }

    /// The same for what a library says of the span: the strictest bound while the kind is not known.
    pub(super) fn policy_for_others(&self, origin: &Origin) -> CapturePolicy {
        let policies = &self.capture.policies;
        origin.policy.min(self.kind.map_or_else(|| policies.strictest(), |kind| policies.of(kind)))
    }

    /// Takes over a policy; with a word that is none, nothing gets out.
    pub(super) fn take_policy(&self, origin: &mut Origin, word: Option<FieldValue<'_>>) {
        let Some(word) = word else { return };
        origin.policy = text_of(word).and_then(|word| word.parse().ok()).unwrap_or_else(|| {
            self.capture.queue.problems.count(Problem::UnknownPolicy, origin.name);
            CapturePolicy::None
        });
    }

    /// Takes out of an annotation what the policy does not let out.
    pub(super) fn restrict_annotation(&self, origin: &Origin, said: &mut Annotation) {
        let policy = self.policy(origin);
        if policy < CapturePolicy::All {
            said.input = None;
            said.output = None;
            if let Some(details) = &mut said.details {
                // Not the tools: a tool's version is no content, and the spans below have it from there.
                details.prompt = None;
                details.intent = None;
                details.agent_manifest = None;
            }
        }
        if policy < CapturePolicy::Metadata {
            said.metadata.clear();
        }
    }

    /// What counts below, without what is not to leave from here: a span below may have a policy of its own.
    pub(super) fn let_through(
        &self,
        origin: &Origin,
        passed: Option<Arc<ChildDefaults>>,
    ) -> Option<Arc<ChildDefaults>> {
        if self.policy(origin) == CapturePolicy::All {
            return passed;
        }
        let tool_definitions = Some(passed?.tool_definitions.clone()?);
        Some(Arc::new(ChildDefaults { prompt: None, tool_definitions }))
    }
}

/// Forgets what the policy does not let out.
pub(super) fn restrict(policy: CapturePolicy, said: &mut FieldLog) {
    if policy < CapturePolicy::All {
        said.retain(|meaning| meaning.needs() <= policy);
    }
}
