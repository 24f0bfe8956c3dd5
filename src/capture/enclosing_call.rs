//! The open model span that a client's request belongs to, if the application or a framework has opened one.

use tracing::Span;
use tracing_core::span::Id;

use super::ancestors::SpanSite;
use super::calls_inside::CallsInside;
use super::capture::Capture;
use super::record::SpanRecord;
use super::span_ext::find;
use llmobs_model::SpanKind;

use crate::recording::{Precedence, RecordedAnnotation};

/// An open `llm` or `embedding` span around a request, explicit or by third-party attributes. This handle keeps the span
/// open.
#[derive(Debug)]
pub(crate) struct EnclosingCall {
    /// The span of the request. It keeps the spans above it alive.
    span: Span,
    id: Id,
    kind: SpanKind,
}

/// Finds the call that this span is part of: the span itself, or the nearest LLM span above it.
///
/// `None` when that span is not a model call, has ended, or is not known to be a call yet. The client then opens a span of
/// its own, and an ancestor that turns out to report the same call is demoted.
pub(crate) fn find_enclosing_call(span: &Span) -> Option<EnclosingCall> {
    let (id, kind) = find(span, |capture, dispatch, id| {
        let kind = |record: &mut SpanRecord| record.standing_kind().map(|_| record.kind());
        let nearest = |site: SpanSite| Some((capture.spans.with(&site.id, kind)??, site.id));
        let (kind, id) = capture.subscriber.all_ancestors(dispatch, id).find_map(nearest)?;
        Some((id, kind.filter(|kind| kind.has_model())?))
    })??;
    Some(EnclosingCall { span: span.clone(), id, kind })
}

/// Returns whether a URL is that of a gateway which reports calls itself; `None` when no layer records the span.
pub(crate) fn is_gateway(span: &Span, url: &str) -> Option<bool> {
    find(span, |capture, _, _| capture.services.outbound.proxy_urls.contain(url))
}

