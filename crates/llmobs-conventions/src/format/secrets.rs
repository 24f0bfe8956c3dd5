//! Names of attributes and members that must not leave the process.

use llmobs_model::secrets::{NameVerdict, judge_name};

/// Returns whether a name says that its value is a secret. The headers of requests count: each may be a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    judge_name(name) == NameVerdict::Secret || name.split(['.', '_', '-']).any(|word| HEADERS.contains(&word))
}

const HEADERS: [&str; 4] = ["header", "headers", "Header", "Headers"];
