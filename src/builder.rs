//! The builder: settings in code, above those of the environment.

use std::time::Duration;

use tracing::metadata::LevelFilter;

use crate::config::{ApiKey, Config, Given, Settings, UrlText};
use crate::error::ConfigError;

mod integrations;
mod process;
mod propagation;
mod start;

pub(crate) use start::Parts;

/// Begins to set up the layer and its exporter.
///
/// What is not set in code comes from the environment, which is read when the exporter is started; what neither says
/// has a default. See [`Builder`].
pub fn builder() -> Builder {
    Builder::default()
}

/// Settings of the layer and its exporter.
///
/// Code beats environment, and environment beats default. Texts that are empty or blank are as good as unset. Numbers
/// out of range are replaced by their default, with one warning at start; everything else that is wrong is a
/// [`ConfigError`] at start.
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
    code: Config,
    /// Read early by `from_env`, else at start.
    environment: Option<Config>,
    max_level: Option<LevelFilter>,
    processing: process::Processing,
    pub(crate) parts: Parts,
}

impl Builder {
    /// A builder that has read the environment already.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a variable cannot be used: a site, URL or API key that is none, or a bad name of the
    /// application. What is missing is not missed before start.
    pub fn from_env() -> Result<Self, ConfigError> {
        let environment = Config::from_process();
        environment.check()?;
        Ok(Self { environment: Some(environment), ..Self::default() })
    }

    /// A builder that does not look at the environment, as if no variable were set.
    pub fn without_environment() -> Self {
        Self { environment: Some(Config::default()), ..Self::default() }
    }

