//! One sentence for each problem, for the person who reads the log.

use crate::stats::Problem;

/// Returns the sentence for a problem: what was wrong, and what became of it.
pub(super) const fn explain(problem: Problem) -> &'static str {
    match problem {
        Problem::UnknownKind => {
            "The kind of a span is none of llm, workflow, agent, tool, task, embedding, retrieval: the span is not sent."
        }
        Problem::Shape => "Input or output has a form that the kind of the span does not take: it was left out.",
        Problem::Metadata => "Metadata is no JSON object: it was left out.",
        Problem::Metric => "A metric is no finite number or has no name: it was left out.",
        Problem::Tag => "Tags are no JSON object, or a tag has no key: it was left out.",
        Problem::Oversize => "A value was larger than a span may hold: a marker stands in its place.",
        Problem::TooManyValues => "More was recorded on a span than is kept: later values were left out.",
        Problem::Panic => "Formatting a value panicked: a marker stands in its place.",
        Problem::Annotation => "Part of an annotation was refused.",
        Problem::Evaluation => {
            "An event says an evaluation that is not valid, or stands in no LLM span: it was not submitted."
        }
        Problem::Shrunk => "A span was larger than the limit and was sent without its input and output.",
        Problem::Processor => "A processor panicked or failed: the span is not sent.",
        Problem::UnknownPolicy => {
            "The capture policy of a span is none of none, metadata, all: nothing that is said about it is sent."
        }
        Problem::Prompt => "A prompt is no JSON object of the known form: what could not be read was left out.",
        Problem::ToolDefinition => "Tool definitions are no JSON array, or a tool has no name: it was left out.",
        Problem::CostTag => "A cost tag is no tag of its span: it was left out.",
        Problem::AgentManifest => {
            "An agent's manifest is no JSON object, or a tool in it has no name: it was left out."
        }
        Problem::Misplaced => "Something was said that the kind of the span does not have: it was left out.",
        Problem::MlApp => "The name of an application breaks a rule of the intake: it was sent as it is.",
        Problem::LateParent => {
            "A parent was set for a span after something had started below it; it stays where it was."
        }
        Problem::Header => "An entry of a header could not be written or did not fit; it was left out.",
        Problem::Unreadable => "What a provider answered could not be read; the span was sent without it.",
    }
}
