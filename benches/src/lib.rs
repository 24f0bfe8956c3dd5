//! Costs of the layer on the application's threads, beside its peers. `README.md` says how to run it and
//! what the numbers mean.

pub mod burst;
pub mod program;
pub mod request;
pub mod runner;
pub mod stream;
pub mod text;
pub mod variant;
pub mod workload;
