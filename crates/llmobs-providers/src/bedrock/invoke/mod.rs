//! `InvokeModel` and `InvokeModelWithResponseStream`: the bodies are those of the model's family.

mod assembler;
mod call;
mod dialect;
mod text;

pub(crate) use call::BedrockInvoke;
