//! The APIs of OpenAI: exchanges written by hand from its public reference.

mod chat;
mod chat_streams;
mod completions;
mod embeddings;
mod hosts;
mod prompts;
mod random;
mod remote_tools;
mod response_streams;
mod responses;

const CHAT: &str = "https://api.openai.com/v1/chat/completions";
const COMPLETIONS: &str = "https://api.openai.com/v1/completions";
const EMBEDDINGS: &str = "https://api.openai.com/v1/embeddings";
const RESPONSES: &str = "https://api.openai.com/v1/responses";
