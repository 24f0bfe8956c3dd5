//! Spans that other crates write in words of their own become LLM spans: cases that are played, and programs.

mod callsite;
mod cases;
mod context;
mod evaluations;
mod hostile;
mod matcher;
mod play;
mod privacy;
mod programs;
mod remarks;
mod trees;
