//! Precedence: for each fact about a span, the attributes that state it, the strongest first.
//!
//! Conventions stand side by side in each list, because one span may carry several and each fact is decided on its
//! own.

/// Model.
pub(crate) const MODEL: &[&str] = &[
    "gen_ai.response.model",
    "gen_ai.response.model_name",
    "llm.response.model_name",
    REQUEST_MODEL,
    "llm.model_name",
    "llm.request.model_name",
    EMBEDDING_MODEL,
    "langfuse.observation.model.name",
    "langfuse.model",
    "ai.response.model",
    "ai.model.id",
];
/// Requested model, which the name of a span is built from.
pub(crate) const REQUEST_MODEL: &str = "gen_ai.request.model";
/// Model, on embedding spans only.
pub(crate) const EMBEDDING_MODEL: &str = "embedding.model_name";

/// Provider of the model.
pub(crate) const PROVIDERS: &[&str] = &[
    PROVIDER,
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "langfuse.observation.metadata.ls_provider",
    VERCEL_PROVIDER,
];
pub(crate) const PROVIDER: &str = "gen_ai.provider.name";
/// Provider; only the part before the first dot counts.
pub(crate) const VERCEL_PROVIDER: &str = "ai.model.provider";

/// Name of a tool span.
pub(crate) const TOOL_NAME: &[&str] = &["gen_ai.tool.name", "tool.name", "ai.toolCall.name"];
/// Id of the tool call that a tool span answers.
pub(crate) const TOOL_ID: &[&str] = &["gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool.id", "ai.toolCall.id"];
/// Name of any span.
pub(crate) const NAME: &[&str] = &["otel.name", "langfuse.observation.name", "traceloop.entity.name"];

pub(crate) const SESSION: &[&str] =
    &[CONVERSATION, "session.id", "langfuse.session.id", "traceloop.association.properties.session_id"];
pub(crate) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(crate) const USER: &[&str] = &[
    "user.id",
    "enduser.id",
    "langfuse.user.id",
    "gen_ai.user",
    "llm.user",
    "traceloop.association.properties.user_id",
];
pub(crate) const AGENT: &[&str] = &["gen_ai.agent.name", "agent.name"];

/// Operation, the strongest source of the kind.
pub(crate) const OPERATION: &str = "gen_ai.operation.name";
pub(crate) const OPENINFERENCE_KIND: &str = "openinference.span.kind";
pub(crate) const LANGFUSE_KIND: &[&str] = &["langfuse.observation.type", "langfuse.type"];
pub(crate) const TRACELOOP_KIND: &str = "traceloop.span.kind";
pub(crate) const REQUEST_TYPE: &str = "llm.request.type";
pub(crate) const VERCEL_OPERATION: &str = "ai.operationId";

/// Input of spans whose content is text. `OpenTelemetry`'s messages come before it, messages of other conventions
/// after it.
pub(crate) const INPUT_VALUE: &[&str] = &[
    "langfuse.observation.input",
    "langfuse.input",
    "input.value",
    "traceloop.entity.input",
    "gen_ai.task.input",
    "reranker.query",
];
pub(crate) const OUTPUT_VALUE: &[&str] = &[
    "langfuse.observation.output",
    "langfuse.output",
    "output.value",
    "traceloop.entity.output",
    "gen_ai.task.output",
];
pub(crate) const TOOL_INPUT: &[&str] = &[
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.arguments",
    "ai.toolCall.args",
    "langfuse.observation.input",
    "langfuse.input",
    "input.value",
    "traceloop.entity.input",
    "mcp.request.argument",
    "tool.parameters",
];
pub(crate) const TOOL_OUTPUT: &[&str] = &[
    "gen_ai.tool.call.result",
    "gen_ai.tool.result",
    "ai.toolCall.result",
    "langfuse.observation.output",
    "langfuse.output",
    "output.value",
    "traceloop.entity.output",
    "mcp.response.value",
];
pub(crate) const RETRIEVAL_INPUT: &[&str] = &[
    "gen_ai.retrieval.query.text",
    "gen_ai.memory.query.text",
    "langfuse.observation.input",
    "langfuse.input",
    "input.value",
    "traceloop.entity.input",
];
/// Documents that a retrieval returned, as one list or flattened.
pub(crate) const RETRIEVAL_OUTPUT: &[&str] = &[
    "gen_ai.retrieval.documents",
    "gen_ai.memory.records",
    "retrieval.documents",
    "langfuse.observation.output",
    "langfuse.output",
    "output.value",
];

