//! Macros for spans of each kind; sugar over `tracing::info_span!`, no more.

/// An `llm` span with the usual fields declared, so that they can be recorded later, also by other crates.
///
/// It is `tracing::info_span!` with `llmobs.kind`, and these fields declared empty: those of every kind
/// (`llmobs.name`, `input`, `output`, `metadata`, `metrics`, `tags`, `session_id`, `ml_app`, `error` and its parts,
/// `intent`), model and provider, prompt and tool definitions, and the token counts. Fields of your own come
/// after the name; one that is declared already is said by them. Without a name the span is called like its kind.
/// A span for a parent that is not the current one: `parent:` first.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{llm_span, workflow_span};
///
/// let ask = workflow_span!("ask");
/// let chat = llm_span!(parent: &ask, "chat", llmobs.model_name = "gpt-4o-mini", attempt = 1);
/// // Nobody declared it here.
/// chat.record("llmobs.output", "How can I help?");
/// let unnamed = llm_span!();
/// # let _ = unnamed;
/// ```
#[macro_export]
macro_rules! llm_span {
    ($($rest:tt)*) => {
        $crate::__span!([
            llmobs.model_name = $crate::__tracing::field::Empty,
            llmobs.model_provider = $crate::__tracing::field::Empty,
            llmobs.prompt = $crate::__tracing::field::Empty,
            llmobs.tool_definitions = $crate::__tracing::field::Empty,
            llmobs.metrics.input_tokens = $crate::__tracing::field::Empty,
            llmobs.metrics.output_tokens = $crate::__tracing::field::Empty,
            llmobs.metrics.total_tokens = $crate::__tracing::field::Empty,
        ] "llm", $($rest)*)
    };
}

/// An `embedding` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! embedding_span {
    ($($rest:tt)*) => {
        $crate::__span!([
            llmobs.model_name = $crate::__tracing::field::Empty,
            llmobs.model_provider = $crate::__tracing::field::Empty,
            llmobs.metrics.input_tokens = $crate::__tracing::field::Empty,
        ] "embedding", $($rest)*)
    };
}

/// A `tool` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! tool_span {
    ($($rest:tt)*) => {
        $crate::__span!([
            llmobs.tool_id = $crate::__tracing::field::Empty,
            llmobs.tool_version = $crate::__tracing::field::Empty,
        ] "tool", $($rest)*)
    };
}

/// An `agent` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! agent_span {
    ($($rest:tt)*) => {
        $crate::__span!([
            llmobs.agent_version = $crate::__tracing::field::Empty,
            llmobs.agent_manifest = $crate::__tracing::field::Empty,
        ] "agent", $($rest)*)
    };
}

/// A `workflow` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! workflow_span {
    ($($rest:tt)*) => {
        $crate::__span!([] "workflow", $($rest)*)
    };
}

/// A `task` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! task_span {
    ($($rest:tt)*) => {
        $crate::__span!([] "task", $($rest)*)
    };
}

/// A `retrieval` span with the usual fields declared; see [`llm_span!`](crate::llm_span).
#[macro_export]
macro_rules! retrieval_span {
    ($($rest:tt)*) => {
        $crate::__span!([] "retrieval", $($rest)*)
    };
}

/// The part that the macros of all kinds share.
#[doc(hidden)]
#[macro_export]
macro_rules! __span {
    ([$($declared:tt)*] $kind:literal, parent: $parent:expr, $name:literal $(, $($fields:tt)*)?) => {
        $crate::__span!(@ [parent: $parent,] $name, $kind, [$($declared)*] $($($fields)*)?)
    };
    ([$($declared:tt)*] $kind:literal, parent: $parent:expr $(, $($fields:tt)*)?) => {
        $crate::__span!(@ [parent: $parent,] $kind, $kind, [$($declared)*] $($($fields)*)?)
    };
    ([$($declared:tt)*] $kind:literal, $name:literal $(, $($fields:tt)*)?) => {
        $crate::__span!(@ [] $name, $kind, [$($declared)*] $($($fields)*)?)
    };
    ([$($declared:tt)*] $kind:literal, $($fields:tt)*) => {
        $crate::__span!(@ [] $kind, $kind, [$($declared)*] $($fields)*)
    };
    // What is declared comes first: the fields may end in a comma or in none.
    (@ [$($parent:tt)*] $name:literal, $kind:literal, [$($declared:tt)*] $($fields:tt)*) => {
        $crate::__tracing::info_span!(
            $($parent)*
            $name,
            llmobs.kind = $kind,
            llmobs.name = $crate::__tracing::field::Empty,
            llmobs.input = $crate::__tracing::field::Empty,
            llmobs.output = $crate::__tracing::field::Empty,
            llmobs.metadata = $crate::__tracing::field::Empty,
            llmobs.metrics = $crate::__tracing::field::Empty,
            llmobs.tags = $crate::__tracing::field::Empty,
            llmobs.session_id = $crate::__tracing::field::Empty,
            llmobs.ml_app = $crate::__tracing::field::Empty,
            llmobs.intent = $crate::__tracing::field::Empty,
            llmobs.error = $crate::__tracing::field::Empty,
            llmobs.error.type = $crate::__tracing::field::Empty,
            llmobs.error.message = $crate::__tracing::field::Empty,
            llmobs.error.stack = $crate::__tracing::field::Empty,
            $($declared)*
            $($fields)*
        )
    };
}
