//! The builder's methods that are made from the table of settings in `config/table.rs`.

use std::time::Duration;

use super::Builder;
use crate::config::{ApiKey, Given, UrlText, settings_table};

macro_rules! setters {
    ($($section:ident { $(
        $(#[$doc:meta])*
        $field:ident: $kind:ident {
            variable: $variable:literal, value: $value:literal, $(least: $least:literal, most: $most:literal,)?
            default: $default:literal, method: $method:tt, meaning: $meaning:literal,
        }
    )* })*) => {
        impl Builder { $($(
            setters! { @method $method $kind $field
                [
                    doc = $meaning, doc = "", $($doc,)* doc = "",
                    doc = concat!(
                        "Value: ", $value $(, ", ", $least, " to ", $most)?, ". Default: ", $default,
                        ". Environment: `", $variable, "`."
                    )
                ]
            }
        )*)* }
    };
    (@method generated Switch $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: bool) -> Self {
            self.code.$field = Some(Given::new(stringify!($field), Ok(value)));
            self
        }
    };
    (@method generated Share $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: f64) -> Self {
            self.code.$field = Some(Given::new(stringify!($field), Ok(value)));
            self
        }
    };
    (@method generated Count $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: usize) -> Self {
            self.code.$field = Some(Given::new(stringify!($field), Ok(value)));
            self
        }
    };
    (@method generated Seconds $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: Duration) -> Self {
            self.code.$field = Some(Given::new(stringify!($field), Ok(value)));
            self
        }
    };
    (@method generated Text $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: impl Into<String>) -> Self {
            let value = value.into();
            self.code.$field = (!value.trim().is_empty()).then(|| Given::new(stringify!($field), value));
            self
        }
    };
    (@method generated Url $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: impl Into<String>) -> Self {
            let value = value.into();
            self.code.$field = (!value.trim().is_empty()).then(|| Given::new(stringify!($field), UrlText(value)));
            self
        }
    };
    (@method generated Key $field:ident [$($doc:meta),*]) => {
        $(#[$doc])*
        pub fn $field(mut self, value: impl Into<ApiKey>) -> Self {
            let value = value.into();
            self.code.$field = (!value.expose().is_empty()).then(|| Given::new(stringify!($field), value));
            self
        }
    };
    // A row without a method, or with one that is written by hand.
    (@method $method:literal $kind:ident $field:ident [$($doc:meta),*]) => {};
}

settings_table!(setters);
