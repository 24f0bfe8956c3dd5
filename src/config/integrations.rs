//! The conventions of other crates that are captured: a list of names.

use super::given::{Given, excerpt};
use super::nearest::nearest;
use super::warning::ConfigWarning;
use crate::error::ConfigError;
use crate::vocabulary::Vocabularies;

/// Resolves the lists: that of the code, where every name must exist, else that of the environment, else all.
pub(super) fn resolve(
    code: Option<&Vec<String>>,
    environment: Option<&Given<String>>,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Vocabularies, ConfigError> {
    if let Some(names) = code {
        let unknown = |name: &str| ConfigError::Integration { setting: "integrations", value: excerpt(name) };
        return parse(names.iter().map(String::as_str), |name| Err(unknown(name)));
    }
    let Some(Given { setting, value }) = environment else { return Ok(Vocabularies::ALL) };
    // A name that a newer version knows must not stop a program, and must not switch on what nobody asked for.
    parse(value.split(','), |name| {
        let nearest = nearest(name, Vocabularies::NAMES.map(|(name, _)| name));
        warnings.push(ConfigWarning::Integration { setting, value: excerpt(name), nearest });
        Ok(Vocabularies::NONE)
    })
}

/// Adds up the sets that the names stand for; `unknown` decides about a name that does not exist.
fn parse<'a>(
    names: impl IntoIterator<Item = &'a str>,
    mut unknown: impl FnMut(&str) -> Result<Vocabularies, ConfigError>,
) -> Result<Vocabularies, ConfigError> {
    let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
    names.filter(|name| !name.eq_ignore_ascii_case(NONE)).try_fold(Vocabularies::NONE, |chosen, name| {
        if name.eq_ignore_ascii_case(ALL) {
            return Ok(Vocabularies::ALL);
        }
        Vocabularies::named(name).map_or_else(|| unknown(name), Ok).map(|one| chosen.with(one))
    })
}

const ALL: &str = "all";
const NONE: &str = "none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_add_up_and_unknown_ones_are_left_out_with_a_warning() {
        let both = Vocabularies::GEN_AI.with(Vocabularies::LANGFUSE);
        let table = [
            ("all", Vocabularies::ALL, 0),
            ("none", Vocabularies::NONE, 0),
            (" Gen-AI , langfuse,", both, 0),
            ("gen_ai,ALL", Vocabularies::ALL, 0),
            ("gen_ai,Banana,langfuse", both, 1),
            ("banana", Vocabularies::NONE, 1),
        ];
        for (text, expected, count) in table {
            let mut warnings = Vec::new();
            let given = Given::new("DD_LLMOBS_INTEGRATIONS", text.to_owned());
            assert_eq!(resolve(None, Some(&given), &mut warnings).unwrap(), expected, "{text}");
            assert_eq!(warnings.len(), count, "{text}");
        }
        assert_eq!(resolve(None, None, &mut Vec::new()).unwrap(), Vocabularies::ALL);
    }
}
