//! Settings from the environment.

use tracing::info_span;
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _};

pub(super) type Variables = &'static [(&'static str, &'static str)];

pub(in super::super) const DEFAULT: Variables = &[
    ("DD_LLMOBS_ENABLED", "1"),
    ("DD_LLMOBS_ML_APP", "golden-app"),
    ("DD_SERVICE", "golden-service"),
    ("DD_ENV", "golden-env"),
    ("DD_VERSION", "1.2.3"),
];

pub(in super::super) const DISABLED: Variables =
    &[("DD_LLMOBS_ENABLED", "0"), ("DD_LLMOBS_ML_APP", "golden-app"), ("DD_API_KEY", "test-key")];

pub(in super::super) const TAGS: Variables = &[
    ("DD_TAGS", "team:ml,region:eu"),
    ("DD_LLMOBS_ML_APP", "golden-app"),
    ("DD_SERVICE", "svc"),
    ("DD_ENV", "prod"),
    ("DD_VERSION", "9.9"),
    ("DD_API_KEY", "test-key"),
];

pub(in super::super) const NO_ML_APP: Variables =
    &[("DD_SERVICE", "golden-service"), ("DD_ENV", "golden-env"), ("DD_VERSION", "1.2.3"), ("DD_API_KEY", "test-key")];

pub(in super::super) const NO_NAMES: Variables = &[("DD_API_KEY", "test-key")];

pub(in super::super) fn disabled(_: &Handle) {
    let span = info_span!("t", llmobs.kind = "task");
    assert!(!span.annotate(Annotation::new().input("x")), "there is nothing to annotate");
}
