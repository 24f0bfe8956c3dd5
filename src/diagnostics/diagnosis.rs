//! The things that the log asks of the rest of the process.

use super::listener::StderrLog;

/// The things that the log asks of the rest of the process.
pub(crate) struct Diagnosis {
    /// Warnings about the configuration.
    pub(crate) warnings: Vec<String>,
    pub(crate) stderr: StderrLog,
    /// The name of the LLM application.
    pub(crate) ml_app: String,
    /// Notes what hides spans from the layer. It asks the subscriber, so it runs on the thread that logs.
    pub(crate) inspect: Box<dyn Fn() + Send>,
    /// Returns whether spans have started or ended after the exporter has stopped; `None` when the layer is gone.
    pub(crate) has_late_spans: Box<dyn Fn() -> Option<bool> + Send>,
}

impl std::fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnosis").field("warnings", &self.warnings).finish_non_exhaustive()
    }
}
