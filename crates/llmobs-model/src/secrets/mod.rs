//! The rule for secrets: which names and which values must not leave the process.
//!
//! In: names, texts, JSON. Out: the same with `[secret]` where a secret was, and how many there were. Never: a regular
//! expression, recursion, or time that is not linear in the text.

mod found;
mod json;
mod name;
mod name_words;
mod named;
mod scan;
mod separators;
mod shapes;
mod texts;
mod word;

pub use found::MARK;
pub use json::{hide_in_members, hide_in_value};
pub use name::{NameVerdict, judge_name};
pub use texts::{TextRule, hide_in_text};

#[cfg(test)]
mod tests;
