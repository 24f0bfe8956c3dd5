//! What was said, by one place or by several.

use std::path::PathBuf;
use std::time::Duration;

use super::address::UrlText;
use super::given::{Given, Read};
use super::site::ApiKey;
use crate::vocabulary::Vocabularies;
use llmobs_model::Tags;

/// Everything that can be set; `None` is unset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    pub(crate) enabled: Option<Read<bool>>,
    pub(crate) ml_app: Option<Given<String>>,
    pub(crate) service: Option<Given<String>>,
    pub(crate) env: Option<Given<String>>,
    pub(crate) version: Option<Given<String>>,
    /// Of the environment: below what has a setting of its own.
    pub(crate) tags: Tags,
    /// Of the builder: above everything.
    pub(crate) code_tags: Tags,
    /// Where a tag without a key was given.
    pub(crate) keyless_tag: Option<&'static str>,
    pub(crate) site: Option<Given<String>>,
    pub(crate) api_key: Option<Given<ApiKey>>,
    pub(crate) agentless: Option<Read<bool>>,
    pub(crate) agent_url: Option<Given<UrlText>>,
    pub(crate) agent_host: Option<Given<String>>,
    pub(crate) agent_port: Option<Given<String>>,
    pub(crate) override_origin: Option<Given<UrlText>>,
    pub(crate) sample_rate: Option<Read<f64>>,
    pub(crate) max_event_bytes: Option<Read<usize>>,
    pub(crate) max_payload_bytes: Option<Read<usize>>,
    pub(crate) flush_interval: Option<Read<Duration>>,
    pub(crate) request_timeout: Option<Read<Duration>>,
    pub(crate) info_timeout: Option<Read<Duration>>,
    pub(crate) queue_max_items: Option<Read<usize>>,
    pub(crate) queue_max_bytes: Option<Read<usize>>,
    pub(crate) open_spans_max_bytes: Option<Read<usize>>,
    pub(crate) shutdown_timeout: Option<Read<Duration>>,
    pub(crate) capture_instrument: Option<Read<bool>>,
    pub(crate) integrations: Option<Read<Vocabularies>>,
    pub(crate) code_integrations: Option<Read<Vocabularies>>,
    pub(crate) mark_proxy_calls: Option<Read<bool>>,
    /// Base URLs, separated by commas.
    pub(crate) instrumented_proxy_urls: Option<Given<String>>,
    pub(crate) otel: Option<Read<bool>>,
    /// Certificates in PEM that are trusted in place of the system's.
    pub(crate) certificate_file: Option<Given<PathBuf>>,
    /// The executable's name.
    pub(crate) executable: Option<String>,
    /// Whether the agent of this host has its socket at the usual place.
    pub(crate) has_agent_socket: bool,
    /// Whether the process is frozen between invocations, so that idle connections die unseen.
    pub(crate) is_lambda: bool,
}

impl Config {
    /// These settings, and where they are unset, those.
    pub(crate) fn over(self, other: Self) -> Self {
        let mut tags = other.tags;
        tags.extend(&self.tags);
        let mut code_tags = other.code_tags;
        code_tags.extend(&self.code_tags);
        Self {
            enabled: self.enabled.or(other.enabled),
            ml_app: self.ml_app.or(other.ml_app),
            service: self.service.or(other.service),
            env: self.env.or(other.env),
            version: self.version.or(other.version),
            tags,
            code_tags,
            keyless_tag: self.keyless_tag.or(other.keyless_tag),
            site: self.site.or(other.site),
            api_key: self.api_key.or(other.api_key),
            agentless: self.agentless.or(other.agentless),
            agent_url: self.agent_url.or(other.agent_url),
            agent_host: self.agent_host.or(other.agent_host),
            agent_port: self.agent_port.or(other.agent_port),
            override_origin: self.override_origin.or(other.override_origin),
            sample_rate: self.sample_rate.or(other.sample_rate),
            max_event_bytes: self.max_event_bytes.or(other.max_event_bytes),
            max_payload_bytes: self.max_payload_bytes.or(other.max_payload_bytes),
            flush_interval: self.flush_interval.or(other.flush_interval),
            request_timeout: self.request_timeout.or(other.request_timeout),
            info_timeout: self.info_timeout.or(other.info_timeout),
            queue_max_items: self.queue_max_items.or(other.queue_max_items),
            queue_max_bytes: self.queue_max_bytes.or(other.queue_max_bytes),
            open_spans_max_bytes: self.open_spans_max_bytes.or(other.open_spans_max_bytes),
            shutdown_timeout: self.shutdown_timeout.or(other.shutdown_timeout),
            capture_instrument: self.capture_instrument.or(other.capture_instrument),
            integrations: self.integrations.or(other.integrations),
            code_integrations: self.code_integrations.or(other.code_integrations),
            mark_proxy_calls: self.mark_proxy_calls.or(other.mark_proxy_calls),
            instrumented_proxy_urls: self.instrumented_proxy_urls.or(other.instrumented_proxy_urls),
            otel: self.otel.or(other.otel),
            certificate_file: self.certificate_file.or(other.certificate_file),
            executable: self.executable.or(other.executable),
            has_agent_socket: self.has_agent_socket || other.has_agent_socket,
            is_lambda: self.is_lambda || other.is_lambda,
        }
    }
}
