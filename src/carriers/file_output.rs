//! Batches as lines of files, for carriers that follow files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::exporter::{ExportOutcome, Exporter};
use super::json_lines::{DEFAULT_LIMITS, JsonLines, Limits};
use super::request::{ExportRequest, ExportRoute};

/// An [`Exporter`] that writes one envelope a line to files, which Vector, Fluent Bit, syslog-ng or an own program carries
/// on.
///
/// Spans go to `spans.jsonl` in the folder, evaluations and feedback to `evaluations.jsonl`. A full file is renamed to
/// `spans.<unix milliseconds>-<number>.jsonl`. A batch is counted as delivered once the operating system has taken all of
/// its lines; while it does not (the disk is full, the folder is gone), the batch stays in the queue and is tried again.
/// Lines are whole: what a killed process left unfinished is removed when the file is opened again.
///
/// The files hold prompts in clear. They are created with mode 0600, the folder with 0700. The API key is never written.
/// Each process needs a folder of its own. `docs/carriers.md` in the repository has configurations for carriers.
///
/// # Example
///
/// ```no_run
/// use tracing_llmobs::FileOutput;
/// use tracing_subscriber::prelude::*;
///
/// # fn main() -> Result<(), tracing_llmobs::ConfigError> {
/// let files = FileOutput::new("/var/spool/bike-shop").max_bytes(16 << 20).max_files(8);
/// let (layer, _guard) = tracing_llmobs::builder().ml_app("bike-shop").exporter(files).start()?;
/// tracing_subscriber::registry().with(layer).init();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileOutput {
    files: Arc<Mutex<Files>>,
    limits: Limits,
}

#[derive(Debug)]
struct Files {
    spans: JsonLines,
    evaluations: JsonLines,
}

impl FileOutput {
    /// Creates an output in this folder, which is created with the first batch if it is not there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let (spans, evaluations) = (JsonLines::new(folder.clone(), "spans"), JsonLines::new(folder, "evaluations"));
        Self { files: Arc::new(Mutex::new(Files { spans, evaluations })), limits: DEFAULT_LIMITS }
    }

    /// Sets the size beyond which a file is renamed and a new one begun. A batch is never spread over two files.
    ///
    /// Default: 64 MiB.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the age after which a file is renamed, when the next batch comes.
    ///
    /// Default: one hour.
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.limits.age = age;
        self
    }

    /// Sets how many full files are kept for each route; the oldest are deleted, whether a carrier has read them or not.
    ///
    /// Default: 16.
    pub const fn max_files(mut self, files: usize) -> Self {
        self.limits.files = files;
        self
    }
}

impl Exporter for FileOutput {
    async fn export(&self, request: ExportRequest) -> ExportOutcome {
        let (files, limits) = (Arc::clone(&self.files), self.limits);
        // A disk may hang, and the exporter's thread must not.
        let written = tokio::task::spawn_blocking(move || write(&files, &request, &limits)).await;
        match written {
            Ok(Ok(())) => ExportOutcome::Delivered,
            Ok(Err(error)) => ExportOutcome::retry(error),
            Err(error) => ExportOutcome::retry(error),
        }
    }
}

fn write(files: &Mutex<Files>, request: &ExportRequest, limits: &Limits) -> std::io::Result<()> {
    let mut lines = Vec::with_capacity(request.body().len().saturating_add(request.items()));
    for envelope in request.envelopes() {
        lines.extend_from_slice(&envelope);
        lines.push(b'\n');
    }
    match request.route() {
        ExportRoute::Spans => files.lock().spans.append(&lines, limits),
        ExportRoute::Evaluations => files.lock().evaluations.append(&lines, limits),
    }
}
