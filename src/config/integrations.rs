//! The conventions of other crates that are captured: a list of names.

use super::given::{Given, excerpt};
use super::warning::ConfigWarning;
use crate::error::ConfigError;
use crate::nearest::nearest;
use llmobs_conventions::Conventions;

/// Resolves the lists: that of the code, where every name must exist, else that of the environment, else all.
pub(super) fn resolve(
    code: Option<&Vec<String>>,
    environment: Option<&Given<String>>,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Conventions, ConfigError> {
    if let Some(names) = code {
        let unknown = |name: &str| ConfigError::Integration { setting: "integrations", value: excerpt(name) };
        return parse(names.iter().map(String::as_str), |name| Err(unknown(name)));
    }
    let Some(Given { setting, value }) = environment else { return Ok(Conventions::ALL) };
    // A name that a newer version knows must not stop a program, and must not switch on what nobody asked for.
    parse(value.split(','), |name| {
        let nearest = nearest(name, Conventions::NAMES.iter().map(|(name, _)| *name));
        warnings.push(ConfigWarning::Integration { setting, value: excerpt(name), nearest });
        Ok(Conventions::NONE)
    })
}

/// Adds up the sets that the names stand for; `unknown` decides about a name that does not exist.
fn parse<'a>(
    names: impl IntoIterator<Item = &'a str>,
    mut unknown: impl FnMut(&str) -> Result<Conventions, ConfigError>,
) -> Result<Conventions, ConfigError> {
    let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
    names.filter(|name| !name.eq_ignore_ascii_case(NONE)).try_fold(Conventions::NONE, |chosen, name| {
        if name.eq_ignore_ascii_case(ALL) {
            return Ok(Conventions::ALL);
        }
        Conventions::named(name).map_or_else(|| unknown(name), Ok).map(|one| chosen.with(one))
    })
}

const ALL: &str = "all";
const NONE: &str = "none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_add_up_and_unknown_ones_are_left_out_with_a_warning() {
        let both = Conventions::GEN_AI.with(Conventions::LANGFUSE);
        let table = [
            ("all", Conventions::ALL, 0),
            ("none", Conventions::NONE, 0),
            (" Gen-AI , langfuse,", both, 0),
            ("gen_ai,ALL", Conventions::ALL, 0),
            ("gen_ai,Banana,langfuse", both, 1),
            ("banana", Conventions::NONE, 1),
        ];
        for (text, expected, count) in table {
            let mut warnings = Vec::new();
            let given = Given::new("DD_LLMOBS_INTEGRATIONS", text.to_owned());
            assert_eq!(resolve(None, Some(&given), &mut warnings).unwrap(), expected, "{text}");
            assert_eq!(warnings.len(), count, "{text}");
        }
        assert_eq!(resolve(None, None, &mut Vec::new()).unwrap(), Conventions::ALL);
    }
}
