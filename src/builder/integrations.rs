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
    pub fn integrations<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<N> = names.into_iter().collect();
        let heard = named(names.iter().map(AsRef::as_ref));
        self.code.code_integrations = Some(Given::new("integrations", heard));
        self
    }
}
