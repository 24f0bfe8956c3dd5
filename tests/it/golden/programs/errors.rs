//! Spans that failed.

use std::error::Error;
use std::fmt;

use tracing::info_span;
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _, SpanError};

pub(in super::super) fn returned(_: &Handle) {
    fn fails() -> Result<(), Failure> {
        let span = info_span!("fails", llmobs.kind = "workflow");
        span.annotate(Annotation::new().input("in"));
        let failure = Failure::new("boom: it failed");
        span.annotate(Annotation::new().error(&failure));
        Err(failure)
    }
    assert!(fails().is_err());
}

pub(in super::super) fn of_many_forms(_: &Handle) {
    let go = |name: &str, failure: &Failure| {
        let span = info_span!("step", llmobs.kind = "task", llmobs.name = name);
        span.annotate(Annotation::new().error(failure));
    };
    go("no_message", &Failure::new(""));
    go("own_class", &Failure::new("mine"));
    go("unicode", &Failure::new("\u{65e5}\u{672c} \u{1F600}"));
    go("long", &Failure::new("x".repeat(6000)));
    go("chained", &Failure { message: "outer".to_owned(), source: Some(Box::new(Failure::new("inner"))) });
    let by_hand = info_span!("by_hand", llmobs.kind = "task");
    by_hand.annotate(Annotation::new().span_error(SpanError::default()));
    let by_hand = info_span!("by_hand_tags", llmobs.kind = "task");
    let error = SpanError::new("hand message").error_type("HandType").stack("hand stack");
    by_hand.annotate(Annotation::new().span_error(error));
}

#[derive(Debug)]
struct Failure {
    message: String,
    source: Option<Box<Self>>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_deref()?)
    }
}
