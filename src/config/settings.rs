//! Resolves what was given into what holds, and refuses what cannot work.

use super::address::{self, Address, HAS_TLS, UrlText};
use super::declared::{Config, Tuning};
use super::given::{Given, Read, excerpt};
use super::site::{ApiKey, Site};
use super::warning::ConfigWarning;
use super::{env, integrations, ml_app, variable};
use crate::diagnostics::StderrLog;
use crate::error::ConfigError;
use crate::recording::GatewayUrls;
use llmobs_conventions::Conventions;
use llmobs_model::Tags;
use std::path::PathBuf;
use std::time::Duration;

/// The route of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Through the Agent if one answers that it takes them, else straight to the intake.
    Auto,
    /// Straight to the intake, with the API key.
    Agentless,
    /// Through the Agent, which has a key of its own.
    Agent,
}

impl Config {
    /// Fills in everything and checks it. A disabled layer is never refused.
    pub(crate) fn resolve(self) -> Result<Settings, ConfigError> {
        let mut warnings = self.oddities.clone();
        if !switch(self.enabled.as_ref(), &mut warnings).unwrap_or(true) {
            let fallback = Self { executable: self.executable, ..Self::default() };
            return Ok(Settings { enabled: false, warnings, ..fallback.settings(Mode::Agent)? });
        }
        let mode = match switch(self.agentless.as_ref(), &mut warnings) {
            // Nothing is sent by HTTP, so neither a key nor an address is needed.
            _ if self.rest.has_exporter => Mode::Agent,
            // Without TLS the intake cannot be reached, so the Agent is the only way there is.
            None if !HAS_TLS && self.override_origin.is_none() => Mode::Agent,
            None => Mode::Auto,
            Some(true) => Mode::Agentless,
            Some(false) => Mode::Agent,
        };
        self.check_key(mode)?;
        let cleartext = self.check_destination(mode)?;
        let mut settings = self.settings(mode)?;
        warnings.append(&mut settings.warnings);
        warnings.extend(cleartext);
        Ok(Settings { warnings, ..settings })
    }

