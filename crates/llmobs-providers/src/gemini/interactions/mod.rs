//! `interactions`: Gemini's API of steps, in both of its generations.
//!
//! The first has `outputs` and streams `content.*`; the second has `steps`, each with contents of its own, and streams
//! `step.*`.

mod assembler;
mod codec;
mod step;
mod steps;

pub(in super::super) use codec::GeminiInteractions;
