//! Client crates against a provider on loopback: what an application sees is what it saw before, and each call is one event.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod async_openai;
mod bedrock;
mod genai;
mod reqwest_middleware;
mod rig;
mod rmcp;
mod stage;
