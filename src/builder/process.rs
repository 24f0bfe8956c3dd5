//! The builder's settings about what leaves the process: processors, policies, rules for sampling.

use std::time::Duration;

use super::Builder;
use crate::export::{KeepRules, Processors};
use crate::recording::KindPolicies;
use llmobs_model::{CapturePolicy, SpanEvent, SpanKind, Status, Verdict, metric};

/// The settings that these methods make.
#[derive(Debug, Clone, Default)]
pub(super) struct Processing {
    pub(super) processors: Processors,
    pub(super) rules: KeepRules,
    pub(super) policies: KindPolicies,
}

impl Builder {
    /// Adds a processor, which sees every span before it is sent, and may change or drop it. Several run in the order in
    /// which they were added. Evaluations and feedback pass only a [`text_processor`](Self::text_processor).
    ///
    /// A processor returns nothing, a [`Verdict`], or a `Result` of either. If it panics or returns an error, the span is
    /// lost and counted; the original never leaves. Ids, parent, kind and sampling decision cannot be changed; the tags
    /// for session and error are made again from the session and error that the processor leaves.
    ///
    /// It runs on the exporter's thread, one span after the other. It may log there and use other crates; spans that it
    /// opens are not captured. Nothing is sent while it runs, but flush and shutdown still end in time.
    ///
    /// Default: none. `Redactor` (feature `redact`) and [`SizeLimit`](crate::SizeLimit) are ready-made. Environment: none.
    ///
    /// # Example
    ///
    /// ```
    /// use tracing_llmobs::{SizeLimit, Verdict};
    ///
    /// let limit = SizeLimit::new(1_000_000);
    /// let builder = tracing_llmobs::builder()
    ///     .processor(|span| if span.name == "health" { Verdict::Drop } else { Verdict::Keep })
    ///     .processor(|span| span.rewrite_texts(|text| *text = text.replace("anna@example.com", "[mail]")))
    ///     .processor(move |span| limit.shorten(span));
    /// # drop(builder);
    /// ```
    pub fn processor<V: Into<Verdict>>(
        mut self,
        processor: impl Fn(&mut SpanEvent) -> V + Send + Sync + 'static,
    ) -> Self {
        self.processing.processors.add(move |event| processor(event).into());
        self
    }

    /// Adds a processor of texts, which sees every text before it leaves the process, and may change it: the texts of spans
    /// (see [`SpanEvent::rewrite_texts`]), and those of evaluations and feedback: label, value (a score stays), reasoning,
    /// metadata, tags, submitter, and the tag, session or key that they are joined by.
    ///
    /// It returns the same as a [`processor`](Self::processor). Processors of texts run after all processors of spans, so
    /// that they also see what those have written, and among themselves in the order in which they were added. If it panics, returns an error or [`Verdict::Drop`] for one text, the whole span, evaluation or
    /// feedback is lost and counted; so is an evaluation that is no longer valid, for example because its label is empty.
    ///
    /// Default: none. `Redactor` (feature `redact`) is ready-made. Environment: none.
    ///
    /// # Example
    ///
    /// ```
    /// let builder = tracing_llmobs::builder()
    ///     .text_processor(|text| *text = text.replace("anna@example.com", "[mail]"));
    /// # drop(builder);
    /// ```
    pub fn text_processor<V: Into<Verdict>>(
        mut self,
        processor: impl Fn(&mut String) -> V + Send + Sync + 'static,
    ) -> Self {
        self.processing.processors.add_for_texts(move |text| processor(text).into());
        self
    }

    /// Limits how much of the spans of this kind leaves the process; a span's own policy can only be stricter.
    ///
    /// Default: [`CapturePolicy::All`] for every kind. Environment: none. See [`CapturePolicy`].
    pub fn capture_policy(mut self, kind: SpanKind, policy: CapturePolicy) -> Self {
        self.processing.policies.bound(kind, policy);
        self
    }

    /// Keeps spans of traces that are not sampled in the process, instead of sending them with that decision.
    ///
    /// Datadog then counts traces, tokens and costs of the sampled share only. Traces that a rule keeps are sent. Each
    /// span that is not sent is counted as [`LossReason::Sampling`](crate::LossReason::Sampling).
    ///
    /// Default: `false`, as in the other SDKs: the intake decides what it drops. Environment: none.
    pub fn drop_unsampled(mut self, drop: bool) -> Self {
        self.processing.rules.drop_unsampled = drop;
        self
    }

    /// Keeps traces in which a span failed, although they are not sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_errors(self) -> Self {
        self.keep_if(|span| span.status == Status::Error)
    }

    /// Keeps traces in which a span took at least this long, although they are not sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_slower_than(self, duration: Duration) -> Self {
        self.keep_if(move |span| Duration::from_nanos(span.duration_ns) >= duration)
    }

    /// Keeps traces in which the [`metric::TOTAL_COST`] of a span is at least this many US dollars, although they are not
    /// sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_costlier_than(self, dollars: f64) -> Self {
        self.keep_if(move |span| {
            let cost = span.metrics.get(metric::TOTAL_COST).and_then(serde_json::Number::as_f64);
            cost.is_some_and(|cost| cost >= dollars)
        })
    }

    /// Keeps traces in which a span matches the rule, although they are not sampled. With several rules, one is enough.
    ///
    /// The spans of a trace that is not sampled wait on the exporter's thread until one matches or the root has ended; then
    /// all of them are sent as sampled, or all as not sampled, or not at all with
    /// [`drop_unsampled`](Self::drop_unsampled). When the root is in another process, the first span directly below the
    /// caller that ends takes its place. A trace is decided by what has ended so far on a flush, when
    /// it has waited for five minutes, or when 8192 spans or 16 MiB wait in all, the oldest first. A span that matches is
    /// always sent, also when it ends after that. Spans in other processes are not reached: they carry the decision that
    /// was propagated to them.
    ///
    /// Default: no rule. Environment: none.
    pub fn keep_if(mut self, rule: impl Fn(&SpanEvent) -> bool + Send + Sync + 'static) -> Self {
        self.processing.rules.add(rule);
        self
    }
}
