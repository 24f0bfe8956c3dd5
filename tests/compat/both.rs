//! Our layer and that of `tracing-opentelemetry` in one subscriber.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_llmobs::testing::{self, Recorder};
use tracing_subscriber::prelude::*;

/// The events that Python and Rust made of a program.
pub(crate) struct Both {
    pub(crate) recorder: Recorder,
    pub(crate) spans: Vec<SpanData>,
}

/// Runs the program below both layers; the first one is closer to the registry.
pub(crate) fn run(ours_first: bool, program: impl FnOnce()) -> Both {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let tracer = provider.tracer("test");
    let recorder = if ours_first {
        let (layer, recorder) = testing::recorder();
        let otel = tracing_opentelemetry::layer().with_tracer(tracer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(otel), program);
        recorder
    } else {
        let (layer, recorder) = testing::recorder();
        let otel = tracing_opentelemetry::layer().with_tracer(tracer);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(otel).with(layer), program);
        recorder
    };
    Both { recorder, spans: exporter.get_finished_spans().unwrap() }
}
