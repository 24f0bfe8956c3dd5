fn main() -> std::process::ExitCode {
    tracing_llmobs_hostile::main(Vec::new())
}
