//! The environment: the only file that reads it, and the only one that spells its variables.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::address::UrlText;
use super::declared::Config;
use super::given::{Given, Read, excerpt};
use super::integrations::named;
use super::site::ApiKey;
use llmobs_model::Tags;

/// An environment variable that this crate reads.
///
/// # Example
///
/// ```
/// for variable in tracing_llmobs::VARIABLES {
///     println!("{} ({}): {}", variable.name, variable.unit, variable.meaning);
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Variable {
    /// The variable.
    pub name: &'static str,
    /// The method of [`Builder`](crate::Builder) that says the same and wins; empty if there is none.
    pub setter: &'static str,
    /// What the value is, and within which limits.
    pub unit: &'static str,
    /// What holds if neither the variable nor the method says anything.
    pub default: &'static str,
    /// What it decides.
    pub meaning: &'static str,
}

impl Config {
    /// What the environment says. A variable that is empty is not set.
    pub(crate) fn from_env(read: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let env = Environment { read };
        let (tags, keyless_tag) = tags(&env.text(&TAGS).unwrap_or_default());
        Self {
            enabled: env.switch(&ENABLED),
            ml_app: env.given(&ML_APP),
            service: env.given(&SERVICE),
            env: env.given(&ENV),
            version: env.given(&VERSION),
            tags,
            code_tags: Tags::new(),
            keyless_tag,
            site: env.given(&SITE),
            api_key: env.text(&API_KEY).map(|key| Given::new(API_KEY.name, ApiKey::from(key))),
            agentless: env.switch(&AGENTLESS_ENABLED),
            agent_url: env.url(&AGENT_URL),
            agent_host: env.given(&TRACE_AGENT_HOSTNAME).or_else(|| env.given(&AGENT_HOST)),
            agent_port: env.given(&TRACE_AGENT_PORT).or_else(|| env.given(&AGENT_PORT)),
            override_origin: env.url(&OVERRIDE_ORIGIN),
            sample_rate: env.number(&SAMPLE_RATE, |text| text.parse().ok()),
            max_event_bytes: env.number(&EVENT_SIZE_BYTES, whole),
            max_payload_bytes: env.number(&PAYLOAD_SIZE_BYTES, whole),
            flush_interval: env.number(&WRITER_INTERVAL, seconds),
            request_timeout: env.number(&WRITER_TIMEOUT, seconds),
            info_timeout: env.number(&AGENT_TIMEOUT_SECONDS, seconds),
            queue_max_items: env.number(&QUEUE_MAX_ITEMS, whole),
            queue_max_bytes: env.number(&QUEUE_MAX_BYTES, whole),
            open_spans_max_bytes: env.number(&OPEN_SPANS_MAX_BYTES, whole),
            shutdown_timeout: env.number(&SHUTDOWN_TIMEOUT_SECONDS, seconds),
            capture_instrument: env.switch(&CAPTURE_INSTRUMENT),
            integrations: env.text(&INTEGRATIONS).map(|list| Given::new(INTEGRATIONS.name, named(list.split(',')))),
            code_integrations: None,
            mark_proxy_calls: None,
            instrumented_proxy_urls: env.given(&INSTRUMENTED_PROXY_URLS),
            otel: env.switch(&OTEL_ENABLED),
            certificate_file: env.given(&SSL_CERT_FILE).map(|given| Given::new(given.setting, given.value.into())),
            executable: None,
            has_agent_socket: false,
            is_lambda: env.text(&LAMBDA_FUNCTION_NAME).is_some(),
        }
    }

    /// What the environment of this process says, its executable's name, and whether the agent's socket is there.
    pub(crate) fn from_process() -> Self {
        let executable = std::env::current_exe().ok();
        let executable =
            executable.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
        let has_agent_socket = cfg!(unix) && Path::new(AGENT_SOCKET).exists();
        Self { executable, has_agent_socket, ..Self::from_env(&|name| std::env::var_os(name)) }
    }
}

