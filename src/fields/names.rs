//! Names of our own fields.

/// Kind of the span; makes it an LLM span.
pub const KIND: &str = "llmobs.kind";
/// Name of the span; default is the name in `tracing`.
pub const NAME: &str = "llmobs.name";
/// Name of the model; default is `custom` on `llm` and `embedding` spans.
pub const MODEL_NAME: &str = "llmobs.model_name";
/// Name of the model, as [`MODEL_NAME`].
pub const MODEL: &str = "llmobs.model";
/// Provider of the model, lower-cased; default is `custom` on `llm` and `embedding` spans.
pub const MODEL_PROVIDER: &str = "llmobs.model_provider";
/// Session of the span; spans below inherit it.
pub const SESSION_ID: &str = "llmobs.session_id";
/// Application of the span; spans below inherit it; default is the configured application.
pub const ML_APP: &str = "llmobs.ml_app";
/// Application of the span under its newer name; the same as [`ML_APP`].
pub const AGENT_SERVICE: &str = "llmobs.agent_service";
/// Capture policy of the span: `none`, `metadata` or `all`; spans below inherit it.
pub const CAPTURE: &str = "llmobs.capture";
/// Input: text, or JSON on kinds that take messages or documents.
pub const INPUT: &str = "llmobs.input";
/// Output, in the same forms as [`INPUT`].
pub const OUTPUT: &str = "llmobs.output";
/// JSON object of metadata; several merge.
pub const METADATA: &str = "llmobs.metadata";
/// JSON object of numbers; several merge.
pub const METRICS: &str = "llmobs.metrics";
/// JSON object of tags; several merge.
pub const TAGS: &str = "llmobs.tags";
/// JSON object with the prompt of an `llm` span; several merge.
pub const PROMPT: &str = "llmobs.prompt";
/// JSON array of the tools that the model of an `llm` span may call.
pub const TOOL_DEFINITIONS: &str = "llmobs.tool_definitions";
/// Id of the tool call that a `tool` span answers.
pub const TOOL_ID: &str = "llmobs.tool_id";
/// Version of the tool of a `tool` span.
pub const TOOL_VERSION: &str = "llmobs.tool_version";
/// Intent of the span.
pub const INTENT: &str = "llmobs.intent";
/// Keys of tags by which costs are grouped: a JSON array, or text with commas; several add up.
pub const COST_TAGS: &str = "llmobs.cost_tags";
/// Version of the agent of an `agent` span.
pub const AGENT_VERSION: &str = "llmobs.agent_version";
/// JSON object that declares the agent of an `agent` span; several merge.
pub const AGENT_MANIFEST: &str = "llmobs.agent_manifest";
/// Error, as a value or as text; fails the span.
pub const ERROR: &str = "llmobs.error";
/// Type of the error; fails the span.
pub const ERROR_TYPE: &str = "llmobs.error.type";
/// Message of the error; fails the span.
pub const ERROR_MESSAGE: &str = "llmobs.error.message";
/// Stack of the error; fails the span.
pub const ERROR_STACK: &str = "llmobs.error.stack";
/// Prefix of one value of the metadata: `llmobs.metadata.temperature`.
pub const METADATA_PREFIX: &str = "llmobs.metadata.";
/// Prefix of one metric: `llmobs.metrics.input_tokens`.
pub const METRICS_PREFIX: &str = "llmobs.metrics.";
/// Prefix of one tag: `llmobs.tags.team`.
pub const TAGS_PREFIX: &str = "llmobs.tags.";

/// Label of an evaluation, in an event: `info!(llmobs.eval.label = "faithful", llmobs.eval.score = 0.9)`.
pub const EVAL_LABEL: &str = "llmobs.eval.label";
/// Value of a categorical evaluation.
pub const EVAL_CATEGORICAL: &str = "llmobs.eval.categorical";
/// Value of a numeric evaluation.
pub const EVAL_SCORE: &str = "llmobs.eval.score";
/// Value of a boolean evaluation.
pub const EVAL_BOOLEAN: &str = "llmobs.eval.boolean";
/// Value of an evaluation that is a JSON object.
pub const EVAL_JSON: &str = "llmobs.eval.json";
/// Assessment of an evaluation: `pass` or `fail`.
pub const EVAL_ASSESSMENT: &str = "llmobs.eval.assessment";
/// Reasoning of an evaluation.
pub const EVAL_REASONING: &str = "llmobs.eval.reasoning";
/// JSON object of metadata of an evaluation.
pub const EVAL_METADATA: &str = "llmobs.eval.metadata";
/// Prefix of one value of an evaluation's metadata: `llmobs.eval.metadata.judge`.
pub const EVAL_METADATA_PREFIX: &str = "llmobs.eval.metadata.";
/// Prefix of one tag of an evaluation: `llmobs.eval.tags.evaluator`.
pub const EVAL_TAGS_PREFIX: &str = "llmobs.eval.tags.";

/// Names of the fields of an evaluation.
pub const EVALUATION: &[&str] = &[
    EVAL_LABEL,
    EVAL_CATEGORICAL,
    EVAL_SCORE,
    EVAL_BOOLEAN,
    EVAL_JSON,
    EVAL_ASSESSMENT,
    EVAL_REASONING,
    EVAL_METADATA,
];

/// Prefixes of the fields of an evaluation.
pub const EVALUATION_PREFIXES: &[&str] = &[EVAL_METADATA_PREFIX, EVAL_TAGS_PREFIX];

/// Names of the fields of a span.
pub const ALL: &[&str] = &[
    KIND,
    NAME,
    MODEL_NAME,
    MODEL,
    MODEL_PROVIDER,
    SESSION_ID,
    ML_APP,
    AGENT_SERVICE,
    CAPTURE,
    INPUT,
    OUTPUT,
    METADATA,
    METRICS,
    TAGS,
    PROMPT,
    TOOL_DEFINITIONS,
    TOOL_ID,
    TOOL_VERSION,
    INTENT,
    COST_TAGS,
    AGENT_VERSION,
    AGENT_MANIFEST,
    ERROR,
    ERROR_TYPE,
    ERROR_MESSAGE,
    ERROR_STACK,
];

/// Prefixes of the fields of a span.
pub const PREFIXES: &[&str] = &[METADATA_PREFIX, METRICS_PREFIX, TAGS_PREFIX];
