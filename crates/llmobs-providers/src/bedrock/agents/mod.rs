//! Agents of Bedrock: `InvokeAgent`, whose answer is always a stream of pieces of text and, where it is asked for, of traces.

mod call;
mod rebuild;
mod step;
mod steps;
mod time;

pub(crate) use call::{Agents, Place};