/// How variables are read.
struct Environment<'a> {
    read: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Environment<'_> {
    /// What is not UTF-8 gets U+FFFD in its place: the grammars of addresses, keys and numbers then refuse it.
    fn text(&self, variable: &Variable) -> Option<String> {
        let text = (self.read)(variable.name)?.to_string_lossy().trim_matches([' ', '\t']).to_owned();
        Some(text).filter(|text| !text.trim().is_empty())
    }

    fn given(&self, variable: &Variable) -> Option<Given<String>> {
        Some(Given::new(variable.name, self.text(variable)?))
    }

    fn url(&self, variable: &Variable) -> Option<Given<UrlText>> {
        Some(Given::new(variable.name, UrlText(self.text(variable)?)))
    }

    fn number<T>(&self, variable: &Variable, parse: fn(&str) -> Option<T>) -> Option<Read<T>> {
        let text = self.text(variable)?;
        Some(Given::new(variable.name, parse(text.trim()).ok_or_else(|| excerpt(&text))))
    }

    fn switch(&self, variable: &Variable) -> Option<Read<bool>> {
        self.number(variable, |text| match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }
}

fn whole(text: &str) -> Option<usize> {
    text.parse().ok()
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// Separated by commas, or by spaces where there is no comma; the first colon of a tag ends its key.
fn tags(text: &str) -> (Tags, Option<&'static str>) {
    let mut tags = Tags::new();
    let mut keyless_tag = None;
    let separator: fn(char) -> bool = if text.contains(',') { |letter| letter == ',' } else { char::is_whitespace };
    for tag in text.split(separator).map(str::trim).filter(|tag| !tag.is_empty()) {
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        if !tags.insert(key.to_owned(), value.trim().to_owned()) {
            keyless_tag = Some(TAGS.name);
        }
    }
    (tags, keyless_tag)
}

/// Where the agent's socket usually is.
pub(super) const AGENT_SOCKET: &str = "/var/run/datadog/apm.socket";

/// All environment variables that this crate reads, for the help text of a program for example.
pub const VARIABLES: &[&Variable] = &[
    &ENABLED,
    &ML_APP,
    &AGENTLESS_ENABLED,
    &API_KEY,
    &SITE,
    &SERVICE,
    &ENV,
    &VERSION,
    &TAGS,
    &AGENT_URL,
    &TRACE_AGENT_HOSTNAME,
    &AGENT_HOST,
    &TRACE_AGENT_PORT,
    &AGENT_PORT,
    &OVERRIDE_ORIGIN,
    &SAMPLE_RATE,
    &EVENT_SIZE_BYTES,
    &PAYLOAD_SIZE_BYTES,
    &WRITER_INTERVAL,
    &WRITER_TIMEOUT,
    &AGENT_TIMEOUT_SECONDS,
    &QUEUE_MAX_ITEMS,
    &QUEUE_MAX_BYTES,
    &OPEN_SPANS_MAX_BYTES,
    &SHUTDOWN_TIMEOUT_SECONDS,
    &CAPTURE_INSTRUMENT,
    &INTEGRATIONS,
    &INSTRUMENTED_PROXY_URLS,
    &OTEL_ENABLED,
    &SSL_CERT_FILE,
    &LAMBDA_FUNCTION_NAME,
];

const ENABLED: Variable = Variable {
    name: "DD_LLMOBS_ENABLED",
    setter: "enabled",
    unit: "boolean",
    default: "true",
    meaning: "Whether anything is captured and sent; if not, the layer is inert and no other setting is looked at.",
};
const ML_APP: Variable = Variable {
    name: "DD_LLMOBS_ML_APP",
    setter: "ml_app",
    unit: "text",
    default: "the service, else the executable's name",
    meaning: "The name of the LLM application.",
};
const AGENTLESS_ENABLED: Variable = Variable {
    name: "DD_LLMOBS_AGENTLESS_ENABLED",
    setter: "agentless",
    unit: "boolean",
    default: "asked of the agent",
    meaning: "Whether events go straight to the intake (true) or through a Datadog Agent (false).",
};
pub(crate) const API_KEY: Variable = Variable {
    name: "DD_API_KEY",
    setter: "api_key",
    unit: "text",
    default: "none",
    meaning: "The API key; needed to send straight to the intake, never sent to an agent.",
};
const SITE: Variable = Variable {
    name: "DD_SITE",
    setter: "site",
    unit: "domain",
    default: "datadoghq.com",
    meaning: "The Datadog site.",
};
pub(super) const SERVICE: Variable = Variable {
    name: "DD_SERVICE",
    setter: "service",
    unit: "text",
    default: "the tag service of DD_TAGS, else empty",
    meaning: "The service that every span is tagged with.",
};
const ENV: Variable = Variable {
    name: "DD_ENV",
    setter: "env",
    unit: "text",
    default: "the tag env of DD_TAGS, else empty",
    meaning: "The environment that every span is tagged with.",
};
const VERSION: Variable = Variable {
    name: "DD_VERSION",
    setter: "version",
    unit: "text",
    default: "the tag version of DD_TAGS, else empty",
    meaning: "The version that every span is tagged with.",
};
const TAGS: Variable = Variable {
    name: "DD_TAGS",
    setter: "tag",
    unit: "key:value, separated by commas or else by spaces",
    default: "none",
    meaning: "Tags of every span; a span's own tags win.",
};
pub(super) const AGENT_URL: Variable = Variable {
    name: "DD_TRACE_AGENT_URL",
    setter: "agent_url",
    unit: "URL (http, https, unix)",
    default: "from the four variables below",
    meaning: "Where the Datadog Agent listens; a path is kept as a prefix.",
};
const TRACE_AGENT_HOSTNAME: Variable = Variable {
    name: "DD_TRACE_AGENT_HOSTNAME",
    setter: "agent_url",
    unit: "host",
    default: "the next variable",
    meaning: "The agent's host, if there is no URL.",
};
const AGENT_HOST: Variable = Variable {
    name: "DD_AGENT_HOST",
    setter: "agent_url",
    unit: "host",
    default: "localhost",
    meaning: "The agent's host, if the variable above is not set.",
};
const TRACE_AGENT_PORT: Variable = Variable {
    name: "DD_TRACE_AGENT_PORT",
    setter: "agent_url",
    unit: "port",
    default: "the next variable",
    meaning: "The agent's port, if there is no URL.",
};
const AGENT_PORT: Variable = Variable {
    name: "DD_AGENT_PORT",
    setter: "agent_url",
    unit: "port",
    default: "8126",
    meaning: "The agent's port, if the variable above is not set.",
};
const OVERRIDE_ORIGIN: Variable = Variable {
    name: "DD_LLMOBS_OVERRIDE_ORIGIN",
    setter: "override_origin",
    unit: "URL (http, https, unix)",
    default: "none",
    meaning: "Where events go in place of the intake or the agent, for tests and gateways.",
};
const SAMPLE_RATE: Variable = Variable {
    name: "DD_LLMOBS_SAMPLE_RATE",
    setter: "sample_rate",
    unit: "share from 0 to 1",
    default: "1",
    meaning: "The share of traces that the intake keeps; all spans are sent, each with the decision of its root.",
};
const EVENT_SIZE_BYTES: Variable = Variable {
    name: "DD_LLMOBS_EVENT_SIZE_BYTES",
    setter: "max_event_bytes",
    unit: "bytes, 1000 to 10000000",
    default: "5000000",
    meaning: "The size of one event's JSON from which its input and output are left out.",
};
const PAYLOAD_SIZE_BYTES: Variable = Variable {
    name: "DD_LLMOBS_PAYLOAD_SIZE_BYTES",
    setter: "max_payload_bytes",
    unit: "bytes, 1000 to 10000000",
    default: "5000000",
    meaning: "The size that a request's body does not exceed.",
};
const WRITER_INTERVAL: Variable = Variable {
    name: "_DD_LLMOBS_WRITER_INTERVAL",
    setter: "flush_interval",
    unit: "seconds, 0.001 to 3600",
    default: "1",
    meaning: "How long a finished span waits for others at most.",
};
const WRITER_TIMEOUT: Variable = Variable {
    name: "_DD_LLMOBS_WRITER_TIMEOUT",
    setter: "request_timeout",
    unit: "seconds, 0.001 to 600",
    default: "5",
    meaning: "How long one request may take, the connection included.",
};
const AGENT_TIMEOUT_SECONDS: Variable = Variable {
    name: "DD_TRACE_AGENT_TIMEOUT_SECONDS",
    setter: "info_timeout",
    unit: "seconds, 0.001 to 60",
    default: "2",
    meaning: "How long the agent may take to say whether it takes the events.",
};
const QUEUE_MAX_ITEMS: Variable = Variable {
    name: "DD_LLMOBS_QUEUE_MAX_ITEMS",
    setter: "queue_max_items",
    unit: "items, 1 to 16777216",
    default: "131072",
    meaning: "How many finished spans may wait; later ones are refused and counted.",
};
const QUEUE_MAX_BYTES: Variable = Variable {
    name: "DD_LLMOBS_QUEUE_MAX_BYTES",
    setter: "queue_max_bytes",
    unit: "bytes, 1 to 1073741824",
    default: "134217728",
    meaning: "How many bytes the finished spans that wait may hold; later ones are refused and counted.",
};
const OPEN_SPANS_MAX_BYTES: Variable = Variable {
    name: "DD_LLMOBS_OPEN_SPANS_MAX_BYTES",
    setter: "open_spans_max_bytes",
    unit: "bytes, 1 to 1073741824",
    default: "67108864",
    meaning: "How many bytes open spans, and calls that clients observe, may hold; what exceeds them is refused and counted.",
};
const SHUTDOWN_TIMEOUT_SECONDS: Variable = Variable {
    name: "DD_LLMOBS_SHUTDOWN_TIMEOUT_SECONDS",
    setter: "shutdown_timeout",
    unit: "seconds, 0 to 3600",
    default: "5",
    meaning: "How long dropping the guard waits for what is pending; 0 does not wait.",
};
const CAPTURE_INSTRUMENT: Variable = Variable {
    name: "DD_LLMOBS_CAPTURE_INSTRUMENT",
    setter: "capture_instrument",
    unit: "boolean",
    default: "true",
    meaning: "Whether what #[instrument] records becomes input, output and error of a span where nothing else does.",
};
const INTEGRATIONS: Variable = Variable {
    name: "DD_LLMOBS_INTEGRATIONS",
    setter: "integrations",
    unit: "names, separated by commas",
    default: "all",
    meaning: "The other crates' words in which spans of theirs become LLM spans; all, none, or some of the names below.",
};
const INSTRUMENTED_PROXY_URLS: Variable = Variable {
    name: "DD_LLMOBS_INSTRUMENTED_PROXY_URLS",
    setter: "instrumented_proxy_urls",
    unit: "URLs, separated by commas",
    default: "none",
    meaning: "Gateways that report the model calls made through them; an llm span that calls one becomes a workflow.",
};
const OTEL_ENABLED: Variable = Variable {
    name: "DD_TRACE_OTEL_ENABLED",
    setter: "",
    unit: "boolean",
    default: "false",
    meaning: "Whether the spans that evaluations are about come through OpenTelemetry; the intake then waits for them, because the evaluations get the tag source:otel.",
};
const SSL_CERT_FILE: Variable = Variable {
    name: "SSL_CERT_FILE",
    setter: "",
    unit: "path",
    default: "none",
    meaning: "Certificates in PEM that are trusted in place of the system's; read at start if anything is sent by https.",
};
const LAMBDA_FUNCTION_NAME: Variable = Variable {
    name: "AWS_LAMBDA_FUNCTION_NAME",
    setter: "",
    unit: "text",
    default: "none",
    meaning: "Set by AWS Lambda; if it is, no idle connection is kept, since it would not survive the freeze between invocations.",
};
