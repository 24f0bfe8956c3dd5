//! See `stream.rs` of the library.

fn main() -> Result<(), String> {
    tracing_llmobs_benches::stream::main()
}
