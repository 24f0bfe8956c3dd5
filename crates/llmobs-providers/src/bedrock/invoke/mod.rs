//! `InvokeModel` and `InvokeModelWithResponseStream`: the bodies are those of the model's family.

mod call;
mod dialect;
mod rebuild;
mod text;

pub(crate) use call::Invoke;
