//! Whose words are heard.

use super::Builder;
use crate::config::{Given, named};

impl Builder {
    /// The other crates' words in which spans of theirs become LLM spans without a line of code.
    ///
    /// Names are `gen_ai` (OpenTelemetry's conventions, which rig and genai follow), `openinference`, `traceloop`,
    /// `langfuse` (swiftide too), `vercel`, `otel` (how a span went and whose it is), `mcp`, `langchain_rust`,
    /// `gemini_rust` and `adk_rust`, or `all`; an empty list is none of them. `-` is as good as `_`. Another name fails
    /// at start. Our own `llmobs.*` fields are always heard.
    ///
    /// Default: `all`. Environment: `DD_LLMOBS_INTEGRATIONS`, separated by commas, where `none` stands for the empty list.
    ///
    /// # Example
    ///
    /// ```
    /// let only_rig = tracing_llmobs::builder().integrations(["gen_ai", "otel"]);
    /// let only_ours = tracing_llmobs::builder().integrations([""; 0]);
    /// # let _ = (only_rig, only_ours);
    /// ```
    pub fn integrations(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let heard = named(names.iter().map(AsRef::as_ref));
        self.code.code_integrations = Some(Given::new("integrations", heard));
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
    fn a_name_that_nobody_has_fails_in_code_and_is_told_in_the_environment() {
        let error = with("").integrations(["gen_ai", "banana"]).settings().unwrap_err().to_string();
        assert_eq!(error, "integrations names an integration that does not exist: \"banana\"");
        let settings = with("gen_ai,banana").settings().unwrap();
        let warnings: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(settings.integrations, Conventions::ALL);
        assert_eq!(
            warnings,
            ["DD_LLMOBS_INTEGRATIONS names an integration that does not exist, so the default all is used: \"banana\""]
        );
    }
}
