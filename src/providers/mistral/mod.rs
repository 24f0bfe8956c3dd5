//! Mistral's APIs.
pub(super) use super::openai::{Chat, Embeddings};
