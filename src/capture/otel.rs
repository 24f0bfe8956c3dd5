//! The place of a span in the trace of OpenTelemetry, when `tracing-opentelemetry` is installed beside us.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing_core::Dispatch;
use tracing_core::span::Id;

use llmobs_model::{ApmContext, SpanId, TraceId};

/// The place of the OpenTelemetry span that is active on this thread.
///
/// `tracing-opentelemetry` activates a span when it is entered: before we are told if its layer is below ours, else after.
/// Active is then the span itself, or the one around it, which is in the same trace.
pub(super) fn current() -> Option<ApmContext> {
    Context::map_current(of_context)
}

/// The place of this very span.
///
/// It starts the span there, which is why it is not asked before there is need: a parent that the application sets would
/// come too late (`tracing_opentelemetry::SetParentError`, version 0.34).
pub(super) fn place(dispatch: &Dispatch, id: &Id) -> Option<ApmContext> {
    tracing_opentelemetry::get_otel_context(id, dispatch).as_ref().and_then(of_context)
}

fn of_context(context: &Context) -> Option<ApmContext> {
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