impl EnclosingCall {
    /// Returns the span of the request.
    pub(crate) const fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) const fn kind(&self) -> SpanKind {
        self.kind
    }

    /// Joins a call to the span. Returns `None` for a second call: it is to be a span of its own, and this one becomes a
    /// workflow.
    pub(crate) fn join(&self) -> Option<CallsInside> {
        find(&self.span, |capture, _, _| capture.spans.with(&self.id, |record| record.join_call(&capture.services)))??
    }

    /// Makes the span a workflow, because the gateway reports the call.
    pub(crate) fn leave_to_gateway(&self) {
        find(&self.span, |capture, _, _| capture.leave_call_to_gateway(&self.id));
    }

    /// Annotates the span with what the client saw of the call, for gaps that nothing else fills. Returns `false` when the
    /// span has ended.
    pub(crate) fn enrich(&self, annotation: impl Into<RecordedAnnotation>) -> bool {
        let annotation = annotation.into().with_precedence(Precedence::Fallback);
        let annotate = |capture: &_, dispatch: &_, _: &Id| Capture::annotate(capture, dispatch, &self.id, annotation);
        find(&self.span, annotate).unwrap_or(false)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use tracing::field::Empty;
    use tracing::info_span;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::capture::LlmObsSpanExt;
    use crate::testing;
    use llmobs_model::Annotation;
    use llmobs_model::{Message, metric};

    #[test]
    fn the_nearest_llm_span_is_found_through_unrelated_spans_and_only_if_it_is_an_open_call() {
        let (layer, _recorder) = testing::recorder();
        // Another layer wants the unrelated spans.
        let everything = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(everything), || {
            let kind_around = |span: &Span| find_enclosing_call(span).map(|call| call.kind());
            let plain = info_span!("request");
            assert_eq!(kind_around(&plain), None);
            let agent = info_span!(parent: &plain, "agent", llmobs.kind = "agent");
            assert_eq!(kind_around(&agent), None);
            for (word, kind) in [("llm", SpanKind::Llm), ("embedding", SpanKind::Embedding)] {
                let call = info_span!(parent: &agent, "call", llmobs.kind = word);
                let http = info_span!(parent: &call, "POST", http.request.method = "POST");
                assert_eq!((kind_around(&call), kind_around(&http)), (Some(kind), Some(kind)));
                let tool = info_span!(parent: &http, "tool", llmobs.kind = "tool");
                assert_eq!(kind_around(&info_span!(parent: &tool, "POST")), None, "a tool stands between");
                assert!(call.finish());
                assert_eq!((kind_around(&call), kind_around(&http)), (None, None), "it has ended");
            }
        });
        assert_eq!(find_enclosing_call(&Span::none()).map(|call| call.kind()), None);
    }

    #[test]
    fn a_client_fills_the_gaps_that_are_left_whenever_it_does_so() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let call = info_span!("call", llmobs.kind = "llm", llmobs.model_name = "said", llmobs.output = Empty);
            let around = find_enclosing_call(&call).unwrap();
            let seen =
                Annotation::new().kind(SpanKind::Task).model_name("seen").model_provider("seen").session_id("seen");
            let seen = seen.input(Message::user("seen")).output(Message::assistant("seen")).metadata("a", "seen");
            assert!(
                around.enrich(
                    seen.metadata("b", "seen").metric(metric::INPUT_TOKENS, 1).metric(metric::OUTPUT_TOKENS, 2)
                )
            );
            call.record("llmobs.output", "said");
            let said = Annotation::new().metadata("a", "said").metric(metric::INPUT_TOKENS, 7);
            assert!(call.annotate(said));
            assert!(around.enrich(Annotation::new().model_provider("later")));
            drop(call);
            assert!(recorder.spans().is_empty(), "the handle keeps the span open");
        });
        let span = recorder.span("call");
        assert_eq!((span.kind, span.session_id.as_deref()), (SpanKind::Llm, None));
        assert_eq!((span.model_name.as_deref(), span.model_provider.as_deref()), (Some("said"), Some("later")));
        assert_eq!(span.input, Some(Message::user("seen").into()));
        assert_eq!(span.output, Some(Message::new("", "said").into()));
        assert_eq!((&span.metadata["a"], &span.metadata["b"]), (&"said".into(), &"seen".into()));
        let metrics: Vec<_> = span.metrics.iter().map(|(name, value)| (name, value.as_u64())).collect();
        assert_eq!(metrics, [("input_tokens", Some(7)), ("output_tokens", Some(2))]);
    }

    #[test]
    fn a_third_party_call_is_found_once_it_is_known_and_its_values_go_first() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let call = info_span!(
                "chat",
                gen_ai.operation.name = Empty,
                gen_ai.request.model = Empty,
                gen_ai.usage.input_tokens = Empty
            );
            assert!(find_enclosing_call(&call).is_none(), "it may be anything yet");
            call.record("gen_ai.operation.name", "chat");
            let around = find_enclosing_call(&call).unwrap();
            assert_eq!(around.kind(), SpanKind::Llm);
            let seen = Annotation::new().model_name("seen").model_provider("seen").metric(metric::INPUT_TOKENS, 1);
            assert!(around.enrich(seen.metric(metric::OUTPUT_TOKENS, 2).output(Message::assistant("seen"))));
            call.record("gen_ai.request.model", "said").record("gen_ai.usage.input_tokens", 7_u64);
        });
        let span = recorder.span("chat said");
        assert_eq!((span.model_name.as_deref(), span.model_provider.as_deref()), (Some("said"), Some("seen")));
        assert_eq!(span.output, Some(Message::assistant("seen").into()));
        let metrics: Vec<_> = span.metrics.iter().map(|(name, value)| (name, value.as_u64())).collect();
        assert_eq!(metrics, [("input_tokens", Some(7)), ("output_tokens", Some(2))]);
    }

    #[test]
    fn token_counts_of_a_client_count_in_the_span_that_keeps_the_call() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let framework = info_span!("framework", openinference.span.kind = "LLM");
            let counted = Annotation::new().metric(metric::INPUT_TOKENS, 5);
            assert!(find_enclosing_call(&framework).unwrap().enrich(counted.clone()));
            let inner = info_span!(parent: &framework, "chat", gen_ai.operation.name = "chat");
            assert!(find_enclosing_call(&inner).unwrap().enrich(counted));
        });
        assert_eq!(recorder.tree(), "workflow framework\n  llm chat\n");
        assert!(recorder.span("framework").metrics.is_empty());
        assert_eq!(
            recorder.span("chat").metrics.get(metric::INPUT_TOKENS).and_then(serde_json::Number::as_u64),
            Some(5)
        );
    }
}
