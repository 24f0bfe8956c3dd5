//! What may be left out or changed on the way out.

use std::time::Duration;

use super::Builder;
use crate::export::{KeepRules, Processors};
use crate::recording::KindPolicies;
use llmobs_model::{CapturePolicy, SpanEvent, SpanKind, Status, Verdict, metric};

/// The settings of this file.
#[derive(Debug, Clone, Default)]
pub(super) struct Processing {
    pub(super) processors: Processors,
    pub(super) rules: KeepRules,
    pub(super) policies: KindPolicies,
}

impl Builder {
    /// Adds a processor: it sees every span before it is sent, and may change it or take it out. Several are asked in
    /// the order in which they were added. What is not to leave in evaluations and feedback either is for
    /// [`text_processor`](Self::text_processor).
    ///
    /// It returns nothing, a [`Verdict`], or a `Result` of either. When it panics or returns an error the span is lost
    /// and counted; the original never leaves. Ids, parent, kind and sampling decision stay what they are; the tags for
    /// session and error follow what the processor makes of those.
    ///
    /// It runs on the exporter's thread, one span after the other. There it may log and use other crates; spans that it
    /// opens are not captured. While it does not return nothing is sent, but flush and shutdown still end in time.
    ///
    /// Default: none. [`Redactor`](crate::Redactor) (feature `redact`) and [`SizeLimit`](crate::SizeLimit) are ready
    /// to be used. Environment: none.
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

    /// Adds a processor that sees every text before it leaves the process, and may change it: those of spans (see
    /// [`SpanEvent::rewrite_texts`]), and those of evaluations and feedback, which [`processor`](Self::processor) does not
    /// see: label, value (a score stays), reasoning, metadata, tags, submitter, and the tag, session or key that they are
    /// joined by.
    ///
    /// It returns what a processor may return, and stands among them in the order in which they were added. When it
    /// panics, returns an error or [`Verdict::Drop`] for one text, the whole span, evaluation or feedback is lost and
    /// counted; so is an evaluation that is not valid any more, for example because its label has become empty.
    ///
    /// Default: none. [`Redactor`](crate::Redactor) (feature `redact`) is ready to be used. Environment: none.
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

    /// Bounds what leaves the process of spans of this kind; a span's own policy can only be stricter.
    ///
    /// Default: [`CapturePolicy::All`] for every kind. Environment: none. See [`CapturePolicy`].
    pub fn capture_policy(mut self, kind: SpanKind, policy: CapturePolicy) -> Self {
        self.processing.policies.bound(kind, policy);
        self
    }

    /// Whether spans of traces that are not sampled stay here, instead of being sent with that decision.
    ///
    /// Datadog's own numbers of traces, tokens and costs are then those of the sampled share. What the rules below keep
    /// is sent. Each span that stays here is counted as [`LossReason::Sampling`](crate::LossReason::Sampling).
    ///
    /// Default: `false`, as in the other SDKs: the intake decides what it forgets. Environment: none.
    pub fn drop_unsampled(mut self, drop: bool) -> Self {
        self.processing.rules.drop_unsampled = drop;
        self
    }

    /// Keeps traces in which a span failed, although they are not sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_errors(self) -> Self {
        self.keep_if(|span| span.status == Status::Error)
    }

    /// Keeps traces in which a span took that long, although they are not sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_slower_than(self, duration: Duration) -> Self {
        self.keep_if(move |span| Duration::from_nanos(span.duration_ns) >= duration)
    }

    /// Keeps traces in which a span says with [`metric::TOTAL_COST`] that it cost so many US dollars, although they are
    /// not sampled; see [`keep_if`](Self::keep_if).
    pub fn keep_costlier_than(self, dollars: f64) -> Self {
        self.keep_if(move |span| {
            let cost = span.metrics.get(metric::TOTAL_COST).and_then(serde_json::Number::as_f64);
            cost.is_some_and(|cost| cost >= dollars)
        })
    }

    /// Keeps traces in which a span fits the rule, although they are not sampled. Several rules: one is enough.
    ///
    /// The spans of a trace that is not sampled wait on the exporter's thread until one fits or the root has ended; then
    /// all of them are sent as sampled, or all as not sampled, or not at all with
    /// [`drop_unsampled`](Self::drop_unsampled). When the root is in another process, the first span directly below the
    /// caller that ends stands for it. A trace is decided by what has ended so far when somebody flushes, when
    /// it has waited for five minutes, or when 8192 spans or 16 MiB wait in all, the oldest first. A span that fits is
    /// always sent, also when it ends after that. Spans in other processes are not reached: they have the decision that
    /// was passed on to them.
    ///
    /// Default: no rule. Environment: none.
    pub fn keep_if(mut self, rule: impl Fn(&SpanEvent) -> bool + Send + Sync + 'static) -> Self {
        self.processing.rules.add(rule);
        self
    }
}
