//! The programs, written as a user of this crate would write them.

pub(super) mod annotation;
pub(super) mod config;
pub(super) mod content;
pub(super) mod delivery;
pub(super) mod distributed;
pub(super) mod errors;
pub(super) mod evaluations;
pub(super) mod instrument;
pub(super) mod kinds;
pub(super) mod processing;
pub(super) mod prompts;
pub(super) mod sessions;
pub(super) mod structure;
pub(super) mod tools;
