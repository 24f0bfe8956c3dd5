//! `BedrockAgent` of Bedrock: `InvokeAgent`, whose answer is always a stream of pieces of text and, where it is asked for, of traces.

mod assembler;
mod call;
mod step;
mod steps;
mod timestamp;

pub(crate) use call::{AgentUrl, BedrockAgent};
