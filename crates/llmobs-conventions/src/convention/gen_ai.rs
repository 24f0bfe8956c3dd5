//! `OpenTelemetry` `GenAI` (`gen_ai.*`) in all versions from 1.27 to semantic-conventions-genai 0.1: operations, and
//! attributes that become tags.

use llmobs_model::SpanKind;

/// Returns the kind of an operation; an unknown operation is a workflow.
pub(crate) fn kind_of_operation(operation: &str) -> SpanKind {
    let operation = operation.trim().to_ascii_lowercase();
    OPERATIONS
        .iter()
        .find(|(_, names)| names.contains(&operation.as_str()))
        .map_or(SpanKind::Workflow, |(kind, _)| *kind)
}

/// Values of `gen_ai.operation.name` by kind: Datadog's own table first, then values that other emitters write.
pub(crate) const OPERATIONS: &[(SpanKind, &[&str])] = &[
    (
        SpanKind::Llm,
        &[
            "chat",
            "text_completion",
            "completion",
            "generate_content",
            "chat_streaming",
            "interactions",
            "interactions_streaming",
            "transcription",
            "image_generation",
            "audio_generation",
            "llm_request",
            "responses",
            "message",
            "messages",
            "realtime_inference",
        ],
    ),
    (SpanKind::Embedding, &["embeddings", "embedding"]),
    (SpanKind::Tool, &["execute_tool"]),
    (SpanKind::Agent, &["invoke_agent", "create_agent"]),
    (SpanKind::Retrieval, &["retrieval", "retriever", "retrieve", "vector_db_retrieve", "search_memory"]),
    (
        SpanKind::Task,
        &[
            "execute_task",
            "run_guardrail",
            "create_memory",
            "update_memory",
            "upsert_memory",
            "delete_memory",
            "create_memory_store",
            "delete_memory_store",
        ],
    ),
    (SpanKind::Workflow, &["rerank", "unknown", "invoke_workflow", "plan", "agent_step"]),
];

/// Returns whether an attribute of an event belongs to the event alone, and fills no gap of the span.
pub(crate) fn is_of_event(name: &str) -> bool {
    [INPUT_MESSAGES, OUTPUT_MESSAGES].contains(&name)
}

/// Returns the tag key of an attribute that becomes a tag: the rest of its name. `None` for attributes that are mapped
/// elsewhere.
pub(crate) fn tag_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("gen_ai.")?;
    let is_taken = TAKEN.contains(&rest) || TAKEN_FAMILIES.iter().any(|family| rest.starts_with(family));
    (!is_taken).then_some(rest)
}

pub(crate) const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub(crate) const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
pub(crate) const INSTRUCTIONS: &str = "gen_ai.system_instructions";
pub(crate) const PROMPT: &str = "gen_ai.prompt";
pub(crate) const PROMPTS: &str = "gen_ai.prompt.";
pub(crate) const COMPLETION: &str = "gen_ai.completion";
/// Prompt as adk writes it; its completion follows.
pub(crate) const OTHER_PROMPT: &str = "gen_ai.content.prompt";
pub(crate) const OTHER_COMPLETION: &str = "gen_ai.content.completion";
pub(crate) const COMPLETIONS: &str = "gen_ai.completion.";
pub(crate) const REQUEST: &str = "gen_ai.request.";
pub(crate) const AGENT_ID: &str = "gen_ai.agent.id";
pub(crate) const AGENT_VERSION: &str = "gen_ai.agent.version";
pub(crate) const WORKFLOW: &str = "gen_ai.workflow.name";
pub(crate) const RESPONSE_ID: &str = "gen_ai.response.id";
pub(crate) const OUTCOME: &str = "gen_ai.tool.call.outcome";
pub(crate) const TOOL_ERROR: &str = "gen_ai.tool.error.type";

/// The event, and the attribute, that make an event or a span an evaluation.
pub(crate) const EVALUATION_EVENT: &str = "gen_ai.evaluation.result";
pub(crate) const EVALUATION_NAME: &str = "gen_ai.evaluation.name";
/// Records of a memory: found by a search, and stored by the operations of [`STORING`].
pub(crate) const RECORDS: &str = "gen_ai.memory.records";
pub(crate) const STORING: &[&str] = &["create_memory", "update_memory", "upsert_memory"];

/// Names, without `gen_ai.`, that are mapped to something other than a tag.
const TAKEN: &[&str] = &[
    "operation.name",
    "provider.name",
    "system",
    "system_instructions",
    "response.model",
    "response.model_name",
    "response.finish_reasons",
    "response.finish_reason",
    "response.stop_reason",
    "response.time_to_first_chunk",
    "server.time_to_first_token",
    "server.request.duration",
    "is_streaming",
    "input.messages",
    "output.messages",
    "prompt",
    "completion",
    "tool.name",
    "tool.definitions",
    "tool.description",
    "tool.type",
    "tool.call_id",
    "tool.call.id",
    "tool.call.arguments",
    "tool.call.result",
    "tool.call.outcome",
    "tool.arguments",
    "tool.result",
    "tool.error.type",
    "agent.description",
    "agent.version",
    "conversation.id",
    "user",
    "retrieval.query.text",
    "retrieval.documents",
    "retrieval.top_k",
    "memory.query.text",
    "memory.records",
    "task.input",
    "task.output",
    "cost.estimated_total",
    "token.type",
    "content.prompt",
    "content.completion",
    "openai.request.seed",
    "openai.request.response_format",
    "openai.request.service_tier",
];
const TAKEN_FAMILIES: &[&str] = &["request.", "usage.", "prompt.", "completion.", "evaluation.", "client."];
