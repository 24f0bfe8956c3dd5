//! `InvokeModel` and `InvokeModelWithResponseStream`: the bodies are those of the model's family.

mod call;
mod dialect;
mod rebuild;
mod text;

pub(in crate::providers) use call::Invoke;
