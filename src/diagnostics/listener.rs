//! The listeners of our log events: the subscriber of the process, or stderr.

use std::io::Write as _;

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

use super::announcement::TARGET;
use llmobs_model::contain;

/// The rule for lines on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd)]
pub(crate) enum StderrLog {
    /// Warnings are printed if no layer of the process listens to the target `tracing_llmobs`.
    #[default]
    LastResort,
    /// Warnings are printed and logged, because a layer may listen without showing anything.
    Always,
    /// No line is printed.
    Never,
}

/// The places that one warning goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listener {
    is_log: bool,
    is_stderr: bool,
}

impl Listener {
    /// Returns the listener of this moment; `None` if nobody listens.
    ///
    /// It is asked each time: a subscriber is often installed only after the layer was made for it.
    pub(super) fn find(rule: StderrLog) -> Option<Self> {
        let is_log = is_enabled(tracing::Level::WARN);
        let is_stderr = match rule {
            StderrLog::LastResort => !is_log,
            StderrLog::Always => true,
            StderrLog::Never => false,
        };
        (is_log || is_stderr).then_some(Self { is_log, is_stderr })
    }

    /// Emits the event, prints the line, or both.
    pub(super) fn warn(self, event: impl FnOnce(), line: impl FnOnce() -> String) {
        if self.is_log {
            let _ = contain(event);
        }
        if self.is_stderr {
            // A closed stderr is no reason to panic, and there is nobody left to tell.
            let _ = writeln!(std::io::stderr().lock(), "tracing-llmobs: {}", line());
        }
    }
}

/// Returns `true` if a layer of the process enables our target at this level. User code decides that, and may panic.
pub(super) fn is_enabled(level: tracing::Level) -> bool {
    contain(|| match level {
        tracing::Level::WARN => tracing::enabled!(target: TARGET, tracing::Level::WARN),
        tracing::Level::INFO => tracing::enabled!(target: TARGET, tracing::Level::INFO),
        _ => tracing::enabled!(target: TARGET, tracing::Level::DEBUG),
    })
    .unwrap_or(false)
}

/// Returns whether the process has a subscriber.
pub(super) fn has_subscriber() -> bool {
    contain(|| tracing::dispatcher::get_default(|dispatch: &Dispatch| !dispatch.is::<NoSubscriber>())).unwrap_or(false)
}
