//! One request and its answer, as a span.

use tracing::Span;
use tracing::field::Empty;

use super::super::secrets::without_secrets;
use crate::capture::annotate_recorded;
use crate::capture::{LlmObsSpanExt, find};
use crate::fields;
use crate::recording::RecordedAnnotation;
use llmobs_model::{SpanContext, SpanError};

/// A request that is under way. Its span ends once: with the answer, or when nobody waits for one any more.
#[derive(Debug)]
pub(super) struct Exchange {
    span: Span,
    /// Somebody listens, and it has not ended.
    is_open: bool,
}

impl Exchange {
    /// Opens the span of a request inside the current one.
    pub(super) fn begin(say: impl FnOnce() -> RecordedAnnotation) -> Self {
        Self::begin_below(|| None, say)
    }

    /// The same below a span of another process. Nobody is asked for anything where nobody listens.
    pub(super) fn begin_below(
        parent: impl FnOnce() -> Option<SpanContext>,
        say: impl FnOnce() -> RecordedAnnotation,
    ) -> Self {
        let (span, is_open) = open(parent, say);
        Self { span, is_open }
    }

    /// What the work is to be done in. It is instrumented where it is awaited: a future that is handed on takes twice the room.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Says more about the request, if somebody listens.
    pub(super) fn say(&self, say: impl FnOnce() -> RecordedAnnotation) {
        if self.is_open {
            annotate_recorded(&self.span, say());
        }
    }

    /// Ends the span with what is told last.
    pub(super) fn end(mut self, tell: impl FnOnce() -> RecordedAnnotation) {
        if self.is_open {
            self.close(tell());
        }
    }

    fn close(&mut self, said: RecordedAnnotation) {
        self.is_open = false;
        annotate_recorded(&self.span, said);
        self.span.finish();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let error = if std::thread::panicking() {
            SpanError::new("the program panicked before there was an answer").error_type("panic")
        } else {
            SpanError::new("nobody waits for the answer any more").error_type(CANCELLED)
        };
        self.close(RecordedAnnotation::new().span_error(error));
    }
}

/// A span inside the current one or below one elsewhere, and whether somebody listens; if nobody does, nothing is asked for.
pub(super) fn open(
    parent: impl FnOnce() -> Option<SpanContext>,
    say: impl FnOnce() -> RecordedAnnotation,
) -> (Span, bool) {
    let span = tracing::info_span!(target: TARGET, "mcp", { fields::KIND } = Empty);
    let is_seen = find(&span, |_, _, _| ()).is_some();
    if is_seen {
        if let Some(parent) = parent() {
            span.set_llmobs_parent(parent);
        }
        annotate_recorded(&span, say());
    }
    (span, is_seen)
}

/// The error of a client. Transports name the URL that they did not reach, with what is secret in it.
pub(super) fn failed<E: std::error::Error>(error: &E) -> RecordedAnnotation {
    RecordedAnnotation::new().span_error(without_secrets(SpanError::from_error(error)))
}

/// The type of the error of what was cancelled.
pub(super) const CANCELLED: &str = "Cancelled";
const TARGET: &str = "tracing_llmobs::clients";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_listens_nobody_is_asked() {
        let everything = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let others = tracing_subscriber::layer::SubscriberExt::with(tracing_subscriber::registry(), everything);
        for subscriber in [tracing::Dispatch::none(), tracing::Dispatch::new(others)] {
            tracing::dispatcher::with_default(&subscriber, || {
                let exchange = Exchange::begin_below(|| panic!("asked for a parent"), || panic!("asked for a name"));
                exchange.say(|| panic!("asked for the input"));
                exchange.end(|| panic!("asked for the output"));
            });
        }
    }

    #[test]
    fn of_a_url_that_a_client_did_not_reach_nothing_secret_is_told() {
        let error = std::io::Error::other("error for url (https://user:p@host/mcp?token=k)");
        let said = failed(&error).error.clone();
        assert_eq!(said.map(|error| error.message).as_deref(), Some("error for url (https://host/mcp?…)"));
    }
}
