//! The per-layer filter: it enables LLM callsites only.

use std::sync::Arc;

use tracing_core::Metadata;
use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter};

use super::callsite_fields::{has_own_fields, is_third_party};
use super::plan::PlanTable;
use super::roll_call::is_roll_call;
use super::visibility::is_probe;

/// Enables the callsites that the layer captures and leaves all others as they would be without it.
///
/// Captured are spans with an `llmobs.*` field or with the attributes of an LLM call in a third-party convention, and
/// events with an `llmobs.*` field, a `return` field, an `error` field at ERROR or such attributes, each at the configured
/// level or above it.
#[derive(Debug, Clone)]
pub struct LlmObsFilter {
    max_level: LevelFilter,
    plans: Arc<PlanTable>,
}

impl LlmObsFilter {
    pub(super) const fn new(max_level: LevelFilter, plans: Arc<PlanTable>) -> Self {
        Self { max_level, plans }
    }

    /// Decides about a callsite by the names of its fields.
    fn captures(&self, metadata: &Metadata<'_>) -> bool {
        self.max_level >= *metadata.level()
            && (has_own_fields(metadata) || is_third_party(metadata, self.plans.selection().conventions))
            && metadata.target() != OWN_TARGET
    }
}

impl<S> Filter<S> for LlmObsFilter {
    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // A callsite that nobody registered has metadata that may not live for ever, so that its address means nothing.
        self.plans.is_captured(metadata).unwrap_or_else(|| self.captures(metadata))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Not `never`: `Filtered` would not tell the layer of a roll call. Neither callsite is real: none is planned.
        if is_roll_call(metadata) || is_probe(metadata) {
            return Interest::sometimes();
        }
        let is_captured = self.captures(metadata);
        self.plans.register(metadata, is_captured);
        // Not `always`: code that only asks whether a callsite of its own is enabled (`tracing::enabled!`, the `log`
        // bridge) leaves our no in the registry's per-thread state, and a callsite that need not be asked about, because
        // all layers always want it, would get that no (tracing-subscriber 0.3.23).
        if is_captured { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max_level)
    }
}

/// The target of our own diagnostics, which are not captured.
const OWN_TARGET: &str = "tracing_llmobs";
