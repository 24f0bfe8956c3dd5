//! The wiring: the only file that names every room.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use tracing::Subscriber;
use tracing::metadata::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::Builder;
use crate::capture::{Capture, CaptureLayer, FieldSelection, LlmObsLayer, Options, Outbound};
use crate::clock::Clock;
use crate::config::{ConfigWarning, Settings, Tuning};
use crate::diagnostics::{Diagnosis, StderrLog};
use crate::error::ConfigError;
use crate::export::{Assembler, Exporter, Sink, Tail, Transport};
use crate::guard::Guard;
use crate::queue::{Limits, Queue};
use crate::recording::CapturedItem;
use crate::recording::IdSource;
use crate::stats::LossReason;
use llmobs_model::Tags;

/// The parts that tests replace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    /// Keeps items in this process instead of sending them.
    pub(crate) memory: Option<mpsc::Sender<CapturedItem>>,
}

impl Builder {
    /// Starts the exporter's thread and returns the layer and the guard that keeps the exporter alive.
    ///
    /// A disabled layer is `None`, and its guard has nothing to wait for.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], when a setting cannot be used or the thread cannot be started. Nothing runs then.
    pub fn start<S>(self) -> Result<(LlmObsLayer<S>, Guard), ConfigError>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some((capture, shutdown_timeout)) = self.pipeline()? else { return Ok((None, Guard::inert())) };
        let layer = CaptureLayer::new(Arc::clone(&capture));
        let filter = capture.filter();
        let guard = Guard::new(capture, shutdown_timeout);
        Ok((Some(layer.with_filter(filter)), guard))
    }

    /// Creates the rooms, connects them, and starts the worker; `None` when disabled.
    fn pipeline(self) -> Result<Option<(Arc<Capture>, Duration)>, ConfigError> {
        let (parts, processing, carrier) = (self.parts.clone(), self.processing.clone(), self.carrier.clone());
        let spool = self.spool.clone();
        let max_level = self.max_level.unwrap_or(LevelFilter::INFO);
        let settings = self.settings()?;
        if !settings.enabled {
            return Ok(None);
        }
        // A recorder of tests keeps its spans in memory: there is nothing that an operator could act on.
        let stderr = if parts.memory.is_some() { StderrLog::Never } else { settings.stderr };
        let queue = Arc::new(Queue::new(limits(&settings)));
        let ml_app: Arc<str> = settings.ml_app.as_str().into();
        let conventions = settings.integrations;
        let selection = FieldSelection { capture_instrument: settings.capture_instrument, conventions };
        let sink = match (parts.memory, carrier) {
            (Some(events), _) => Sink::Memory(events),
            (None, Some(carrier)) => {
                Sink::Intake(Box::new(Transport::to_carrier(carrier, settings.tuning.request_timeout)))
            }
            (None, None) => Sink::Intake(Box::new(Transport::new(&settings)?)),
        };
        let exporter = Exporter {
            queue: Arc::clone(&queue),
            assembler: Assembler::new(base_tags(&settings), settings.ml_app, Arc::clone(&queue))
                .policies(processing.policies)
                .json_in_strings(settings.json_in_strings),
            processors: processing.processors,
            tail: Tail::new(processing.rules),
            clock: parts.clock.clone(),
            flush_interval: settings.tuning.flush_interval,
            max_event_bytes: settings.tuning.max_event_bytes,
            max_payload_bytes: settings.tuning.max_payload_bytes,
            evaluation_source: settings.evaluation_source,
            spool,
            hide_secrets: settings.hide_secrets,
        };
        let options = Options {
            selection,
            clock: parts.clock,
            ids: parts.ids,
            sample_rate: settings.tuning.sample_rate,
            policies: processing.policies,
            ml_app,
            outbound: Outbound { mark_tasks: settings.proxies.mark_calls, proxy_urls: settings.proxies.urls },
            open_max_bytes: settings.tuning.open_spans_max_bytes,
            max_level,
            executable: settings.executable,
        };
        let capture = Arc::new(Capture::new(queue, options));
        exporter.start(sink, diagnosis(&settings.warnings, stderr, &capture))?;
        Ok(Some((capture, settings.tuning.shutdown_timeout)))
    }
}

/// Returns what the log needs to know. A recorder of tests does not look at the process that it is in.
fn diagnosis(warnings: &[ConfigWarning], stderr: StderrLog, capture: &Arc<Capture>) -> Diagnosis {
    let ml_app = capture.services.ml_app.to_string();
    // The thread that logs must not keep the layer alive.
    let capture = Arc::downgrade(capture);
    let late = std::sync::Weak::clone(&capture);
    let has_late_spans = move || {
        let stats = late.upgrade()?.services.queue.stats();
        Some(stats.open_spans > 0 || stats.lost(LossReason::Closed) > 0)
    };
    let inspect = move || {
        if let Some(capture) = capture.upgrade() {
            capture.inspect_filters();
        }
    };
    let warnings = warnings.iter().map(ToString::to_string).collect();
    let (inspect, has_late_spans) = (Box::new(inspect), Box::new(has_late_spans));
    Diagnosis { warnings, stderr, ml_app, inspect, has_late_spans }
}

fn limits(settings: &Settings) -> Limits {
    let number = |setting: usize| u64::try_from(setting).unwrap_or(u64::MAX);
    let Tuning { queue_max_items, queue_max_bytes, .. } = settings.tuning;
    let (max_items, max_bytes) = (number(queue_max_items), number(queue_max_bytes));
    Limits {
        max_items,
        max_bytes,
        wake_bytes: WAKE_BYTES.min(max_bytes / 2),
        wake_items: WAKE_ITEMS.min(max_items.div_ceil(2)),
    }
}

/// Returns the tags of every span: those of `DD_TAGS`, replaced by those with a setting of their own, replaced by those of
/// [`Builder::tag`].
fn base_tags(settings: &Settings) -> Tags {
    let mut tags = settings.tags.clone();
    for (key, value) in
        [("source", "integration"), ("language", "rust"), ("ddtrace.version", env!("CARGO_PKG_VERSION"))]
    {
        tags.insert(key, value);
    }
    for (key, value) in [("service", &settings.service), ("env", &settings.env), ("version", &settings.version)] {
        tags.insert(key, value.clone());
    }
    tags.extend(&settings.code_tags);
    tags
}

/// The worker is woken when this much waits, and otherwise by its timer.
const WAKE_BYTES: u64 = 512 * 1024;
const WAKE_ITEMS: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn tags_of_the_environment_are_below_settings_and_those_of_the_code_above() {
        let listed = "env:staging,source:x,service:t,team:a,region:eu";
        let environment = Config::from_env(&|name| (name == "DD_TAGS").then(|| listed.into()));
        let builder = Builder { environment: Some(environment), ..Builder::default() };
        let settings = builder.ml_app("app").env("prod").tag("team", "b").settings().unwrap();
        let tags = base_tags(&settings);
        let expected = [("env", "prod"), ("source", "integration"), ("service", "t"), ("team", "b"), ("region", "eu")];
        for (key, value) in expected {
            assert_eq!(tags.get(key), Some(value), "{key}");
        }
    }
}
