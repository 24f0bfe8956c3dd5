//! The destination of attributes that no rule of the mapping asks for by name.

use crate::Conventions;
use crate::convention::class::AttributeClass;
use crate::convention::precedence as table;
use crate::convention::{frameworks, gen_ai, openinference, traceloop, vercel};

/// The destination of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A rule of the mapping asks for the attribute by its name.
    Mapped,
    /// A tag without the first so many bytes of the name.
    Tag(usize),
    /// A metric, because the name is a count that no table knows, without the first so many bytes of the name.
    Metric(usize),
    /// A member of the metadata without the first so many bytes of the name.
    Metadata(usize),
}

/// Returns the destination of an attribute. Everything that is captured has one, so that nothing is lost silently.
pub(crate) fn destination(target: &str, name: &str) -> Destination {
    if let Some(rest) = gen_ai::tag_of(name) {
        let prefix = name.len().saturating_sub(rest.len());
        return if VECTORS.contains(&last_segment(name)) {
            Destination::Mapped
        } else if AttributeClass::of(name) == AttributeClass::Content {
            Destination::Metadata(prefix)
        } else {
            Destination::Tag(prefix)
        };
    }
    let is_tag = TAGS.contains(&name)
        || name.starts_with("openai.response.")
        || (name.starts_with("mcp.") && !MCP_PAYLOADS.contains(&name));
    if is_tag {
        return Destination::Tag(0);
    }
    if let Some(count) = name.strip_prefix(USAGE).filter(|count| !count.is_empty()) {
        let is_known = table::METRICS.iter().any(|(_, names)| names.contains(&name));
        return if is_known {
            Destination::Mapped
        } else {
            Destination::Metric(name.len().saturating_sub(count.len()))
        };
    }
    if name.starts_with("gen_ai.") || is_mapped(name) || frameworks::has_attribute(Conventions::ALL, target, name) {
        return Destination::Mapped;
    }
    Destination::Metadata(0)
}

fn is_mapped(name: &str) -> bool {
    LISTS.iter().any(|list| list.contains(&name))
        || FAMILIES.iter().any(|family| name.starts_with(family))
        || table::METADATA_FAMILIES.iter().any(|family| name.starts_with(family))
        || table::METADATA.iter().any(|(own, _)| *own == name)
        || table::METRICS.iter().any(|(_, names)| names.contains(&name))
        || VECTORS.contains(&last_segment(name))
}

fn last_segment(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

/// Prefix of counts.
const USAGE: &str = "gen_ai.usage.";
/// Attributes of other namespaces that are safe to send and have few values.
const TAGS: [&str; 5] =
    ["server.address", "server.port", "openai.api.type", "aws.bedrock.guardrail.id", "aws.bedrock.knowledge_base.id"];
const MCP_PAYLOADS: [&str; 2] = ["mcp.request.argument", "mcp.response.value"];
/// Vectors never leave.
const VECTORS: [&str; 4] = ["vector", "vectors", "embedding", "embeddings"];

const LISTS: &[&[&str]] = &[
    table::MODEL,
    table::PROVIDERS,
    table::TOOL_NAME,
    table::TOOL_ID,
    table::NAME,
    table::SESSION,
    table::USER,
    table::AGENT,
    table::LANGFUSE_KIND,
    table::INPUT_VALUE,
    table::OUTPUT_VALUE,
    table::TOOL_INPUT,
    table::TOOL_OUTPUT,
    table::RETRIEVAL_INPUT,
    table::RETRIEVAL_OUTPUT,
    table::FIRST_TOKEN,
    table::FINISH_REASONS,
    table::METADATA_OBJECTS,
    &vercel::VALUES,
    &[
        table::OPENINFERENCE_KIND,
        table::TRACELOOP_KIND,
        table::REQUEST_TYPE,
        table::VERCEL_OPERATION,
        table::FIRST_TOKEN_MS,
        openinference::INPUT_MIME_TYPE,
        openinference::OUTPUT_MIME_TYPE,
        openinference::INPUT_MESSAGES,
        openinference::OUTPUT_MESSAGES,
        openinference::PROMPTS,
        openinference::CHOICES,
        openinference::RERANKED,
        openinference::TAGS,
        "llm.tools",
        "llm.request.functions",
        traceloop::ENTITY,
        traceloop::WORKFLOW,
        vercel::PROMPT,
        vercel::PROMPT_MESSAGES,
        vercel::TOOLS,
        vercel::TEXT,
        vercel::OBJECT,
        vercel::CALLS,
        vercel::REASONING,
        vercel::FUNCTION,
        "langfuse.trace.tags",
        "langfuse.observation.usage_details",
        "langfuse.usage",
        "langfuse.observation.usage",
        "langfuse.observation.cost_details",
        "langfuse.cost",
        "langfuse.observation.level",
        "langfuse.observation.status_message",
        "langfuse.status_message",
        "dd_llmobs_enabled",
        "error",
    ],
];
const FAMILIES: &[&str] = &[
    "_dd.",
    "otel.",
    "exception.",
    "error.",
    "agent.",
    "graph.",
    "prompt.",
    "annotations.",
    "evaluations.",
    "trace.",
    "session.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "llm.choices.",
    "llm.prompt_template.",
    "llm.tools.",
    "llm.request.functions.",
    "retrieval.documents.",
    "reranker.output_documents.",
    "embedding.embeddings.",
    "traceloop.association.properties.",
    "traceloop.prompt.",
    "langfuse.observation.prompt.",
    "langfuse.internal.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_destination() {
        let cases = [
            ("gen_ai.request.model", Destination::Mapped),
            ("gen_ai.output.type", Destination::Tag(7)),
            ("gen_ai.guardrail.id", Destination::Tag(7)),
            ("gen_ai.security.content.input", Destination::Metadata(7)),
            ("gen_ai.embeddings.vectors", Destination::Mapped),
            ("mcp.method.name", Destination::Tag(0)),
            ("mcp.request.argument", Destination::Mapped),
            ("llm.prompts.0.prompt.text", Destination::Mapped),
            ("llm.of_tomorrow", Destination::Metadata(0)),
            ("openai.request.of_tomorrow", Destination::Metadata(0)),
            ("ai.response.id", Destination::Metadata(0)),
            ("model", Destination::Metadata(0)),
        ];
        for (name, expected) in cases {
            assert_eq!(destination("app", name), expected, "{name}");
        }
        assert_eq!(destination("langchain_rust::chain", "model"), Destination::Mapped);
    }
}
