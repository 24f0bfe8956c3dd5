//! The builder itself, and the methods that have no row in the table of settings.

use tracing::metadata::LevelFilter;

use super::{process, start};
use crate::carriers::{Carrier, Exporter};
use crate::config::{Config, Given, Settings};
use crate::diagnostics::StderrLog;
use crate::error::ConfigError;
use crate::export::SpoolFolder;

/// Creates a [`Builder`], which sets up the layer and its exporter.
///
/// The environment supplies what is not set in code; it is read when the exporter is started. Everything has a default.
pub fn builder() -> Builder {
    Builder::default()
}

/// Settings of the layer and its exporter.
///
/// Code beats environment, and environment beats default. Texts that are empty or blank count as not set. A number out
/// of range is replaced by its default, with one warning at start; every other mistake is a [`ConfigError`] at start.
///
/// # Example
///
/// ```
/// let settings = tracing_llmobs::builder().ml_app("my-app").env("staging").tag("team", "search").api_key("test-key");
/// assert!(!format!("{settings:?}").contains("test-key"));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens until it is started"]
pub struct Builder {
    pub(super) code: Config,
    /// Read early by `from_env`, else at start.
    pub(super) environment: Option<Config>,
    pub(super) max_level: Option<LevelFilter>,
    pub(super) processing: process::Processing,
    /// The destination in place of the intake.
    pub(super) carrier: Option<Carrier>,
    pub(super) spool: Option<SpoolFolder>,
    pub(crate) parts: start::Parts,
}

impl Builder {
    /// Creates a builder and reads the environment now, so that a mistake in it is found early.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a variable cannot be used, for example a site, URL or API key. Settings that are missing are
    /// reported at start, since code can still add them.
    pub fn from_env() -> Result<Self, ConfigError> {
        let environment = Config::from_process();
        environment.check()?;
        Ok(Self { environment: Some(environment), ..Self::default() })
    }

    /// Creates a builder that ignores the environment, as if no variable were set.
    pub fn without_environment() -> Self {
        Self { environment: Some(Config::default()), ..Self::default() }
    }

    /// Names the LLM application, as [`ml_app`](Self::ml_app) does, and wins over it.
    ///
    /// Datadog's documents call the application of Agent Observability an *agent service* now; the intake still takes the
    /// name as `ml_app`. Environment: `DD_LLMOBS_ML_APP`, as in Datadog's Python SDK.
    pub fn agent_service(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.code.rest.agent_service = (!name.trim().is_empty()).then(|| Given::new("agent_service", name));
        self
    }

    /// Adds a tag to every span; a span's own tag with that key wins. A second call with the same key replaces the first.
    ///
    /// A tag with an empty key is left out, with a warning.
    ///
    /// Default: none. Environment: `DD_TAGS`, whose other tags stay.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if !self.code.rest.tags.insert(key.into(), value.into()) {
            self.code.rest.has_keyless_tag = true;
        }
        self
    }

    /// Hands batches to this exporter instead of sending them to the intake or an Agent: a message broker, files
    /// ([`FileOutput`](crate::FileOutput)), another protocol.
    ///
    /// Queue, batches, repeated attempts, ledger, flush and shutdown stay as they are. Settings about the intake and the
    /// Agent (API key, site, URLs) have no effect then. One layer has one destination; for two start two layers, each with
    /// its own ledger.
    ///
    /// Default: the intake or an Agent. Environment: none.
    pub fn exporter(mut self, exporter: impl Exporter) -> Self {
        self.carrier = Some(Carrier::new(exporter));
        self.code.rest.has_exporter = true;
        self
    }

    /// Keeps batches in this folder until they are delivered or lost, so that they outlive the process: after a crash, a
    /// kill, or a shutdown during an outage the next process with this folder sends them, at most 24 hours later.
    ///
    /// **Prompts then lie on disk in clear**, in files with mode 0600 in a folder with mode 0700; the API key never does.
    /// What is delivered is deleted. A batch may arrive twice when the process is killed between its delivery and the note
    /// of it. One process owns the folder; another one that names it goes on without a spool, with a warning, as it does
    /// when the folder cannot be used or other users may enter it. A disk that is full, fails or is too slow costs the
    /// spool ([`Problem::Spool`](crate::Problem::Spool)) and nothing else.
    ///
    /// Default: none. Environment: none. `spool_max_bytes` bounds it.
    #[cfg(feature = "spool")]
    pub fn spool(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        let max_bytes = self.spool.map_or(DEFAULT_SPOOL_BYTES, |spool| spool.max_bytes);
        self.spool = Some(SpoolFolder { path: folder.into(), max_bytes });
        self
    }

    /// Sets how many bytes the [`spool`](Self::spool) may hold, if there is one. What does not fit is kept in memory only.
    ///
    /// Default: 256 MiB. Environment: none.
    #[cfg(feature = "spool")]
    pub fn spool_max_bytes(mut self, bytes: u64) -> Self {
        self.spool = self.spool.map(|spool| SpoolFolder { max_bytes: bytes, ..spool });
        self
    }

    /// Prints warnings of this crate on stderr always (`true`) or never (`false`).
    ///
    /// Without this, they are printed only if no layer of the process listens to the target `tracing_llmobs`, so that a
    /// wrong key or an unreachable Agent does not go unnoticed. `true` is for processes whose layers listen to everything and
    /// print nothing. The lines contain no prompts, responses or keys, and are rare.
    ///
    /// Default: a last resort, as above. Environment: `DD_LLMOBS_STDERR`: `last-resort`, `always` or `never`.
    pub fn stderr(mut self, print: bool) -> Self {
        let rule = if print { StderrLog::Always } else { StderrLog::Never };
        self.code.stderr = Some(Given::new("stderr", Ok(rule)));
        self
    }

    /// Sets the most verbose level at which spans and events are captured.
    ///
    /// It also bounds what the process enables for this layer: with the default, a `debug_span!` with `llmobs.*` fields is
    /// not captured, and no callsite below INFO is enabled.
    ///
    /// Default: [`LevelFilter::INFO`]. Environment: none.
    pub fn max_level(mut self, level: LevelFilter) -> Self {
        self.max_level = Some(level);
        self
    }

    /// Resolves code over environment over defaults, and checks the result.
    pub(crate) fn settings(self) -> Result<Settings, ConfigError> {
        self.code.over(self.environment.unwrap_or_else(Config::from_process)).resolve()
    }
}

#[cfg(feature = "spool")]
const DEFAULT_SPOOL_BYTES: u64 = 256 << 20;
