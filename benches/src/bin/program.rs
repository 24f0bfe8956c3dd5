//! Runs one variant in one process; see `program.rs` of the library.

fn main() -> Result<(), String> {
    tracing_llmobs_benches::program::main()
}
