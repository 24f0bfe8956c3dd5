//! The settings of one source, code or environment, before they are resolved.

use std::ffi::OsString;

use super::env::Environment;
use super::given::{Given, Read};
use super::kinds::{Bounds, Count, Key, Kind, Parsed, Seconds, Share, Stderr, Switch, Text, Url};
use super::table::settings_table;
use super::warning::ConfigWarning;
use llmobs_model::Tags;

macro_rules! declare {
    (
        general { $( $(#[$general_doc:meta])* $general:ident: $general_kind:ident {
            variable: $general_variable:literal, value: $general_value:literal, default: $general_default:literal,
            method: $general_method:tt, meaning: $general_meaning:literal,
        } )* }
        tuning { $( $(#[$doc:meta])* $field:ident: $kind:ident {
            variable: $variable:literal, value: $value:literal, least: $least:literal, most: $most:literal,
            default: $default:literal, method: $method:tt, meaning: $meaning:literal,
        } )* }
    ) => {
        /// Everything that can be set, by one source; `None` is unset.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Config {
            $( pub(crate) $general: Option<Given<<$general_kind as Kind>::Stored>>, )*
            $( pub(crate) $field: Option<Given<<$kind as Kind>::Stored>>, )*
            pub(crate) rest: Rest,
            /// The executable's name.
            pub(crate) executable: Option<String>,
            /// `true` if the Agent of this host has its socket at the usual place.
            pub(crate) has_agent_socket: bool,
            /// Variables that have no effect.
            pub(crate) oddities: Vec<ConfigWarning>,
        }

        impl Config {
            /// Reads every variable of the table.
            pub(crate) fn from_env(read: &dyn Fn(&str) -> Option<OsString>) -> Self {
                let env = Environment { read };
                Self {
                    $( $general: env.given::<$general_kind>($general_variable), )*
                    $( $field: env.given::<$kind>($variable), )*
                    ..Self::default()
                }
            }

            /// Fills what is unset here from `other`.
            pub(crate) fn over(self, other: Self) -> Self {
                let mut oddities = self.oddities;
                oddities.extend(other.oddities);
                Self {
                    $( $general: self.$general.or(other.$general), )*
                    $( $field: self.$field.or(other.$field), )*
                    rest: self.rest.over(other.rest),
                    executable: self.executable.or(other.executable),
                    has_agent_socket: self.has_agent_socket || other.has_agent_socket,
                    oddities,
                }
            }

            /// Checks the numbers against their ranges.
            pub(super) fn tuning(&self, warnings: &mut Vec<ConfigWarning>) -> Tuning {
                Tuning { $(
                    $field: Bounds { unit: $value, least: $least, most: $most, default: $default }
                        .pick::<$kind>(self.$field.clone(), warnings),
                )* }
            }
        }

        /// The numbers that hold, each within its range.
        #[derive(Debug, Clone)]
        pub(crate) struct Tuning {
            $( #[doc = $meaning] pub(crate) $field: <$kind as Parsed>::Value, )*
        }
    };
}

settings_table!(declare);

/// Settings that exist only in code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest {
    /// The newer name of `ml_app`, which wins.
    pub(crate) agent_service: Option<Given<String>>,
    /// Tags that win over service, environment and version.
    pub(crate) tags: Tags,
    /// `true` if a tag had no key.
    pub(crate) has_keyless_tag: bool,
    /// Names of integrations, all of which must exist.
    pub(crate) integrations: Option<Vec<String>>,
    pub(crate) mark_proxy_calls: Option<Read<bool>>,
    /// `true` if batches go to an exporter of the application.
    pub(crate) has_exporter: bool,
}

impl Rest {
    fn over(self, other: Self) -> Self {
        let mut tags = other.tags;
        tags.extend(&self.tags);
        Self {
            agent_service: self.agent_service.or(other.agent_service),
            tags,
            has_keyless_tag: self.has_keyless_tag || other.has_keyless_tag,
            integrations: self.integrations.or(other.integrations),
            mark_proxy_calls: self.mark_proxy_calls.or(other.mark_proxy_calls),
            has_exporter: self.has_exporter || other.has_exporter,
        }
    }
}
