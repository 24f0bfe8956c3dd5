//! Exchanges with Ollama, written by hand from its public description.

mod chat;
mod others;
mod stream;
