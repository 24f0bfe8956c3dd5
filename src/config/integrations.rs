//! Which other crates' words are heard: a list of names.

use super::given::{ConfigWarning, Read, excerpt};
use crate::error::ConfigError;
use llmobs_conventions::Conventions;

/// What a list of names stands for; `Err` is the first one that nobody has.
pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Conventions, String> {
    let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty());
    names.filter(|name| !name.eq_ignore_ascii_case(NONE)).try_fold(Conventions::NONE, |heard, name| {
        let one = if name.eq_ignore_ascii_case(ALL) { Some(Conventions::ALL) } else { Conventions::named(name) };
        one.map(|one| heard.with(one)).ok_or_else(|| excerpt(name))
    })
}

/// What holds: of the code, where a name must be right, else of the environment, else all.
pub(super) fn resolve(
    code: Option<Read<Conventions>>,
    environment: Option<Read<Conventions>>,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Conventions, ConfigError> {
    if let Some(given) = code {
        return given.value.map_err(|value| ConfigError::Integration { setting: given.setting, value });
    }
    let Some(given) = environment else { return Ok(Conventions::ALL) };
    Ok(given.value.unwrap_or_else(|value| {
        warnings.push(ConfigWarning::Integration { setting: given.setting, value });
        Conventions::ALL
    }))
}

const ALL: &str = "all";
const NONE: &str = "none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_add_up_and_a_wrong_one_is_told() {
        let both = Conventions::GEN_AI.with(Conventions::LANGFUSE);
        let table = [
            ("all", Ok(Conventions::ALL)),
            ("none", Ok(Conventions::NONE)),
            (" Gen-AI , langfuse,", Ok(both)),
            ("gen_ai,ALL", Ok(Conventions::ALL)),
            ("gen_ai,Banana", Err("Banana".to_owned())),
        ];
        for (text, expected) in table {
            assert_eq!(named(text.split(',')), expected, "{text}");
        }
        assert_eq!(named([]), Ok(Conventions::NONE));
    }
}
