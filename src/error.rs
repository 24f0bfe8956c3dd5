//! Errors of building and of waiting: one enum a phase.
//!
//! In: evidence. Out: a sentence for the person on call. Never: secrets, prompts, causes turned into text.

use std::error::Error;
use std::{fmt, io};

use crate::stats::FlushOutcome;

/// The cause of an error, from a crate that is no part of this crate's interface.
type Cause = Box<dyn Error + Send + Sync + 'static>;

/// The exporter cannot be started with these settings.
///
/// Every variant about a setting carries its name: the environment variable if the value came from there, otherwise the
/// builder's method. Values are quoted unless they could hold a secret.
///
/// `Debug` prints the same sentence as `Display`, followed by the causes, so that `fn main() -> Result<(), ConfigError>`
/// ends with something to act on.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{ConfigError, Site};
///
/// let error = Site::new("datadog.eu").unwrap_err();
/// assert!(matches!(&error, ConfigError::Site { value, .. } if value == "datadog.eu"));
/// assert!(format!("{error:?}").starts_with("site is not a known Datadog site: \"datadog.eu\""));
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Agentless mode was chosen, and there is no API key.
    #[error(
        "{setting} is not set, and sending straight to Datadog needs an API key; set it, or send through a Datadog Agent \
         (DD_LLMOBS_AGENTLESS_ENABLED=false)"
    )]
    #[non_exhaustive]
    MissingApiKey {
        /// The variable that the key is read from.
        setting: &'static str,
    },
    /// The API key is empty, or has characters other than visible ASCII. The key is not shown.
    #[error("{setting} is not a usable API key: {problem}")]
    #[non_exhaustive]
    ApiKey {
        /// The setting that the key came from.
        setting: &'static str,
        /// The rule that the key breaks.
        problem: &'static str,
    },
    /// The site is not one of Datadog's domains.
    #[error(
        "{setting} is not a known Datadog site: {value:?}; sites are datadoghq.com, us3.datadoghq.com, us5.datadoghq.com, \
         datadoghq.eu, ap1.datadoghq.com, ap2.datadoghq.com, ddog-gov.com and what is below these domains"
    )]
    #[non_exhaustive]
    Site {
        /// The setting that the value came from.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// An address cannot be used.
    #[error("{setting} is not a usable URL: {problem}: {value:?}")]
    #[non_exhaustive]
    Url {
        /// The setting that the value came from.
        setting: &'static str,
        /// The value, without user name, password and query.
        value: String,
        /// The reason.
        problem: &'static str,
    },
    /// A pattern of a redactor is not a regular expression, or is too large.
    #[error("{value:?} is not a usable pattern")]
    #[non_exhaustive]
    Pattern {
        /// The pattern.
        value: String,
        /// The reason.
        source: Cause,
    },
    /// There is an API key, and the key or prompts would travel unencrypted over the network.
    #[error(
        "{setting} is unencrypted and not on this machine, so neither prompts nor the API key are sent there: {value:?}; \
         use https or a unix socket, or leave the API key out and send through a Datadog Agent, which needs no key of ours"
    )]
    #[non_exhaustive]
    Cleartext {
        /// The setting that the address came from.
        setting: &'static str,
        /// The address.
        value: String,
    },
    /// An address begins with https, and this program was built without the feature `tls`.
    #[error(
        "{setting} needs TLS, and this program is built without the feature `tls` of tracing-llmobs: {value:?}; enable \
         the feature, or send to a Datadog Agent by http or a unix socket"
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
        /// The setting that the path came from.
        setting: &'static str,
        /// The path.
        value: String,
        /// The reason, if the file could not be read at all.
        source: Option<Cause>,
    },
    /// The name of the LLM application set in code breaks one of Datadog's rules.
    #[error("{setting} is not a valid name of an LLM application: {rule}: {value:?}")]
    #[non_exhaustive]
    MlApp {
        /// The method that set the name.
        setting: &'static str,
        /// The name, cut when it is long.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// No integration has the name that was given in code.
    #[error("{setting} names an integration that does not exist: {value:?}")]
    #[non_exhaustive]
    Integration {
        /// The method that set the name.
        setting: &'static str,
        /// The name, cut when it is long.
        value: String,
    },
    /// The exporter's thread or its runtime cannot be started.
    #[error("the exporter's thread cannot be started")]
    #[non_exhaustive]
    Thread {
        /// The reason.
        source: io::Error,
    },
    /// The HTTP client or its TLS configuration cannot be built.
    #[error("the HTTP client cannot be built")]
    #[non_exhaustive]
    Client {
        /// The reason.
        source: Cause,
    },
}

/// Prints the sentence and its causes: this is what a `main` that returns the error prints.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
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
        /// The outcome of all items since the flush before.
        outcome: FlushOutcome,
    },
    /// Items were lost or refused since the flush before; none are pending.
    #[error("not everything was delivered: {outcome}")]
    #[non_exhaustive]
    Incomplete {
        /// The outcome of all items since the flush before.
        outcome: FlushOutcome,
    },
    /// The exporter's own thread called it, and would wait for itself.
    #[error("a flush cannot be waited for on the exporter's own thread")]
    OnWorker,
    /// This process is a child that was forked after the layer was started: the exporter's threads are in the parent, and
    /// nothing was sent or harmed. A child that wants to send starts a layer of its own.
    #[error("this process was forked, and the exporter is in its parent")]
    Forked,
    /// The exporter has stopped: it was shut down before, or failed.
    #[error("the exporter has stopped")]
    Stopped,
}

impl FlushError {
    /// Returns what became of all items since the flush before, if that is known.
    pub const fn outcome(&self) -> Option<&FlushOutcome> {
        match self {
            Self::TimedOut { outcome, .. } | Self::Incomplete { outcome } => Some(outcome),
            Self::OnWorker | Self::Forked | Self::Stopped => None,
        }
    }
}
