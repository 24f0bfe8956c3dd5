//! Exchanges with Cohere, written by hand from its public description.

mod embed;
mod stream;
mod urls;
mod v1;
mod v2;
