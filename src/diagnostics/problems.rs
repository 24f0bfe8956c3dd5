//! Problems as sentences.

use crate::stats::Problem;

/// Explains a problem in a sentence.
pub(super) const fn explain(problem: Problem) -> &'static str {
    match problem {
        Problem::UnknownKind => {
            "The kind of a span is not one of llm, workflow, agent, tool, task, embedding, retrieval: the span is not sent."
        }
        Problem::Shape => "Input or output has a form that the kind of the span does not take: it was sent as text.",
        Problem::Metadata => "Metadata is not a JSON object: it was left out.",
        Problem::Metric => "A metric is not a finite number or has no name: it was left out.",
        Problem::Tag => "Tags are not a JSON object, or a tag has no key: it was left out.",
        Problem::Oversize => "A value was larger than a span may hold: a marker stands in its place.",
        Problem::TooManyValues => "More was recorded on a span than is kept: later values were left out.",
        Problem::Panic => "Formatting a value panicked: a marker stands in its place.",
        Problem::Annotation => "Part of an annotation was refused.",
        Problem::Evaluation => "An evaluation event is not valid, or is outside of any LLM span: it was not submitted.",
        Problem::Shrunk => "A span was larger than the limit and was sent without its input and output.",
        Problem::Processor => "A processor panicked or failed: the span is not sent.",
        Problem::UnknownPolicy => {
            "The capture policy of a span is not one of none, metadata, all: none of its content is sent."
        }
        Problem::Prompt => "A prompt is not a JSON object of the known form: the unreadable part was left out.",
        Problem::ToolDefinition => "Tool definitions are not a JSON array, or a tool has no name: it was left out.",
        Problem::CostTag => "A cost tag names no tag of its span: it was left out.",
        Problem::AgentManifest => {
            "An agent's manifest is not a JSON object, or a tool in it has no name: it was left out."
        }
        Problem::Misplaced => "A value was recorded that the kind of the span does not have: it was left out.",
        Problem::MlApp => "The name of an application breaks a rule of the intake: it was sent as it is.",
        Problem::LateParent => {
            "A remote parent was set after the span already had children: the span stays where it was."
        }
        Problem::Header => "An entry of a header could not be written or did not fit; it was left out.",
        Problem::Spool => "The spool is full, damaged, or its disk has failed: batches are kept in memory only.",
        Problem::Secret => {
            "A recorded value has the name or the shape of a credential: [secret] stands in its place. Leave it out with \
             skip(…), or see the setting hide_secrets."
        }
        Problem::Unreadable => "A provider's response could not be read: the span was sent without it.",
        Problem::UnknownField => "A span or event declares a field of llmobs that does not exist: it was left out.",
        Problem::DisabledSpan => {
            "A span that a filter or its level disables was annotated or evaluated: nothing was recorded."
        }
    }
}