    /// Whether anything is captured and sent. If not, the layer is inert: no thread, no socket, and no other setting
    /// is looked at.
    ///
    /// Default: `true`. Environment: `DD_LLMOBS_ENABLED`, which decides if this is not called, and is overruled in
    /// both directions if it is.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.code.enabled = Some(Given::new("enabled", Ok(enabled)));
        self
    }

    /// The name of the LLM application, which a span can replace for itself and its children.
    ///
    /// At most 193 characters: small letters, digits, `_`, `-`, `:`, `.` and `/`; no two underscores in a row, none at
    /// the end; else start fails. Default: the service, else the executable's name, both taken as they are.
    /// Environment: `DD_LLMOBS_ML_APP`.
    pub fn ml_app(mut self, name: impl Into<String>) -> Self {
        self.code.ml_app = text("ml_app", name.into());
        self
    }

    /// The service that every span is tagged with.
    ///
    /// Default: the tag `service` of `DD_TAGS`, else empty. Environment: `DD_SERVICE`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.code.service = text("service", name.into());
        self
    }

    /// The environment that every span is tagged with, for example `prod`.
    ///
    /// Default: the tag `env` of `DD_TAGS`, else empty. Environment: `DD_ENV`.
    pub fn env(mut self, name: impl Into<String>) -> Self {
        self.code.env = text("env", name.into());
        self
    }

    /// The version of the application that every span is tagged with.
    ///
    /// Default: the tag `version` of `DD_TAGS`, else empty. Environment: `DD_VERSION`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.code.version = text("version", version.into());
        self
    }

    /// A tag of every span; a span's own tag of that key wins. Called again with a key, the later value holds.
    ///
    /// Default: none. Environment: `DD_TAGS`, whose other tags stay. A tag with an empty key is left out, with a
    /// warning.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        if !self.code.code_tags.insert(key.into(), value.into()) {
            self.code.keyless_tag = Some("tag");
        }
        self
    }

    /// The Datadog site, for example `datadoghq.eu`; see [`Site`](crate::Site) for what is one.
    ///
    /// Default: `datadoghq.com`. Environment: `DD_SITE`.
    pub fn site(mut self, site: impl Into<String>) -> Self {
        self.code.site = text("site", site.into());
        self
    }

    /// The API key. It is needed to send straight to the intake and is never sent to an agent.
    ///
    /// Visible ASCII, at most 1024 characters; else start fails. Default: none. Environment: `DD_API_KEY`.
    pub fn api_key(mut self, key: impl Into<ApiKey>) -> Self {
        let key = key.into();
        self.code.api_key = (!key.expose().is_empty()).then(|| Given::new("api_key", key));
        self
    }

    /// Whether events go straight to the intake (`true`, which needs an API key) or through a Datadog Agent (`false`).
    ///
    /// Default: the agent is asked when the first events are sent. If it does not answer that it takes them, they go
    /// straight to the intake. Environment: `DD_LLMOBS_AGENTLESS_ENABLED`.
    pub fn agentless(mut self, agentless: bool) -> Self {
        self.code.agentless = Some(Given::new("agentless", Ok(agentless)));
        self
    }

    /// Where the Datadog Agent listens: `http://host:port`, `https://…`, or `unix:///path/of/the/socket`. A path is kept
    /// as a prefix. User names, queries and fragments are refused at start.
    ///
    /// Default: `unix:///var/run/datadog/apm.socket` if that is there, else `http://localhost:8126`. Environment:
    /// `DD_TRACE_AGENT_URL`, or host and port by `DD_TRACE_AGENT_HOSTNAME` or `DD_AGENT_HOST`, and
    /// `DD_TRACE_AGENT_PORT` or `DD_AGENT_PORT`.
    pub fn agent_url(mut self, url: impl Into<String>) -> Self {
        self.code.agent_url = url_text("agent_url", url.into());
        self
    }

    /// Where events go in place of the intake or the agent: `http://…`, `https://…` or `unix://…`.
    ///
    /// Headers and paths stay those of the way that the events take, except that a path in this URL takes the place of
    /// the agent's prefix. Unencrypted and not on this machine, together with an API key, it is refused at start.
    /// Default: none. Environment: `DD_LLMOBS_OVERRIDE_ORIGIN`.
    pub fn override_origin(mut self, url: impl Into<String>) -> Self {
        self.code.override_origin = url_text("override_origin", url.into());
        self
    }

    /// The share of traces that the intake keeps, from 0 (none) to 1 (all). It is decided at the root of a trace, and all
    /// spans are sent with the decision, so that metrics stay exact.
    ///
    /// Default: 1. Environment: `DD_LLMOBS_SAMPLE_RATE`.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        self.code.sample_rate = Some(Given::new("sample_rate", Ok(rate)));
        self
    }

    /// The size in bytes of one event's JSON from which its input and output are left out: 1000 to 10 million.
    ///
    /// Default: 5 million. Environment: `DD_LLMOBS_EVENT_SIZE_BYTES`.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.code.max_event_bytes = Some(Given::new("max_event_bytes", Ok(bytes)));
        self
    }

    /// The size in bytes that a request's body does not exceed: 1000 to 10 million. Agents may refuse more than 5 MiB.
    ///
    /// Default: 5 million. Environment: `DD_LLMOBS_PAYLOAD_SIZE_BYTES`.
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.code.max_payload_bytes = Some(Given::new("max_payload_bytes", Ok(bytes)));
        self
    }

    /// How long a finished span waits for others at most: 1 ms to 1 hour.
    ///
    /// Default: 1 second. Environment: `_DD_LLMOBS_WRITER_INTERVAL`, in seconds.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.code.flush_interval = Some(Given::new("flush_interval", Ok(interval)));
        self
    }

    /// How long one request may take, the connection included: 1 ms to 10 minutes. Connecting alone never takes more
    /// than 2 seconds of it.
    ///
    /// Default: 5 seconds. Environment: `_DD_LLMOBS_WRITER_TIMEOUT`, in seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.code.request_timeout = Some(Given::new("request_timeout", Ok(timeout)));
        self
    }

    /// How long the agent may take to say whether it takes the events: 1 ms to 1 minute.
    ///
    /// Default: 2 seconds. Environment: `DD_TRACE_AGENT_TIMEOUT_SECONDS`.
    pub fn info_timeout(mut self, timeout: Duration) -> Self {
        self.code.info_timeout = Some(Given::new("info_timeout", Ok(timeout)));
        self
    }

    /// How many finished spans may wait to be sent: 1 to 16 777 216. Later ones are refused and counted.
    ///
    /// Default: 131 072. Environment: `DD_LLMOBS_QUEUE_MAX_ITEMS`.
    pub fn queue_max_items(mut self, items: usize) -> Self {
        self.code.queue_max_items = Some(Given::new("queue_max_items", Ok(items)));
        self
    }

    /// How many bytes the finished spans that wait may hold: 1 to 1 GiB. Later ones are refused and counted.
    ///
    /// Default: 128 MiB. Environment: `DD_LLMOBS_QUEUE_MAX_BYTES`.
    pub fn queue_max_bytes(mut self, bytes: usize) -> Self {
        self.code.queue_max_bytes = Some(Given::new("queue_max_bytes", Ok(bytes)));
        self
    }

    /// How many bytes all open spans may hold: 1 to 1 GiB. What exceeds them is refused and counted.
    ///
    /// The requests and answers of calls that `clients` observe count too: beyond half of it an answer is read as it comes,
    /// so that only its texts are held, and beyond three quarters its content is lost ([`Problem::Oversize`](crate::Problem)).
    ///
    /// Default: 64 MiB. Environment: `DD_LLMOBS_OPEN_SPANS_MAX_BYTES`.
    pub fn open_spans_max_bytes(mut self, bytes: usize) -> Self {
        self.code.open_spans_max_bytes = Some(Given::new("open_spans_max_bytes", Ok(bytes)));
        self
    }

    /// How long dropping the guard waits for what is pending, at most 1 hour; zero does not wait.
    ///
    /// Default: 5 seconds. Environment: `DD_LLMOBS_SHUTDOWN_TIMEOUT_SECONDS`.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.code.shutdown_timeout = Some(Given::new("shutdown_timeout", Ok(timeout)));
        self
    }

    /// Whether what `#[instrument]` records is taken over where nothing else is said: the other declared fields of
    /// a span, such as its arguments, as input; the event of `ret` as output; the event of `err` as error.
    ///
    /// An ERROR event with an `error` field that comes from elsewhere marks the span failed in any case.
    ///
    /// Default: `true`. Environment: `DD_LLMOBS_CAPTURE_INSTRUMENT`.
    pub fn capture_instrument(mut self, capture: bool) -> Self {
        self.code.capture_instrument = Some(Given::new("capture_instrument", Ok(capture)));
        self
    }

    /// The most verbose level at which spans and events are looked at.
    ///
    /// It also bounds what the process enables on our account: with the default, a `debug_span!` with `llmobs.*`
    /// fields is not captured, and no callsite below INFO is woken.
    ///
    /// Default: [`LevelFilter::INFO`]. Environment: none.
    pub fn max_level(mut self, level: LevelFilter) -> Self {
        self.max_level = Some(level);
        self
    }

    /// Everything that holds: code over environment over defaults, checked.
    pub(crate) fn settings(self) -> Result<Settings, ConfigError> {
        self.code.over(self.environment.unwrap_or_else(Config::from_process)).resolve()
    }
}