/// Metrics, each with the attributes that count it. The first usable number wins.
pub(crate) const METRICS: &[(&str, &[&str])] = &[
    (
        "input_tokens",
        &[
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "llm.usage.prompt_tokens",
            "ai.usage.inputTokens",
            "ai.usage.promptTokens",
            "ai.usage.tokens",
        ],
    ),
    (
        "output_tokens",
        &[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "llm.usage.completion_tokens",
            "ai.usage.outputTokens",
            "ai.usage.completionTokens",
        ],
    ),
    (
        "total_tokens",
        &[
            "gen_ai.usage.total_tokens",
            "llm.usage.total_tokens",
            "llm.token_count.total",
            "ai.usage.totalTokens",
            "codex.usage.total_tokens",
        ],
    ),
    (
        "cache_read_input_tokens",
        &[
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.cache_read_tokens",
            "gen_ai.usage.cached_tokens",
            "llm.token_count.prompt_details.cache_read",
            "ai.usage.cachedInputTokens",
        ],
    ),
    (
        "cache_write_input_tokens",
        &[
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
            "gen_ai.usage.cache_creation_tokens",
            "llm.token_count.prompt_details.cache_write",
        ],
    ),
    (
        "reasoning_output_tokens",
        &[
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.thinking_tokens",
            "llm.usage.reasoning_tokens",
            "llm.token_count.completion_details.reasoning",
            "ai.usage.reasoningTokens",
            "codex.usage.reasoning_output_tokens",
        ],
    ),
    ("tool_use_prompt_tokens", &["gen_ai.usage.tool_use_prompt_tokens"]),
    (
        "audio_input_tokens",
        &["gen_ai.usage.audio.input_tokens", "gen_ai.usage.audio_input_tokens", "llm.token_count.prompt_details.audio"],
    ),
    (
        "audio_output_tokens",
        &[
            "gen_ai.usage.audio.output_tokens",
            "gen_ai.usage.audio_output_tokens",
            "llm.token_count.completion_details.audio",
        ],
    ),
    ("image_input_tokens", &["gen_ai.usage.image.input_tokens"]),
    ("image_output_tokens", &["gen_ai.usage.image.output_tokens"]),
    ("text_input_tokens", &["gen_ai.usage.text.input_tokens"]),
    ("text_output_tokens", &["gen_ai.usage.text.output_tokens"]),
    ("video_input_tokens", &["gen_ai.usage.video.input_tokens"]),
    ("input_cost", &["llm.cost.prompt"]),
    ("output_cost", &["llm.cost.completion"]),
    ("cache_read_input_cost", &["llm.cost.prompt_details.cache_read"]),
    ("cache_write_input_cost", &["llm.cost.prompt_details.cache_write"]),
    ("total_cost", &["llm.cost.total", "gen_ai.usage.cost", "gen_ai.usage.total_cost", "gen_ai.cost.estimated_total"]),
];

/// Members of Langfuse's usage object, which only fill gaps.
pub(crate) const LANGFUSE_USAGE: &[(&str, &[&str])] = &[
    ("input_tokens", &["input", "input_tokens", "prompt_tokens"]),
    ("output_tokens", &["output", "output_tokens", "completion_tokens"]),
    ("total_tokens", &["total", "total_tokens"]),
    ("cache_read_input_tokens", &["cache_read_input_tokens", "cached_tokens"]),
    ("cache_write_input_tokens", &["cache_creation_input_tokens"]),
    ("reasoning_output_tokens", &["reasoning_tokens"]),
];
/// Members of Langfuse's cost object, which only fill gaps.
pub(crate) const LANGFUSE_COST: &[(&str, &[&str])] =
    &[("input_cost", &["input"]), ("output_cost", &["output"]), ("total_cost", &["total"])];

/// Seconds until the first token.
pub(crate) const FIRST_TOKEN: &[&str] = &["gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"];
/// Milliseconds until the first token.
pub(crate) const FIRST_TOKEN_MS: &str = "ai.response.msToFirstChunk";

pub(crate) const FINISH_REASONS: &[&str] = &[
    "gen_ai.response.finish_reasons",
    "gen_ai.response.finish_reason",
    "gen_ai.response.stop_reason",
    "llm.response.finish_reason",
    "llm.response.stop_reason",
    "llm.finish_reason",
    "ai.response.finishReason",
];

/// Metadata: attributes and the members that they become. The first attribute of a member wins.
pub(crate) const METADATA: &[(&str, &str)] = &[
    ("gen_ai.openai.request.seed", "seed"),
    ("gen_ai.openai.request.response_format", "response_format"),
    ("openai.request.service_tier", "service_tier"),
    ("gen_ai.openai.request.service_tier", "service_tier"),
    ("gen_ai.is_streaming", "stream"),
    ("llm.is_streaming", "stream"),
    ("llm.top_k", "top_k"),
    ("llm.frequency_penalty", "frequency_penalty"),
    ("llm.presence_penalty", "presence_penalty"),
    ("llm.request.repetition_penalty", "repetition_penalty"),
    ("llm.request.reasoning_effort", "reasoning_effort"),
    ("llm.chat.stop_sequences", "stop_sequences"),
    (CONVERSATION, "conversation_id"),
    ("gen_ai.tool.call.id", "tool_id"),
    ("gen_ai.tool.call_id", "tool_id"),
    ("tool.id", "tool_id"),
    ("ai.toolCall.id", "tool_id"),
    ("gen_ai.tool.description", "tool_description"),
    ("tool.description", "tool_description"),
    ("gen_ai.tool.type", "tool_type"),
    ("tool.parameters", "tool_parameters"),
    ("gen_ai.tool.call.outcome", "tool_outcome"),
    ("gen_ai.agent.description", "agent_description"),
    ("traceloop.entity.path", "entity_path"),
    ("traceloop.entity.version", "entity_version"),
    ("reranker.model_name", "reranker_model_name"),
    ("reranker.top_k", "top_k"),
    ("gen_ai.retrieval.top_k", "top_k"),
    ("ai.schema", "schema"),
];
/// Members that are lists, in whatever form they were recorded.
pub(crate) const LISTS: &[&str] = &["stop_sequences", "encoding_formats"];
/// Prefixes of attributes whose rest is a member of the metadata.
pub(crate) const METADATA_FAMILIES: &[&str] =
    &["ai.settings.", "ai.telemetry.metadata.", "langfuse.observation.metadata.", "langfuse.trace.metadata."];
/// JSON objects whose members become members of the metadata.
pub(crate) const METADATA_OBJECTS: &[&str] = &[
    "llm.invocation_parameters",
    "embedding.invocation_parameters",
    "metadata",
    "langfuse.observation.model.parameters",
    "langfuse.model_parameters",
    "langfuse.observation.metadata",
    "langfuse.trace.metadata",
];
/// JSON object whose members win over all others.
pub(crate) const LAST_METADATA: &str = "_dd.ml_obs.metadata";
