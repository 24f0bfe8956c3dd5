//! The runner: all variants of a workload side by side. See `runner.rs` of the library.

fn main() -> Result<(), String> {
    tracing_llmobs_benches::runner::main()
}