/// A text that says something.
fn text(setting: &'static str, text: String) -> Option<Given<String>> {
    (!text.trim().is_empty()).then(|| Given::new(setting, text))
}

fn url_text(setting: &'static str, url: String) -> Option<Given<UrlText>> {
    (!url.trim().is_empty()).then(|| Given::new(setting, UrlText(url)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;

    /// A builder that looks at no environment but this.
    fn with(environment: &'static [(&str, &str)]) -> Builder {
        let read = |name: &str| environment.iter().find(|(own, _)| *own == name).map(|(_, value)| value.into());
        Builder { environment: Some(Config::from_env(&read)), ..builder() }
    }

    #[test]
    fn code_beats_environment() {
        let environment = &[
            ("DD_LLMOBS_ENABLED", "false"),
            ("DD_LLMOBS_ML_APP", "NOT GOOD"),
            ("DD_SERVICE", "other"),
            ("DD_ENV", "other"),
            ("DD_VERSION", "other"),
            ("DD_TAGS", "team:other"),
            ("DD_SITE", "evil.com"),
            ("DD_API_KEY", "ключ"),
            ("DD_LLMOBS_AGENTLESS_ENABLED", "false"),
            ("DD_TRACE_AGENT_URL", "no"),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", "no"),
            ("DD_LLMOBS_SAMPLE_RATE", "no"),
            ("DD_LLMOBS_EVENT_SIZE_BYTES", "no"),
            ("DD_LLMOBS_PAYLOAD_SIZE_BYTES", "no"),
            ("_DD_LLMOBS_WRITER_INTERVAL", "no"),
            ("_DD_LLMOBS_WRITER_TIMEOUT", "no"),
            ("DD_TRACE_AGENT_TIMEOUT_SECONDS", "no"),
            ("DD_LLMOBS_QUEUE_MAX_ITEMS", "no"),
            ("DD_LLMOBS_QUEUE_MAX_BYTES", "no"),
            ("DD_LLMOBS_OPEN_SPANS_MAX_BYTES", "no"),
            ("DD_LLMOBS_SHUTDOWN_TIMEOUT_SECONDS", "no"),
            ("DD_LLMOBS_CAPTURE_INSTRUMENT", "perhaps"),
        ];
        let names = with(environment).enabled(true).ml_app("app").service("svc").env("e").version("v").tag("team", "a");
        let ways = names.site("datadoghq.eu").api_key("test-key").agentless(true).agent_url("http://a:1");
        let sizes = ways.override_origin("http://[::1]:2").sample_rate(0.5).max_event_bytes(2_000);
        let second = Duration::from_secs(1);
        let times = sizes.max_payload_bytes(3_000).flush_interval(second * 2).request_timeout(second * 3);
        let limits = times.info_timeout(second * 4).queue_max_items(5).queue_max_bytes(6).open_spans_max_bytes(7);
        let settings = limits.shutdown_timeout(second * 8).capture_instrument(false).settings().unwrap();
        assert!(settings.warnings.is_empty(), "what is not used is not warned about: {:?}", settings.warnings);
        assert!(settings.enabled && !settings.capture_instrument && settings.mode == Mode::Agentless);
        let texts = [&settings.ml_app, &settings.service, &settings.env, &settings.version];
        assert_eq!(texts, ["app", "svc", "e", "v"]);
        assert_eq!(settings.code_tags.get("team"), Some("a"));
        let address = settings.override_origin.unwrap().to_string();
        let places = [settings.site.as_str(), &settings.agent.to_string(), &address].map(str::to_owned);
        assert_eq!(places, ["datadoghq.eu", "http://a:1", "http://[::1]:2"]);
        assert_eq!((settings.sample_rate, settings.max_event_bytes, settings.max_payload_bytes), (0.5, 2_000, 3_000));
        assert_eq!((settings.queue_max_items.get(), settings.queue_max_bytes.get()), (5, 6));
        assert_eq!((settings.open_spans_max_bytes.get(), settings.shutdown_timeout), (7, second * 8));
        let times = [settings.flush_interval, settings.request_timeout, settings.info_timeout];
        assert_eq!(times, [second * 2, second * 3, second * 4]);
    }

    #[test]
    fn blank_in_code_is_unset() {
        let environment = &[("DD_LLMOBS_ML_APP", "app"), ("DD_SITE", "datadoghq.eu"), ("DD_API_KEY", "test-key")];
        let blank = with(environment).ml_app(" ").service("").site("").api_key("\n").agent_url("").override_origin(" ");
        let settings = blank.agentless(true).settings().unwrap();
        assert_eq!((settings.ml_app.as_str(), settings.site.as_str()), ("app", "datadoghq.eu"));
        assert!(settings.api_key.is_some() && settings.override_origin.is_none());
    }

    #[test]
    fn an_error_names_the_method() {
        let table = [
            (with(&[]).ml_app("a__b"), "ml_app"),
            (with(&[]).site("evil.com"), "site"),
            (with(&[]).api_key("ключ"), "api_key"),
            (with(&[]).agent_url("a"), "agent_url"),
            (with(&[]).override_origin("a"), "override_origin"),
            (with(&[]).override_origin("http://gw").api_key("test-key"), "override_origin"),
        ];
        for (builder, method) in table {
            let error = builder.settings().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{method} is ")), "{error}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_replaced_and_warned_about() {
        let builder = with(&[]).sample_rate(f64::NAN).max_event_bytes(0).max_payload_bytes(usize::MAX);
        let builder =
            builder.flush_interval(Duration::ZERO).request_timeout(Duration::MAX).info_timeout(Duration::ZERO);
        let builder = builder.queue_max_items(0).queue_max_bytes(0).open_spans_max_bytes(usize::MAX);
        let settings = builder.shutdown_timeout(Duration::MAX).tag(" ", "x").settings().unwrap();
        assert_eq!(settings.warnings.len(), 11, "{:?}", settings.warnings);
        let fresh = with(&[]).settings().unwrap();
        let warnings = Vec::new();
        assert_eq!(format!("{:?}", Settings { warnings, ..settings }), format!("{fresh:?}"));
    }

    #[test]
    fn neither_builder_nor_settings_show_a_secret() {
        let builder =
            with(&[]).api_key("test-key").agent_url("http://user:test-key@h").override_origin("http://h?test-key");
        assert!(!format!("{builder:?} {builder:#?}").contains("test-key"));
        assert!(!format!("{:?}", builder.clone().settings()).contains("test-key"));
        let settings = with(&[("DD_API_KEY", "test-key")]).settings().unwrap();
        assert!(settings.api_key.is_some() && !format!("{settings:?}").contains("test-key"));
    }
}
