//! The span of one request and its response.

use tracing::Span;
use tracing::field::Empty;
use tracing_llmobs::observe::{DeferredAnnotation, without_url_secrets};
use tracing_llmobs::{Annotation, LlmObsSpanExt, SpanContext, SpanError, fields};

/// The span of a request that is under way. It ends once: with the response, or when nobody waits for one any more.
#[derive(Debug)]
pub(crate) struct RequestSpan {
    span: Span,
    /// The span is recorded and has not ended.
    is_open: bool,
}

impl RequestSpan {
    /// Opens a span inside the current one. `describe` returns its kind, name and tags, and runs only if the span is
    /// recorded; so do the closures of the other methods.
    pub(crate) fn begin(describe: impl FnOnce() -> Annotation) -> Self {
        Self::begin_below(|| None, describe)
    }

    /// Opens a span below a span of another process, if `parent` returns one.
    pub(crate) fn begin_below(
        parent: impl FnOnce() -> Option<SpanContext>,
        describe: impl FnOnce() -> Annotation,
    ) -> Self {
        let (span, is_open) = open(parent, describe);
        Self { span, is_open }
    }

    /// Returns the span to do the work in. Callers instrument their future where they await it: handing it on to a method
    /// of this type would double its size.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Adds to the span.
    pub(crate) fn annotate(&self, annotation: impl FnOnce() -> DeferredAnnotation) {
        if self.is_open {
            annotation().apply_to(&self.span);
        }
    }

    /// Adds the response to the span, and ends it.
    pub(crate) fn end(mut self, response: impl FnOnce() -> DeferredAnnotation) {
        if self.is_open {
            self.close(response());
        }
    }

    fn close(&mut self, last: DeferredAnnotation) {
        self.is_open = false;
        last.apply_to(&self.span);
        self.span.finish();
    }
}

impl Drop for RequestSpan {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let error = if std::thread::panicking() {
            SpanError::new("the program panicked before there was a response").error_type("panic")
        } else {
            SpanError::new("nobody waits for the response any more").error_type(CANCELLED)
        };
        self.close(Annotation::new().span_error(error).into());
    }
}

/// Opens a span inside the current one, or below a span of another process. Returns whether it is recorded.
pub(crate) fn open(
    parent: impl FnOnce() -> Option<SpanContext>,
    describe: impl FnOnce() -> Annotation,
) -> (Span, bool) {
    let span = tracing::info_span!(target: "tracing_llmobs_rmcp", "mcp", { fields::KIND } = Empty);
    let is_recorded = DeferredAnnotation::is_recorded(&span);
    if is_recorded {
        if let Some(parent) = parent() {
            span.set_llmobs_parent(parent);
        }
        span.annotate(describe());
    }
    (span, is_recorded)
}

/// Describes the error of a client. Transports name the URL that they did not reach, with the secrets in it.
pub(crate) fn failed<E: std::error::Error>(error: &E) -> DeferredAnnotation {
    Annotation::new().span_error(without_url_secrets(SpanError::from_error(error))).into()
}

/// The error type of a cancelled request.
pub(crate) const CANCELLED: &str = "Cancelled";

#[cfg(test)]
mod tests {
    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn without_a_layer_no_closure_runs() {
        let others = tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_writer(std::io::sink));
        for subscriber in [tracing::Dispatch::none(), tracing::Dispatch::new(others)] {
            tracing::dispatcher::with_default(&subscriber, || {
                let request = RequestSpan::begin_below(|| panic!("asked for a parent"), || panic!("asked for a name"));
                request.annotate(|| panic!("asked for the input"));
                request.end(|| panic!("asked for the output"));
            });
        }
    }

    #[test]
    fn the_error_of_a_client_leaves_out_the_secrets_of_its_url() {
        let error = std::io::Error::other("error for url (https://user:p@host/mcp?token=k)");
        let annotation = failed(&error);
        let message = annotation.known().error.as_ref().map(|error| error.message.as_str());
        assert_eq!(message, Some("error for url (https://host/mcp?…)"));
    }
}
