//! From what was said to what holds.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::address::{self, Address, HAS_TLS, UrlText};
use super::declared::Config;
use super::given::{ConfigWarning, Given, Read, excerpt};
use super::limits::{self, Range};
use super::site::{ApiKey, Site};
use super::{env, integrations, ml_app};
use crate::error::ConfigError;
use crate::recording::Gateways;
use crate::vocabulary::Vocabularies;
use llmobs_model::Tags;

/// Which way the events take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Through the agent if one answers that it takes them, else straight to the intake.
    Auto,
    /// Straight to the intake, with the API key.
    Agentless,
    /// Through the agent, which has a key of its own.
    Agent,
}

impl Config {
    /// Everything filled in and checked. A disabled layer is never refused.
    pub(crate) fn resolve(self) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        if !switch(self.enabled.as_ref(), &mut warnings).unwrap_or(true) {
            let fallback = Self { executable: self.executable, ..Self::default() };
            return Ok(Settings { enabled: false, warnings, ..fallback.settings(Mode::Agent)? });
        }
        let mode = match switch(self.agentless.as_ref(), &mut warnings) {
            // Without TLS the intake cannot be reached, so the Agent is the only way there is.
            None if !HAS_TLS && self.override_origin.is_none() => Mode::Agent,
            None => Mode::Auto,
            Some(true) => Mode::Agentless,
            Some(false) => Mode::Agent,
        };
        self.check_key(mode)?;
        let mut settings = self.settings(mode)?;
        warnings.append(&mut settings.warnings);
        Ok(Settings { warnings, ..settings })
    }

    /// Checks what is set, and does not miss what is not: another place may still say it.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.enabled, Some(Given { value: Ok(false), .. })) {
            return Ok(());
        }
        self.clone().settings(Mode::Agent).map(drop)
    }

    /// Whether the key is there when it is needed, and stays secret.
    fn check_key(&self, mode: Mode) -> Result<(), ConfigError> {
        if mode == Mode::Agentless && !HAS_TLS && self.override_origin.is_none() {
            let site = self.site.as_ref().map_or_else(|| Ok(Site::default()), site)?;
            let setting = self.agentless.as_ref().map_or("agentless", |given| given.setting);
            return Err(ConfigError::TlsDisabled { setting, value: format!("https://{site}") });
        }
        match (mode, &self.api_key, &self.override_origin) {
            (Mode::Agentless, None, _) => Err(ConfigError::MissingApiKey { setting: env::API_KEY.name }),
            (Mode::Agentless | Mode::Auto, Some(_), Some(given)) => {
                let origin = origin(given)?;
                let refused = || ConfigError::Cleartext { setting: given.setting, value: origin.to_string() };
                if origin.is_cleartext() { Err(refused()) } else { Ok(()) }
            }
            (Mode::Agent, _, _) | (Mode::Auto, None, _) | (_, Some(_), None) => Ok(()),
        }
    }

    fn settings(self, mode: Mode) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        let agent = self.agent()?;
        let tagged = |key: &str| self.tags.get(key).map(str::to_owned).unwrap_or_default();
        let service = self.service.as_ref().and_then(text).unwrap_or_else(|| tagged("service"));
        let ml_app = self.ml_app_name(&service, &mut warnings)?;
        if let Some(given) = &self.api_key {
            given.value.check(given.setting)?;
        }
        if let Some(setting) = self.keyless_tag {
            warnings.push(ConfigWarning::Tag { setting });
        }
        let request_timeout = limits::REQUEST_TIMEOUT.pick(self.request_timeout, &mut warnings);
        Ok(Settings {
            enabled: true,
            ml_app,
            service,
            env: self.env.as_ref().and_then(text).unwrap_or_else(|| tagged("env")),
            version: self.version.as_ref().and_then(text).unwrap_or_else(|| tagged("version")),
            mode,
            site: self.site.as_ref().map_or_else(|| Ok(Site::default()), site)?,
            api_key: self.api_key.map(|given| given.value),
            agent,
            override_origin: self.override_origin.as_ref().map(origin).transpose()?,
            sample_rate: limits::SAMPLE_RATE.pick(self.sample_rate, &mut warnings),
            max_event_bytes: limits::EVENT_BYTES.pick(self.max_event_bytes, &mut warnings),
            max_payload_bytes: limits::PAYLOAD_BYTES.pick(self.max_payload_bytes, &mut warnings),
            flush_interval: limits::FLUSH_INTERVAL.pick(self.flush_interval, &mut warnings),
            request_timeout,
            connect_timeout: limits::CONNECT_TIMEOUT.min(request_timeout),
            info_timeout: limits::INFO_TIMEOUT.pick(self.info_timeout, &mut warnings),
            queue_max_items: count(&limits::QUEUE_ITEMS, self.queue_max_items, &mut warnings),
            queue_max_bytes: count(&limits::QUEUE_BYTES, self.queue_max_bytes, &mut warnings),
            open_spans_max_bytes: count(&limits::OPEN_SPANS_BYTES, self.open_spans_max_bytes, &mut warnings),
            shutdown_timeout: limits::SHUTDOWN_TIMEOUT.pick(self.shutdown_timeout, &mut warnings),
            capture_instrument: switch(self.capture_instrument.as_ref(), &mut warnings).unwrap_or(true),
            integrations: integrations::resolve(self.code_integrations, self.integrations, &mut warnings)?,
            proxies: Proxies {
                mark_calls: switch(self.mark_proxy_calls.as_ref(), &mut warnings).unwrap_or(true),
                urls: gateways(self.instrumented_proxy_urls.as_ref()),
            },
            evaluation_source: switch(self.otel.as_ref(), &mut warnings).unwrap_or(false).then_some("otel"),
            keep_idle_connections: !self.is_lambda,
            certificate_file: self.certificate_file,
            tags: self.tags,
            code_tags: self.code_tags,
            warnings,
        })
    }

    /// A configured name must be right; one that stands in for it is taken as it is.
    fn ml_app_name(&self, service: &str, warnings: &mut Vec<ConfigWarning>) -> Result<String, ConfigError> {
        if let Some(given) = &self.ml_app
            && let Some(name) = text(given)
        {
            return match ml_app::broken_rule(&name) {
                Some(rule) => Err(ConfigError::MlApp { setting: given.setting, value: excerpt(&name), rule }),
                None => Ok(name),
            };
        }
        let setting = self.service.as_ref().map_or(env::SERVICE.name, |given| given.setting);
        let stand_ins = [(setting, service), ("the executable's name", self.executable.as_deref().unwrap_or_default())];
        let Some((setting, name)) = stand_ins.into_iter().find(|(_, name)| !name.is_empty()) else {
            return Ok(UNNAMED.to_owned());
        };
        if let Some(rule) = ml_app::broken_rule(name) {
            warnings.push(ConfigWarning::MlApp { setting, value: excerpt(name), rule });
        }
        Ok(name.to_owned())
    }

    /// The URL; else host and port; else the socket if it is there; else the usual port of this machine.
    fn agent(&self) -> Result<Address, ConfigError> {
        if let Some(given) = &self.agent_url {
            return origin(given);
        }
        if self.agent_host.is_none() && self.agent_port.is_none() && self.has_agent_socket {
            return Address::parse(env::AGENT_URL.name, &UrlText(format!("unix://{}", env::AGENT_SOCKET)));
        }
        let host = part(self.agent_host.as_ref(), address::host)?;
        let port = part(self.agent_port.as_ref(), address::port)?;
        Ok(Address::http(host.as_deref().unwrap_or("localhost"), port.unwrap_or(DEFAULT_AGENT_PORT)))
    }
}

