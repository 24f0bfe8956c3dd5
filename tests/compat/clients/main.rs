//! Client crates against a provider on loopback: what an application sees is what it saw before, and each call is one event.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::excessive_nesting,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test may panic, and a table of expectations reads best where it is used"
)]

mod async_openai;
mod bedrock;
mod bedrock_agents;
mod genai;
mod hyper_util;
mod openai_responses;
mod other_providers;
mod reqwest_middleware;
mod rig;
mod rig_providers;
mod rmcp;
mod stage;
