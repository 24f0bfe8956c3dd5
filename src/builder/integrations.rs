//! The conventions of other crates that are captured.

use super::Builder;

impl Builder {
    /// Chooses the conventions of other crates whose spans become LLM spans without a line of code.
    ///
    /// Names are `gen_ai` (OpenTelemetry's conventions, which rig and genai follow), `openinference`, `traceloop`,
    /// `langfuse` (swiftide too), `vercel`, `otel` (status, errors, session and user), `mcp`, `langchain_rust`,
    /// `gemini_rust`, `adk_rust` and `swiftide`, or `all`; an empty list chooses none. `-` is as good as `_`. Another name fails at
    /// start. The `llmobs.*` fields are always captured.
    ///
    /// Default: `all`. Environment: `DD_LLMOBS_INTEGRATIONS`, separated by commas, where `none` stands for the empty list
    /// and a name that does not exist is left out, with a warning.
    ///
    /// # Example
    ///
    /// ```
    /// let only_rig = tracing_llmobs::builder().integrations(["gen_ai", "otel"]);
    /// let only_llmobs_fields = tracing_llmobs::builder().integrations([""; 0]);
    /// # let _ = (only_rig, only_llmobs_fields);
    /// ```
    pub fn integrations(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.code.rest.integrations = Some(names.into_iter().map(|name| name.as_ref().to_owned()).collect());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use llmobs_conventions::Conventions;

    fn with(environment: &'static str) -> Builder {
        let read = |name: &str| (name == "DD_LLMOBS_INTEGRATIONS").then(|| environment.into());
        Builder { environment: Some(Config::from_env(&read)), ..Builder::default() }
    }

    #[test]
    #[expect(clippy::large_stack_arrays, reason = "a table of builders, in a test")]
    fn code_beats_environment_and_all_is_the_default() {
        let table = [
            (with(""), Conventions::ALL),
            (with("none"), Conventions::NONE),
            (with("langfuse, GEN-AI"), Conventions::LANGFUSE.with(Conventions::GEN_AI)),
            (with("banana").integrations(["otel"]), Conventions::OTEL),
            (with("otel").integrations(["all"]), Conventions::ALL),
            (with("otel").integrations([""; 0]), Conventions::NONE),
        ];
        for (builder, expected) in table {
            let settings = builder.settings().unwrap();
            assert_eq!((settings.integrations, settings.warnings.len()), (expected, 0));
        }
    }

    #[test]
    fn an_unknown_name_fails_in_code_and_is_left_out_of_the_environment() {
        let error = with("").integrations(["gen_ai", "banana"]).settings().unwrap_err().to_string();
        assert_eq!(error, "integrations names an integration that does not exist: \"banana\"");
        let settings = with("gen_ai,openinferense").settings().unwrap();
        let warnings: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(settings.integrations, Conventions::GEN_AI);
        let expected = "DD_LLMOBS_INTEGRATIONS names an integration that does not exist, which is left out: \
                        \"openinferense\"; did you mean openinference?";
        assert_eq!(warnings, [expected]);
    }
}
