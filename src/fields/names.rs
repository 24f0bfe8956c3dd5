//! The names themselves.

/// What the span stands for; makes it an LLM span.
pub const KIND: &str = "llmobs.kind";
/// What it is called; default is the span's own name.
pub const NAME: &str = "llmobs.name";
/// The model; default `custom` on `llm` and `embedding`.
pub const MODEL_NAME: &str = "llmobs.model_name";
/// The same as [`MODEL_NAME`].
pub const MODEL: &str = "llmobs.model";
/// Who serves the model, lower-cased; default `custom` on `llm` and `embedding`.
pub const MODEL_PROVIDER: &str = "llmobs.model_provider";
/// The conversation; inherited by spans below.
pub const SESSION_ID: &str = "llmobs.session_id";
/// The application; inherited by spans below; default is the configured one.
pub const ML_APP: &str = "llmobs.ml_app";
/// How much of the span leaves: `none`, `metadata` or `all`; inherited by spans below.
pub const CAPTURE: &str = "llmobs.capture";
/// What went in: text, or JSON where the kind takes messages or documents.
pub const INPUT: &str = "llmobs.input";
/// What came out, in the same forms.
pub const OUTPUT: &str = "llmobs.output";
/// A JSON object of metadata; several merge.
pub const METADATA: &str = "llmobs.metadata";
/// A JSON object of numbers; several merge.
pub const METRICS: &str = "llmobs.metrics";
/// A JSON object of tags; several merge.
pub const TAGS: &str = "llmobs.tags";
/// A JSON object, the prompt of an `llm` span; several merge.
pub const PROMPT: &str = "llmobs.prompt";
/// A JSON array of the tools that the model of an `llm` span may call.
pub const TOOL_DEFINITIONS: &str = "llmobs.tool_definitions";
/// Which call of the model a `tool` span answers.
pub const TOOL_ID: &str = "llmobs.tool_id";
/// The version of the tool of a `tool` span.
pub const TOOL_VERSION: &str = "llmobs.tool_version";
/// What the span is for.
pub const INTENT: &str = "llmobs.intent";
/// Keys of tags by which costs are to be shown: a JSON array, or text with commas; several add up.
pub const COST_TAGS: &str = "llmobs.cost_tags";
/// The version of the agent of an `agent` span.
pub const AGENT_VERSION: &str = "llmobs.agent_version";
/// A JSON object, what the agent of an `agent` span is declared to be; several merge.
pub const AGENT_MANIFEST: &str = "llmobs.agent_manifest";
/// What went wrong: an error value or text; marks the span failed.
pub const ERROR: &str = "llmobs.error";
/// The type of the error; marks the span failed.
pub const ERROR_TYPE: &str = "llmobs.error.type";
/// What the error says; marks the span failed.
pub const ERROR_MESSAGE: &str = "llmobs.error.message";
/// Where the error comes from; marks the span failed.
pub const ERROR_STACK: &str = "llmobs.error.stack";
/// Before the name of one value of the metadata: `llmobs.metadata.temperature`.
pub const METADATA_PREFIX: &str = "llmobs.metadata.";
/// Before the name of one metric: `llmobs.metrics.input_tokens`.
pub const METRICS_PREFIX: &str = "llmobs.metrics.";
/// Before the key of one tag: `llmobs.tags.team`.
pub const TAGS_PREFIX: &str = "llmobs.tags.";

/// What is evaluated, in an event: `info!(llmobs.eval.label = "faithful", llmobs.eval.score = 0.9)`.
pub const EVAL_LABEL: &str = "llmobs.eval.label";
/// The value of a categorical evaluation.
pub const EVAL_CATEGORICAL: &str = "llmobs.eval.categorical";
/// The value of an evaluation that is a number.
pub const EVAL_SCORE: &str = "llmobs.eval.score";
/// The value of an evaluation that is true or false.
pub const EVAL_BOOLEAN: &str = "llmobs.eval.boolean";
/// The value of an evaluation that is a JSON object.
pub const EVAL_JSON: &str = "llmobs.eval.json";
/// Whether that is good enough: `pass` or `fail`.
pub const EVAL_ASSESSMENT: &str = "llmobs.eval.assessment";
/// Why.
pub const EVAL_REASONING: &str = "llmobs.eval.reasoning";
/// A JSON object of metadata of the evaluation.
pub const EVAL_METADATA: &str = "llmobs.eval.metadata";
/// Before the name of one value of the evaluation's metadata: `llmobs.eval.metadata.judge`.
pub const EVAL_METADATA_PREFIX: &str = "llmobs.eval.metadata.";
/// Before the key of one tag of the evaluation: `llmobs.eval.tags.evaluator`.
pub const EVAL_TAGS_PREFIX: &str = "llmobs.eval.tags.";

/// All names that stand for themselves in an event that is an evaluation.
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

/// All prefixes in such an event.
pub const EVALUATION_PREFIXES: &[&str] = &[EVAL_METADATA_PREFIX, EVAL_TAGS_PREFIX];

/// All names that stand for themselves, with the word of their form that `docs/fields.md` uses.
pub const ALL: &[&str] = &[
    KIND,
    NAME,
    MODEL_NAME,
    MODEL,
    MODEL_PROVIDER,
    SESSION_ID,
    ML_APP,
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

/// All prefixes.
pub const PREFIXES: &[&str] = &[METADATA_PREFIX, METRICS_PREFIX, TAGS_PREFIX];
