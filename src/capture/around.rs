//! The call of a model that a client's request is part of, if somebody opened a span for it already.

use tracing::Span;
use tracing_core::span::Id;

use super::ancestors::SpanSite;
use super::calls_inside::CallsInside;
use super::capture::Capture;
use super::record::SpanRecord;
use super::span_ext::find;
use llmobs_model::SpanKind;

use crate::recording::{Precedence, RecordedAnnotation};

/// An open `llm` or `embedding` span around a request: one of the application, or one in another crate's words.
///
/// It keeps the span open.
#[derive(Debug)]
pub(crate) struct CallAround {
    /// The span that was given, which keeps those above it alive.
    span: Span,
    id: Id,
    kind: SpanKind,
}

/// The call that this span is part of: the span itself, or the nearest one above it with nothing but spans between that
/// are not ours. `None` when that one is no call, has ended, or is not known to be a call yet: then the client opens a
/// span of its own, and a span around it that turns out to be the same call stands back.
pub(crate) fn call_around(span: &Span) -> Option<CallAround> {
    let (id, kind) = find(span, |capture, dispatch, id| {
        let kind = |record: &mut SpanRecord| record.standing_kind().map(|_| record.kind());
        let nearest = |site: SpanSite| Some((capture.spans.with(&site.id, kind)??, site.id));
        let (kind, id) = capture.subscriber.all_ancestors(dispatch, id).find_map(nearest)?;
        Some((id, kind.filter(|kind| kind.has_model())?))
    })??;
    Some(CallAround { span: span.clone(), id, kind })
}

/// Whether a URL is that of a gateway which reports calls itself; `None` when no layer of ours sees the span.
pub(crate) fn is_gateway(span: &Span, url: &str) -> Option<bool> {
    find(span, |capture, _, _| capture.services.outbound.proxy_urls.contain(url))
}

impl CallAround {
    /// The span that was given.
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

    /// The gateway reports the call, so that this span does not.
    pub(crate) fn leave_to_gateway(&self) {
        find(&self.span, |capture, _, _| capture.leave_call_to_gateway(&self.id));
    }

    /// Says what the client saw of the call, for the gaps that nobody else fills; `false` when the span has ended.
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
    fn the_nearest_span_of_ours_is_found_through_spans_of_others_and_only_if_it_is_an_open_call() {
        let (layer, _recorder) = testing::recorder();
        // Somebody else wants the other spans too.
        let everything = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(everything), || {
            let kind_around = |span: &Span| call_around(span).map(|call| call.kind());
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
        assert_eq!(call_around(&Span::none()).map(|call| call.kind()), None);
    }

    #[test]
    fn a_client_fills_the_gaps_that_are_left_whenever_it_comes() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let call = info_span!("call", llmobs.kind = "llm", llmobs.model_name = "said", llmobs.output = Empty);
            let around = call_around(&call).unwrap();
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
            assert!(recorder.spans().is_empty(), "who enriches a span keeps it open");
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
    fn a_call_in_other_words_is_found_when_it_is_known_and_what_it_says_goes_first() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let call = info_span!(
                "chat",
                gen_ai.operation.name = Empty,
                gen_ai.request.model = Empty,
                gen_ai.usage.input_tokens = Empty
            );
            assert!(call_around(&call).is_none(), "it may be anything yet");
            call.record("gen_ai.operation.name", "chat");
            let around = call_around(&call).unwrap();
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
    fn what_a_client_counted_counts_where_the_call_stays() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let framework = info_span!("framework", openinference.span.kind = "LLM");
            let counted = Annotation::new().metric(metric::INPUT_TOKENS, 5);
            assert!(call_around(&framework).unwrap().enrich(counted.clone()));
            let inner = info_span!(parent: &framework, "chat", gen_ai.operation.name = "chat");
            assert!(call_around(&inner).unwrap().enrich(counted));
        });
        assert_eq!(recorder.tree(), "workflow framework\n  llm chat\n");
        assert!(recorder.span("framework").metrics.is_empty());
        assert_eq!(
            recorder.span("chat").metrics.get(metric::INPUT_TOKENS).and_then(serde_json::Number::as_u64),
            Some(5)
        );
    }
}
