//! Capture policies by kind of span, as [`Builder::capture_policy`](crate::Builder::capture_policy) sets them.

use llmobs_model::{CapturePolicy, SpanKind};

/// The upper bound of capture for spans of each kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KindPolicies([CapturePolicy; SpanKind::ALL.len()]);

impl KindPolicies {
    /// Bounds what is captured of spans of `kind`.
    pub(crate) fn bound(&mut self, kind: SpanKind, policy: CapturePolicy) {
        for (slot, _) in self.0.iter_mut().zip(SpanKind::ALL).filter(|(_, own)| **own == kind) {
            *slot = policy;
        }
    }

    /// Returns the bound for spans of `kind`.
    pub(crate) fn of(self, kind: SpanKind) -> CapturePolicy {
        let mut policies = self.0.iter().zip(SpanKind::ALL);
        policies.find(|(_, own)| **own == kind).map(|(policy, _)| *policy).unwrap_or_default()
    }

    /// Returns the bound for a span whose kind is not known yet.
    pub(crate) fn strictest(self) -> CapturePolicy {
        self.0.into_iter().min().unwrap_or_default()
    }
}
