//! The class of an attribute. Capture policies act on it, not on the place that the mapping gives the value.

/// The class of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AttributeClass {
    /// The identity of a span: its kind, names, ids, model, status and counts.
    Identity,
    /// A setting of the call or a note about it. Short scalars only leave under the policy `metadata`.
    Parameter,
    /// Text of users, models, tools or stores.
    Content,
}

impl AttributeClass {
    /// Returns the class of an attribute of this name, in a span or in an event.
    ///
    /// A name that no table knows is content if one of its words says so, and a parameter otherwise.
    ///
    /// ```
    /// use llmobs_conventions::AttributeClass;
    ///
    /// let classes = ["gen_ai.request.model", "gen_ai.request.top_k", "gen_ai.security.content.input"].map(AttributeClass::of);
    /// assert_eq!(classes, [AttributeClass::Identity, AttributeClass::Parameter, AttributeClass::Content]);
    /// ```
    pub fn of(name: &str) -> Self {
        if IDENTITY.contains(&name) || IDENTITY_FAMILIES.iter().any(|family| name.starts_with(family)) {
            Self::Identity
        } else if CONTENT.contains(&name) || CONTENT_FAMILIES.iter().any(|family| name.starts_with(family)) {
            Self::Content
        } else if PARAMETERS.contains(&name)
            || PARAMETER_FAMILIES.iter().any(|family| name.starts_with(family))
            || !says_content(name)
        {
            Self::Parameter
        } else {
            Self::Content
        }
    }
}

/// Returns whether a word of a name says that the value is content: `user_message`, `tool.input`, `finalText`.
pub(crate) fn says_content(name: &str) -> bool {
    // A count of messages is none of them.
    let is_count = COUNTS.iter().any(|ending| name.ends_with(ending));
    !is_count && words(name).any(is_content)
}

fn is_content(word: &str) -> bool {
    let matches = |own: &&str| {
        let rest = word.get(..own.len()).filter(|head| head.eq_ignore_ascii_case(own)).and(word.get(own.len()..));
        rest.is_some_and(|rest| rest.is_empty() || rest.eq_ignore_ascii_case("s"))
    };
    CONTENT_WORDS.iter().any(matches)
}

/// Splits a name into its words, at punctuation and where a capital follows a small letter.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let after_small = |(at, c): &(usize, char)| {
                c.is_uppercase() && rest.get(..*at).is_some_and(|head| !head.ends_with(char::is_uppercase) && *at > 0)
            };
            let end = rest.char_indices().find(after_small).map_or(rest.len(), |(at, _)| at);
            let (word, after) = rest.split_at_checked(end)?;
            rest = after;
            (!word.is_empty()).then_some(word)
        })
    })
}

/// Words that say content, in the singular.
const CONTENT_WORDS: [&str; 35] = [
    "answer",
    "argument",
    "args",
    "body",
    "call",
    "chunk",
    "comment",
    "completion",
    "content",
    "definition",
    "description",
    "document",
    "example",
    "explanation",
    "function",
    "history",
    "input",
    "instruction",
    "message",
    "output",
    "payload",
    "prompt",
    "queries",
    "query",
    "question",
    "record",
    "result",
    "schema",
    "snippet",
    "template",
    "text",
    "thought",
    "transcript",
    "value",
    "variable",
];
/// Endings of names that count or describe content.
const COUNTS: [&str; 8] = ["_tokens", ".tokens", "_count", ".count", "_cost", ".cost", "_length", "_seconds"];

const IDENTITY_FAMILIES: &[&str] =
    &["gen_ai.usage.", "llm.usage.", "llm.token_count.", "llm.cost.", "ai.usage.", "codex.usage."];
