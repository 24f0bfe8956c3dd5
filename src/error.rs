//! What can go wrong while building, and while waiting: one enum a phase.
//!
//! In: evidence. Out: a sentence. Never: secrets, prompts, formatted causes.

use std::io;

use crate::stats::FlushOutcome;

/// The cause of an error, from a crate that is no part of this crate's interface.
type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The exporter cannot be started with these settings.
///
/// Every variant about a setting carries its name: the environment variable if the value came from there, else the
/// builder's method. Values are quoted unless they could hold a secret.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{ConfigError, Site};
///
/// let Err(ConfigError::Site { value, .. }) = Site::new("datadog.eu") else { panic!("this is no Datadog site") };
/// assert_eq!(value, "datadog.eu");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Agentless mode was chosen, and there is no API key.
    #[error("{setting} is not set, and sending without a Datadog Agent needs an API key")]
    #[non_exhaustive]
    MissingApiKey {
        /// Where the key is looked for.
        setting: &'static str,
    },
    /// The API key is empty, or has characters other than visible ASCII. The key is not shown.
    #[error("{setting} is not a usable API key: {problem}")]
    #[non_exhaustive]
    ApiKey {
        /// Where the key is from.
        setting: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The site is no Datadog site.
    #[error("{setting} is not a known Datadog site: {value:?}")]
    #[non_exhaustive]
    Site {
        /// Where the value is from.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// An address is no URL that can be used.
    #[error("{setting} is not a usable URL: {problem}: {value:?}")]
    #[non_exhaustive]
    Url {
        /// Where the value is from.
        setting: &'static str,
        /// The value, without user name, password and query.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A pattern of a redactor is no regular expression, or too large.
    #[error("{value:?} is not a usable pattern")]
    #[non_exhaustive]
    Pattern {
        /// The pattern.
        value: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// The API key would travel unencrypted over the network.
    #[error(
        "{setting} is unencrypted and not on this machine, so the API key cannot be sent there: {value:?}; use https, \
         or send through a Datadog Agent, which needs no key"
    )]
    #[non_exhaustive]
    Cleartext {
        /// Where the address is from.
        setting: &'static str,
        /// The address.
        value: String,
    },
    /// An address begins with https, and this program was built without the feature `tls`.
    #[error(
        "{setting} needs TLS, and this program is built without the feature `tls` of tracing-llmobs: {value:?}; switch \
         it on, or send to a Datadog Agent by http or a unix socket"
    )]
    #[non_exhaustive]
    TlsDisabled {
        /// The setting that asks for TLS.
        setting: &'static str,
        /// The address.
        value: String,
    },
    /// The file of trusted certificates cannot be read, or has no certificate in it.
    #[error("{setting} names a file without a certificate that can be read: {value:?}")]
    #[non_exhaustive]
    Certificates {
        /// Where the path is from.
        setting: &'static str,
        /// The path.
        value: String,
        /// Why, if the file could not be read at all.
        source: Option<Cause>,
    },
    /// The configured name of the LLM application breaks one of Datadog's rules.
    #[error("{setting} is not a valid name of an LLM application: {rule}: {value:?}")]
    #[non_exhaustive]
    MlApp {
        /// Where the name is from.
        setting: &'static str,
        /// The name, cut when it is long.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// No integration has the name.
    #[error("{setting} names an integration that does not exist: {value:?}")]
    #[non_exhaustive]
    Integration {
        /// Where the name is from.
        setting: &'static str,
        /// The name, cut when it is long.
        value: String,
    },
    /// The exporter's thread or its runtime cannot be started.
    #[error("the exporter's thread cannot be started")]
    #[non_exhaustive]
    Thread {
        /// Why.
        source: io::Error,
    },
    /// The HTTP client or its TLS configuration cannot be built.
    #[error("the HTTP client cannot be built")]
    #[non_exhaustive]
    Client {
        /// Why.
        source: Cause,
    },
}

/// A flush or shutdown that did not deliver everything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The time was up first. After a flush the pending items are still being sent; after a shutdown they are lost.
    #[error("the time was up with {pending} items pending: {outcome}")]
    #[non_exhaustive]
    TimedOut {
        /// Items that were accepted and were neither delivered nor lost at that time.
        pending: u64,
        /// What became of all items since the flush before.
        outcome: FlushOutcome,
    },
    /// Nothing is pending, but items were lost or refused since the flush before.
    #[error("not everything was delivered: {outcome}")]
    #[non_exhaustive]
    Incomplete {
        /// What became of all items since the flush before.
        outcome: FlushOutcome,
    },
    /// It was called on the exporter's own thread, which would wait for itself.
    #[error("a flush cannot be waited for on the exporter's own thread")]
    OnWorker,
    /// The exporter has stopped: it was shut down before, or failed.
    #[error("the exporter has stopped")]
    Stopped,
}

impl FlushError {
    /// Returns what became of all items since the flush before, if that is known.
    pub const fn outcome(&self) -> Option<&FlushOutcome> {
        match self {
            Self::TimedOut { outcome, .. } | Self::Incomplete { outcome } => Some(outcome),
            Self::OnWorker | Self::Stopped => None,
        }
    }
}
