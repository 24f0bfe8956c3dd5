//! The environment of the process: the only file that reads it.

use std::ffi::OsString;
use std::path::Path;

use super::declared::Config;
use super::given::Given;
use super::kinds::Kind;
use super::variable::VARIABLES;
use super::warning::ConfigWarning;
use crate::nearest::nearest;

impl Config {
    /// Reads the environment of this process, its executable's name, and whether the Agent's socket exists.
    pub(crate) fn from_process() -> Self {
        let executable = std::env::current_exe().ok();
        let executable =
            executable.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
        let has_agent_socket = cfg!(unix) && Path::new(AGENT_SOCKET).exists();
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let oddities = names.filter_map(|name| oddity(&name)).collect();
        let settings = Self::from_env(&|name| std::env::var_os(name));
        Self { executable, has_agent_socket, oddities, ..settings }
    }
}

/// Returns a warning for a variable that users expect to have an effect, and that has none.
fn oddity(name: &str) -> Option<ConfigWarning> {
    if let Some((name, instead)) = WITHOUT_EFFECT.into_iter().find(|(other, _)| *other == name) {
        return Some(ConfigWarning::WithoutEffect { name, instead });
    }
    let is_ours = OUR_PREFIXES.into_iter().any(|prefix| name.starts_with(prefix));
    let is_known = VARIABLES.iter().any(|variable| variable.name == name);
    (is_ours && !is_known).then(|| {
        let nearest = nearest(name, VARIABLES.iter().map(|variable| variable.name));
        ConfigWarning::UnknownVariable { name: super::given::excerpt(name), nearest }
    })
}

/// Reads variables through a function, so that tests need no environment of their own.
pub(super) struct Environment<'a> {
    pub(super) read: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Environment<'_> {
    /// Returns the value of a variable; one that is blank counts as not set.
    pub(super) fn given<K: Kind>(&self, variable: &'static str) -> Option<Given<K::Stored>> {
        // Bytes that are not UTF-8 become U+FFFD, which the grammars of addresses, keys and numbers refuse by name.
        let text = (self.read)(variable)?.to_string_lossy().trim_matches([' ', '\t']).to_owned();
        (!text.trim().is_empty()).then(|| Given::new(variable, K::store(text)))
    }
}

/// The usual place of the Agent's socket.
pub(super) const AGENT_SOCKET: &str = "/var/run/datadog/apm.socket";
const OUR_PREFIXES: [&str; 2] = ["DD_LLMOBS_", "_DD_LLMOBS_"];
const PROPAGATION: &str =
    "both Datadog's headers and W3C's are read and written; see the module propagation for choosing";
/// Documented variables of Datadog's SDKs that users try, each with what to do instead.
const WITHOUT_EFFECT: [(&str, &str); 3] = [
    ("DD_TRACE_PROPAGATION_STYLE", PROPAGATION),
    ("DD_TRACE_PROPAGATION_STYLE_EXTRACT", PROPAGATION),
    ("DD_TRACE_PROPAGATION_STYLE_INJECT", PROPAGATION),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_without_effect_are_named_with_the_nearest_that_has_one() {
        let table = [
            (
                "DD_LLMOBS_MLAPP",
                "DD_LLMOBS_MLAPP is not a setting of tracing-llmobs, so it is ignored; did you mean DD_LLMOBS_ML_APP?",
            ),
            ("DD_LLMOBS_PROJECT_NAME", "DD_LLMOBS_PROJECT_NAME is not a setting of tracing-llmobs, so it is ignored"),
            ("DD_LLMOBS_ML_APP", ""),
            ("DD_TRACE_DEBUG", ""),
            ("PATH", ""),
        ];
        for (name, expected) in table {
            let warning = oddity(name).map(|warning| warning.to_string()).unwrap_or_default();
            assert_eq!(warning, expected, "{name}");
        }
        let warning = oddity("DD_TRACE_PROPAGATION_STYLE").unwrap().to_string();
        assert!(warning.starts_with("DD_TRACE_PROPAGATION_STYLE has no effect here: both"), "{warning}");
    }
}
