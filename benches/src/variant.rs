//! The variants. A process has one: callsite interest and the maximum level are global.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter};
use tracing::Subscriber;
use tracing_llmobs::{Guard, LlmObsLayer};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// The subscriber of the spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// No subscriber at all.
    None,
    /// The registry and a layer that does nothing: what `tracing` itself costs.
    Noop,
    /// The registry and our layer, sending to the sink.
    Ours,
    /// The registry, the layer that does nothing, and ours: for spans that others want.
    OursBeside,
    /// The registry and our layer, disabled.
    Disabled,
    /// The registry, the layer that does nothing, and ours, disabled.
    DisabledBeside,
    /// `tracing-opentelemetry` with the batch processor and an exporter that drops everything.
    Otel,
    /// `tracing_subscriber::fmt` as JSON, a line per closed span, to nowhere.
    FmtJson,
}

impl Variant {
    /// All of them with their names.
    pub const ALL: [(&str, Self); 8] = [
        ("none", Self::None),
        ("noop", Self::Noop),
        ("ours", Self::Ours),
        ("ours-beside", Self::OursBeside),
        ("disabled", Self::Disabled),
        ("disabled-beside", Self::DisabledBeside),
        ("otel", Self::Otel),
        ("fmt-json", Self::FmtJson),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, variant)| *variant == self).map_or("", |(name, _)| name)
    }

    /// Makes it the subscriber of this process; ours sends to `sink`, for example `http://127.0.0.1:9000`.
    pub fn start(self, sink: &str) -> Running {
        let registry = tracing_subscriber::registry();
        let mut running = Running { guard: None, otel: None, exported: Arc::default() };
        match self {
            Self::None => {}
            Self::Noop => registry.with(DoNothing).init(),
            Self::Ours => registry.with(running.ours(sink, true)).init(),
            Self::OursBeside => registry.with(DoNothing).with(running.ours(sink, true)).init(),
            Self::Disabled => registry.with(running.ours(sink, false)).init(),
            Self::DisabledBeside => registry.with(DoNothing).with(running.ours(sink, false)).init(),
            Self::Otel => {
                let processor = BatchSpanProcessor::builder(Drops(Arc::clone(&running.exported))).build();
                let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
                registry.with(tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"))).init();
                running.otel = Some(provider);
            }
            Self::FmtJson => {
                let layer = tracing_subscriber::fmt::layer().json().with_span_events(FmtSpan::CLOSE);
                registry.with(layer.with_writer(std::io::sink)).init();
            }
        }
        running
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, variant)| *variant).ok_or_else(|| format!("no such variant: {text}"))
    }
}

/// A variant that listens.
#[derive(Debug)]
pub struct Running {
    guard: Option<Guard>,
    otel: Option<SdkTracerProvider>,
    exported: Arc<AtomicU64>,
}

impl Running {
    /// Waits until everything so far has left the process.
    ///
    /// # Panics
    ///
    /// When that takes longer than a minute: then there is nothing to measure.
    pub fn flush(&self) {
        if let Some(guard) = &self.guard {
            guard.flush(Duration::from_secs(60)).expect("the sink takes everything");
        }
        if let Some(provider) = &self.otel {
            provider.force_flush().expect("the exporter takes everything");
        }
    }

    /// Spans that were delivered since the start, for the variants that deliver.
    pub fn delivered(&self) -> u64 {
        match &self.guard {
            Some(guard) => guard.handle().stats().delivered,
            None => self.exported.load(Ordering::Relaxed),
        }
    }

    /// The guard of our layer, if this is it.
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    fn ours<S>(&mut self, sink: &str, enabled: bool) -> LlmObsLayer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let builder = tracing_llmobs::Builder::without_environment().enabled(enabled);
        let builder = builder.ml_app("bench-app").service("bench").env("bench").version("1.2.3");
        let builder = builder.agentless(true).api_key("test-key").override_origin(sink);
        let (layer, guard) = builder.start().expect("the settings are good");
        self.guard = enabled.then_some(guard);
        layer
    }
}

/// Wants everything and does nothing.
struct DoNothing;

impl<S: Subscriber> Layer<S> for DoNothing {}

/// Counts spans and drops them.
#[derive(Debug)]
struct Drops(Arc<AtomicU64>);

impl SpanExporter for Drops {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
