//! The environment variables as users see them, made from the table of settings.

use super::table::settings_table;

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
    /// The name in the environment.
    pub name: &'static str,
    /// The method of [`Builder`](crate::Builder) for the same setting, which wins; empty if there is none.
    pub setter: &'static str,
    /// The form of a value, with the range of a number.
    pub unit: &'static str,
    /// The value that holds without the variable and the method.
    pub default: &'static str,
    /// The effect, in one sentence.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($section:ident { $(
        $(#[$doc:meta])*
        $field:ident: $kind:ident {
            variable: $variable:literal, value: $value:literal, $(least: $least:literal, most: $most:literal,)?
            default: $default:literal, method: $method:tt, meaning: $meaning:literal,
        }
    )* })*) => {
        $($(
            pub(crate) const $field: Variable = Variable {
                name: $variable,
                setter: variables!(@setter $method $field),
                unit: concat!($value $(, ", ", $least, " to ", $most)?),
                default: $default,
                meaning: $meaning,
            };
        )*)*

        /// All environment variables that this crate reads, for example for the help text of a program.
        pub const VARIABLES: &[&Variable] = &[$($(&$field),*),*];
    };
    (@setter generated $field:ident) => { stringify!($field) };
    (@setter $method:literal $field:ident) => { $method };
}

/// A constant for each row, named as its field is.
#[expect(non_upper_case_globals, reason = "a row has one name, which is that of a field and a method")]
#[allow(dead_code, reason = "few of them are used beside the list")]
mod rows {
    use super::{Variable, settings_table};

    settings_table!(variables);
}

pub use rows::VARIABLES;
pub(crate) use rows::api_key as API_KEY;
pub(super) use rows::{agent_url as AGENT_URL, service as SERVICE, tags as TAGS};
