//! Exchanges with Cohere, written by hand from its public description.

mod embed;
mod first;
mod second;
mod stream;
mod urls;