const IDENTITY: &[&str] = &[
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.response.model_name",
    "gen_ai.response.id",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.finish_reason",
    "gen_ai.response.stop_reason",
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
    "gen_ai.cost.estimated_total",
    "gen_ai.conversation.id",
    "gen_ai.user",
    "gen_ai.agent.id",
    "gen_ai.agent.name",
    "gen_ai.agent.version",
    "gen_ai.workflow.name",
    "gen_ai.tool.name",
    "gen_ai.tool.type",
    "gen_ai.tool.call.id",
    "gen_ai.tool.call_id",
    "gen_ai.tool.call.outcome",
    "gen_ai.tool.error.type",
    "gen_ai.data_source.id",
    "gen_ai.memory.store.id",
    "gen_ai.memory.store.name",
    "gen_ai.memory.record.id",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.evaluation.name",
    "gen_ai.evaluation.score.value",
    "gen_ai.evaluation.score.label",
    "openinference.span.kind",
    "llm.model_name",
    "llm.request.model_name",
    "llm.response.model_name",
    "llm.provider",
    "llm.system",
    "llm.user",
    "llm.request.type",
    "llm.response.finish_reason",
    "llm.response.stop_reason",
    "llm.finish_reason",
    "llm.prompt_template.version",
    "embedding.model_name",
    "reranker.model_name",
    "tool.name",
    "tool.id",
    "agent.name",
    "prompt.id",
    "session.id",
    "user.id",
    "enduser.id",
    "langfuse.observation.type",
    "langfuse.type",
    "langfuse.observation.name",
    "langfuse.observation.model.name",
    "langfuse.model",
    "langfuse.observation.metadata.ls_provider",
    "langfuse.observation.level",
    "langfuse.observation.usage_details",
    "langfuse.observation.usage",
    "langfuse.usage",
    "langfuse.observation.cost_details",
    "langfuse.cost",
    "langfuse.observation.prompt.name",
    "langfuse.observation.prompt.version",
    "langfuse.session.id",
    "langfuse.user.id",
    "traceloop.span.kind",
    "traceloop.entity.name",
    "traceloop.entity.path",
    "traceloop.entity.version",
    "traceloop.workflow.name",
    "traceloop.prompt.key",
    "traceloop.prompt.version",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.user_id",
    "ai.operationId",
    "ai.model.id",
    "ai.model.provider",
    "ai.response.model",
    "ai.response.id",
    "ai.response.finishReason",
    "ai.response.msToFirstChunk",
    "ai.telemetry.functionId",
    "ai.toolCall.id",
    "ai.toolCall.name",
    "mcp.method.name",
    "mcp.session.id",
    "mcp.protocol.version",
    "server.address",
    "server.port",
    "dd_llmobs_enabled",
    "event.name",
    "otel.name",
    "otel.kind",
    "otel.status_code",
    "error.type",
    "exception.type",
];

/// Content whose name has no word that says so, or one that an identity has too.
const CONTENT: &[&str] = &[
    "gen_ai.content",
    "ai.response.object",
    "ai.response.reasoning",
    "ai.prompt.tools",
    "embedding.text",
    "embedding.vector",
    "embedding.embeddings",
    "ai.embedding",
    "ai.embeddings",
    "llm.choices",
    "llm.tools",
    "tool.parameters",
    "gen_ai.request.tools",
    "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.llm_response",
];
const CONTENT_FAMILIES: &[&str] =
    &["llm.choices.", "llm.tools.", "embedding.embeddings.", "gen_ai.content.", "gen_ai.security.content."];

/// Texts of errors, which every policy but `none` lets out.
const PARAMETER_FAMILIES: &[&str] = &["exception.", "error", "otel."];
/// Parameters whose name has a word of content.
const PARAMETERS: &[&str] = &[
    "gen_ai.output.type",
    "gen_ai.request.output_type",
    "gen_ai.request.max_output_tokens",
    "gen_ai.request.parallel_tool_calls",
    "langfuse.observation.status_message",
    "langfuse.status_message",
    "input.mime_type",
    "output.mime_type",
    "embedding.invocation_parameters",
    "_dd.ml_obs.metadata",
];

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeClass::{Content, Identity, Parameter};

    #[test]
    fn each_attribute_has_one_class() {
        let cases = [
            ("gen_ai.operation.name", Identity),
            ("gen_ai.usage.input_tokens", Identity),
            ("gen_ai.request.temperature", Parameter),
            ("gen_ai.request.max_output_tokens", Parameter),
            ("gen_ai.request.messages", Content),
            ("gen_ai.tool.input", Content),
            ("gen_ai.tool.call.arguments", Content),
            ("gen_ai.tool.call.id", Identity),
            ("gen_ai.prompt", Content),
            ("gen_ai.prompt.0.content", Content),
            ("gen_ai.prompt.name", Identity),
            ("gen_ai.security.content.redacted", Content),
            ("gen_ai.memory.records", Content),
            ("gen_ai.retrieval.top_k", Parameter),
            ("gen_ai.some.userMessage", Content),
            ("gen_ai.some.finalTexts", Content),
            ("gen_ai.some.message_count", Parameter),
            ("gen_ai.context", Parameter),
            ("gen_ai.some.texture", Parameter),
            ("ai.response.toolCalls", Content),
            ("ai.prompt.messages", Content),
            ("llm.input_messages.0.message.content", Content),
            ("llm.invocation_parameters", Parameter),
            ("retrieval.documents.0.document.id", Content),
            ("exception.message", Parameter),
            ("mcp.request.argument", Content),
            ("mcp.response.value", Content),
            ("VALUE", Content),
            ("", Parameter),
        ];
        for (name, class) in cases {
            assert_eq!(AttributeClass::of(name), class, "{name}");
        }
    }
}
