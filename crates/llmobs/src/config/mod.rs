//! The command line and the environment, as values.

pub(crate) mod args;
pub(crate) mod env;
