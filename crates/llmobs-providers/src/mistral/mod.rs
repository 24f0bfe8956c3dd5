//! Mistral's APIs, which are nearly OpenAI's.
//!
//! In: chat completions, agents' completions, embeddings. What is the same is read by [`openai`](super::openai): messages,
//! thoughts, tools, chunks. Here is what differs: names, settings, contents in parts, counts of the cache, errors.
//! Never: settings of OpenAI's that Mistral does not know.
//!
//! Source: the reference of `docs.mistral.ai`, and for what is shown of it Datadog's Python SDK,
//! `ddtrace/llmobs/_integrations/mistralai.py`; it leaves results of tools as text, which we do not.

mod assembler;
mod chat;
mod embeddings;
#[cfg(test)]
mod tests;

pub(super) use chat::MistralChat;
pub(super) use embeddings::MistralEmbeddings;
