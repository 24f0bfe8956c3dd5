//! The place of a span in the OpenTelemetry trace, when `tracing-opentelemetry` is installed beside the layer.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing_core::Dispatch;
use tracing_core::span::Id;

use super::extensions_probe::are_extensions_free;
use llmobs_model::{ApmContext, SpanId, TraceId, contain};

/// Returns the place of the OpenTelemetry span that is active on this thread.
///
/// `tracing-opentelemetry` activates a span when it is entered: before our callback if its layer is below ours, else
/// after it. The active span is then the entered one or the one around it, which is in the same trace.
pub(super) fn active_context() -> Option<ApmContext> {
    Context::map_current(apm_context)
}

/// Returns the place of this very span.
///
/// It is read only when it is needed, because reading it starts the OpenTelemetry span: a parent that the application
/// sets afterwards would come too late (`tracing_opentelemetry::SetParentError`, version 0.34).
pub(super) fn context_of(dispatch: &Dispatch, id: &Id) -> Option<ApmContext> {
    // The context is in the registry's extensions. A layer that panicked while it held their lock has poisoned it, and one
    // that formats a value under it may be our caller: reading would panic or hang.
    if !are_extensions_free(dispatch, id) {
        return None;
    }
    let context = contain(|| tracing_opentelemetry::get_otel_context(id, dispatch)).ok()??;
    apm_context(&context)
}

fn apm_context(context: &Context) -> Option<ApmContext> {
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return None;
    }
    let mut apm = ApmContext::new(TraceId::new(u128::from_be_bytes(span.trace_id().to_bytes())));
    apm.span_id = SpanId::new(u64::from_be_bytes(span.span_id().to_bytes()));
    apm.sampling_priority = Some(i8::from(span.is_sampled()));
    Some(apm)
}
