//! Exchanges with Mistral, written by hand from its public description.

mod chat;
mod embeddings;
mod stream;