/// Everything that holds.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) enabled: bool,
    pub(crate) ml_app: String,
    /// May be empty, as may the two below.
    pub(crate) service: String,
    pub(crate) env: String,
    pub(crate) version: String,
    /// Of the environment: below service, env and version.
    pub(crate) tags: Tags,
    /// Of the builder: above them.
    pub(crate) code_tags: Tags,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    pub(crate) api_key: Option<ApiKey>,
    pub(crate) agent: Address,
    pub(crate) override_origin: Option<Address>,
    /// From 0 to 1.
    pub(crate) sample_rate: f64,
    pub(crate) max_event_bytes: usize,
    /// With the envelopes around the events.
    pub(crate) max_payload_bytes: usize,
    pub(crate) flush_interval: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) info_timeout: Duration,
    pub(crate) queue_max_items: NonZeroUsize,
    pub(crate) queue_max_bytes: NonZeroUsize,
    pub(crate) open_spans_max_bytes: NonZeroUsize,
    pub(crate) shutdown_timeout: Duration,
    /// Whether arguments, return values and errors of `#[instrument]` functions are taken over.
    pub(crate) capture_instrument: bool,
    /// Whose words are heard beside ours.
    pub(crate) integrations: Vocabularies,
    pub(crate) proxies: Proxies,
    /// The tag `source` of evaluations: where the spans come from that they are about.
    pub(crate) evaluation_source: Option<&'static str>,
    pub(crate) keep_idle_connections: bool,
    /// Trusted in place of the system's certificates.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only https needs certificates"))]
    pub(crate) certificate_file: Option<Given<PathBuf>>,
    /// To be said by the worker, once.
    pub(crate) warnings: Vec<ConfigWarning>,
}

/// Services that stand between this one and a model.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    /// Whether a task under which a request is made gets the tag for it.
    pub(crate) mark_calls: bool,
    /// Those that report model calls themselves: by their URLs.
    pub(crate) urls: Gateways,
}

fn gateways(given: Option<&Given<String>>) -> Gateways {
    given.map(|given| Gateways::parse(&given.value)).unwrap_or_default()
}

/// A text that is not blank.
fn text(given: &Given<String>) -> Option<String> {
    Some(given.value.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn switch(given: Option<&Read<bool>>, warnings: &mut Vec<ConfigWarning>) -> Option<bool> {
    let Given { setting, value } = given?;
    if let Err(text) = value {
        warnings.push(ConfigWarning::Switch { setting, value: text.clone() });
    }
    value.as_ref().ok().copied()
}

fn count(range: &Range<usize>, given: Option<Read<usize>>, warnings: &mut Vec<ConfigWarning>) -> NonZeroUsize {
    NonZeroUsize::new(range.pick(given, warnings)).unwrap_or(NonZeroUsize::MIN)
}

fn site(given: &Given<String>) -> Result<Site, ConfigError> {
    Site::given(given.setting, &given.value)
}

fn origin(given: &Given<UrlText>) -> Result<Address, ConfigError> {
    Address::parse(given.setting, &given.value)
}

/// A part of the agent's address.
fn part<T>(given: Option<&Given<String>>, read: fn(&str) -> Result<T, &'static str>) -> Result<Option<T>, ConfigError> {
    let Some(Given { setting, value }) = given else { return Ok(None) };
    let wrong = |problem| ConfigError::Url { setting, value: format!("{:?}", UrlText(value.clone())), problem };
    read(value.trim()).map(Some).map_err(wrong)
}

const UNNAMED: &str = "unnamed-ml-app";
const DEFAULT_AGENT_PORT: u16 = 8126;
