//! Forms of values: JSON in its order, Rust's `Debug`, and what an attribute's value is as text, number, flag or list.

pub mod debug_format;
pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod secrets;