    /// Checks what is set, and accepts that something is missing: the code may still set it.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.enabled, Some(Given { value: Ok(false), .. })) {
            return Ok(());
        }
        self.clone().settings(Mode::Agent).map(drop)
    }

    /// Checks that the key is there when it is needed.
    fn check_key(&self, mode: Mode) -> Result<(), ConfigError> {
        if mode == Mode::Agentless && !HAS_TLS && self.override_origin.is_none() {
            let site = self.site()?;
            let setting = self.agentless.as_ref().map_or("agentless", |given| given.setting);
            return Err(ConfigError::TlsDisabled { setting, value: format!("https://{site}") });
        }
        match (mode, &self.api_key) {
            (Mode::Agentless, None) => Err(ConfigError::MissingApiKey { setting: variable::API_KEY.name }),
            (Mode::Agentless, Some(_)) | (Mode::Agent | Mode::Auto, _) => Ok(()),
        }
    }

    /// Checks that neither the key nor prompts can be read on the way.
    ///
    /// Who has a key has a way that is encrypted, so an unencrypted one to another machine is refused. Without a key an
    /// Agent in the same cluster is the usual way, so it is a warning.
    fn check_destination(&self, mode: Mode) -> Result<Option<ConfigWarning>, ConfigError> {
        if self.rest.has_exporter {
            return Ok(None);
        }
        let (setting, address) = match (&self.override_origin, mode) {
            (Some(given), _) => (given.setting, origin(given)?),
            (None, Mode::Agentless) => return Ok(None),
            (None, Mode::Agent | Mode::Auto) => (self.agent_setting(), self.agent()?),
        };
        if !address.is_cleartext() {
            return Ok(None);
        }
        let value = address.to_string();
        match &self.api_key {
            Some(_) => Err(ConfigError::Cleartext { setting, value }),
            None => Ok(Some(ConfigWarning::Cleartext { setting, value })),
        }
    }

    /// Returns the setting that names the Agent's host.
    fn agent_setting(&self) -> &'static str {
        let host = self.trace_agent_hostname.as_ref().or(self.agent_host.as_ref()).map(|given| given.setting);
        self.agent_url.as_ref().map(|given| given.setting).or(host).unwrap_or(variable::AGENT_URL.name)
    }

    fn settings(self, mode: Mode) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        let (tags, has_keyless_tag) = parse_tags(self.tags.as_ref());
        let setting_of_tag = [(has_keyless_tag, variable::TAGS.name), (self.rest.has_keyless_tag, "tag")];
        let keyless = setting_of_tag.into_iter().find(|(is_keyless, _)| *is_keyless);
        warnings.extend(keyless.map(|(_, setting)| ConfigWarning::Tag { setting }));
        let tagged = |key: &str| tags.get(key).map(str::to_owned).unwrap_or_default();
        let service = self.service.as_ref().and_then(text).unwrap_or_else(|| tagged("service"));
        let env = self.env.as_ref().and_then(text).unwrap_or_else(|| tagged("env"));
        let version = self.version.as_ref().and_then(text).unwrap_or_else(|| tagged("version"));
        let ml_app = self.ml_app_name(&service, &mut warnings)?;
        if let Some(given) = &self.api_key {
            given.value.check(given.setting)?;
        }
        let tuning = self.tuning(&mut warnings);
        let mut is_on = |given: Option<&Read<bool>>, default| switch(given, &mut warnings).unwrap_or(default);
        let capture_instrument = is_on(self.capture_instrument.as_ref(), true);
        let hide_secrets = is_on(self.hide_secrets.as_ref(), true);
        let json_in_strings = is_on(self.json_in_strings.as_ref(), false);
        let mark_calls = is_on(self.rest.mark_proxy_calls.as_ref(), true);
        let is_otel = is_on(self.otel.as_ref(), false);
        let stderr = stderr(self.stderr.as_ref(), &mut warnings);
        let names = self.rest.integrations.as_ref();
        Ok(Settings {
            enabled: true,
            ml_app,
            service,
            env,
            version,
            tags,
            mode,
            site: self.site()?,
            agent: self.agent()?,
            override_origin: self.override_origin.as_ref().map(origin).transpose()?,
            connect_timeout: CONNECT_TIMEOUT.min(tuning.request_timeout),
            tuning,
            capture_instrument,
            hide_secrets,
            json_in_strings,
            stderr,
            integrations: integrations::resolve(names, self.integrations.as_ref(), &mut warnings)?,
            proxies: Proxies { mark_calls, urls: gateways(self.instrumented_proxy_urls.as_ref()) },
            evaluation_source: is_otel.then_some("otel"),
            keep_idle_connections: self.lambda_function.is_none(),
            certificate_file: self.certificate_file.map(|given| Given::new(given.setting, given.value.into())),
            api_key: self.api_key.map(|given| given.value),
            code_tags: self.rest.tags,
            executable: self.executable,
            warnings,
        })
    }

    fn site(&self) -> Result<Site, ConfigError> {
        self.site.as_ref().map_or_else(|| Ok(Site::default()), |given| Site::given(given.setting, &given.value))
    }

    /// Returns the name of the LLM application: the configured one, else the service, else the executable's name.
    fn ml_app_name(&self, service: &str, warnings: &mut Vec<ConfigWarning>) -> Result<String, ConfigError> {
        let configured = self.rest.agent_service.as_ref().or(self.ml_app.as_ref());
        let configured = configured.and_then(|given| Some((given.setting, text(given)?)));
        let service_setting = self.service.as_ref().map_or(variable::SERVICE.name, |given| given.setting);
        let fallbacks =
            [(service_setting, service), ("the executable's name", self.executable.as_deref().unwrap_or_default())];
        let fallback = || fallbacks.into_iter().find(|(_, name)| !name.is_empty());
        let Some((setting, name)) = configured.or_else(|| fallback().map(|(setting, name)| (setting, name.to_owned())))
        else {
            return Ok(ml_app::UNNAMED.to_owned());
        };
        if let Some(rule) = ml_app::broken_rule(&name) {
            let value = excerpt(&name);
            // One Helm value configures services in several languages: what starts a Python service must not stop
            // this one. In code a wrong name is a mistake that its author can correct.
            if IN_CODE.contains(&setting) {
                return Err(ConfigError::MlApp { setting, value, rule });
            }
            warnings.push(ConfigWarning::MlApp { setting, value, rule });
        }
        Ok(name)
    }

    /// Returns the Agent's address: the URL, else host and port, else the socket if it exists, else the usual port.
    fn agent(&self) -> Result<Address, ConfigError> {
        if let Some(given) = &self.agent_url {
            return origin(given);
        }
        let host = self.trace_agent_hostname.as_ref().or(self.agent_host.as_ref());
        let port = self.trace_agent_port.as_ref().or(self.agent_port.as_ref());
        if host.is_none() && port.is_none() && self.has_agent_socket {
            return Address::parse(variable::AGENT_URL.name, &UrlText(format!("unix://{}", env::AGENT_SOCKET)));
        }
        let host = part(host, address::host)?;
        let port = part(port, address::port)?;
        Ok(Address::http(host.as_deref().unwrap_or("localhost"), port.unwrap_or(DEFAULT_AGENT_PORT)))
    }
}

/// All settings, complete and checked.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct Settings {
    /// The name of the executable, if it is known.
    pub(crate) executable: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) ml_app: String,
    /// Empty if it is not set, as are the two below.
    pub(crate) service: String,
    pub(crate) env: String,
    pub(crate) version: String,
    /// Tags of the environment, which service, env and version replace.
    pub(crate) tags: Tags,
    /// Tags of the builder, which replace those.
    pub(crate) code_tags: Tags,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    pub(crate) api_key: Option<ApiKey>,
    pub(crate) agent: Address,
    pub(crate) override_origin: Option<Address>,
    pub(crate) tuning: Tuning,
    pub(crate) connect_timeout: Duration,
    /// `true` if arguments, return values and errors of `#[instrument]` functions are captured.
    pub(crate) capture_instrument: bool,
    /// `true` if secrets are replaced before anything leaves.
    pub(crate) hide_secrets: bool,
    pub(crate) json_in_strings: bool,
    pub(crate) stderr: StderrLog,
    /// The conventions of other crates that are captured.
    pub(crate) integrations: Conventions,
    pub(crate) proxies: Proxies,
    /// The tag `source` of evaluations, if their spans come from another tracer.
    pub(crate) evaluation_source: Option<&'static str>,
    pub(crate) keep_idle_connections: bool,
    /// Trusted in place of the system's certificates.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only https needs certificates"))]
    pub(crate) certificate_file: Option<Given<PathBuf>>,
    /// Logged by the worker, once each.
    pub(crate) warnings: Vec<ConfigWarning>,
}

/// Services that stand between this one and a model.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    /// `true` if a task under which a request is made is tagged.
    pub(crate) mark_calls: bool,
    /// Gateways that report model calls themselves.
    pub(crate) urls: GatewayUrls,
}

fn gateways(given: Option<&Given<String>>) -> GatewayUrls {
    given.map(|given| GatewayUrls::parse(&given.value)).unwrap_or_default()
}

/// Returns the text without the space around it, unless it is blank.
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

fn stderr(given: Option<&Read<StderrLog>>, warnings: &mut Vec<ConfigWarning>) -> StderrLog {
    let Some(Given { setting, value }) = given else { return StderrLog::default() };
    value.clone().unwrap_or_else(|value| {
        warnings.push(ConfigWarning::Stderr { setting, value });
        StderrLog::default()
    })
}

fn origin(given: &Given<UrlText>) -> Result<Address, ConfigError> {
    Address::parse(given.setting, &given.value)
}

/// Parses a part of the Agent's address.
fn part<T>(given: Option<&Given<String>>, read: fn(&str) -> Result<T, &'static str>) -> Result<Option<T>, ConfigError> {
    let Some(Given { setting, value }) = given else { return Ok(None) };
    let wrong = |problem| ConfigError::Url { setting, value: format!("{:?}", UrlText(value.clone())), problem };
    read(value.trim()).map(Some).map_err(wrong)
}

/// Parses tags that are separated by commas, or by spaces if there is no comma; `true` if one has no key.
fn parse_tags(given: Option<&Given<String>>) -> (Tags, bool) {
    let (mut tags, mut has_keyless_tag) = (Tags::new(), false);
    let text = given.map(|given| given.value.as_str()).unwrap_or_default();
    let separator: fn(char) -> bool = if text.contains(',') { |letter| letter == ',' } else { char::is_whitespace };
    for tag in text.split(separator).map(str::trim).filter(|tag| !tag.is_empty()) {
        // Only the first colon separates: values are often URLs.
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        has_keyless_tag |= !tags.insert(key.to_owned(), value.trim().to_owned());
    }
    (tags, has_keyless_tag)
}

const DEFAULT_AGENT_PORT: u16 = 8126;
/// A connection that takes longer will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The methods of the builder that set the name of the LLM application.
const IN_CODE: [&str; 2] = ["agent_service", "ml_app"];
