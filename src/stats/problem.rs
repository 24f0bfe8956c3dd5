//! Mistakes in what was recorded, and their counters.

use std::fmt;

use parking_lot::Mutex;

use super::counts::{Counts, SharedCounts};
use super::notes::Notes;
use super::remarks::Remarks;

/// A mistake in what was recorded on a span or an event. The span is sent all the same, unless the variant says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// `llmobs.kind` is not one of the seven kinds; the span is not an LLM span and is not sent.
    UnknownKind,
    /// Input or output has a form that the kind does not take; it was sent as text.
    Shape,
    /// Metadata is not a JSON object, or could not be written as JSON; it was left out.
    Metadata,
    /// A metric is not a finite number, or has no name; it was left out.
    Metric,
    /// Tags are not a JSON object, or a tag has no key; it was left out.
    Tag,
    /// A value was larger than a span may hold; a marker stands in its place.
    Oversize,
    /// More steps than a span keeps; later ones were left out.
    TooManyValues,
    /// The `Debug` or `Display` of a value panicked; a marker stands in its place.
    Panic,
    /// Part of an annotation was refused when it was built.
    Annotation,
    /// The event was over the size limit and was sent without input and output.
    Shrunk,
    /// A prompt is not a JSON object of the known form; the unreadable part was left out.
    Prompt,
    /// Tool definitions are not a JSON array, or a tool has no name; it was left out.
    ToolDefinition,
    /// A cost tag names no tag of the span; it was left out.
    CostTag,
    /// An agent's manifest is not a JSON object, or one of its tools has no name; it was left out.
    AgentManifest,
    /// A value was recorded that the kind of the span does not have (a prompt and tool definitions are for `llm`, a
    /// tool's version and id for `tool`, an agent's version and manifest for `agent`); it was left out.
    Misplaced,
    /// The name of an application breaks a rule of the intake; it was sent as it is.
    MlApp,
    /// An evaluation event is not valid, or is outside of any LLM span; it was not submitted.
    Evaluation,
    /// A processor panicked or failed; the span is not sent.
    Processor,
    /// `llmobs.capture` is not one of the three policies; the strictest one holds.
    UnknownPolicy,
    /// A remote parent was set after the span already had children; the span stays where it was.
    LateParent,
    /// An entry of a header could not be written, or did not fit; the header was written without it.
    Header,
    /// A provider's response could not be read; the span was sent with what else is known of it.
    Unreadable,
    /// The spool is full, damaged, or its disk has failed; what could not be spooled is kept in memory only.
    Spool,
    /// A value has the name or the shape of a credential; `[secret]` stands in its place. Counted once a value.
    Secret,
    /// A span or event declares a field `llmobs.…` that does not exist; the field was left out. It is counted once for the
    /// callsite, and a warning names it and the nearest field that exists.
    UnknownField,
    /// `annotate` or `evaluate` was called on a span that a filter or the level of the layer disables; nothing was recorded.
    /// It is counted once for the callsite, and a warning names it.
    DisabledSpan,
}

impl Problem {
    /// All problems. The list grows with new versions.
    pub const ALL: &'static [Self] = &[
        Self::UnknownKind,
        Self::Shape,
        Self::Metadata,
        Self::Metric,
        Self::Tag,
        Self::Oversize,
        Self::TooManyValues,
        Self::Panic,
        Self::Annotation,
        Self::Shrunk,
        Self::Prompt,
        Self::ToolDefinition,
        Self::CostTag,
        Self::AgentManifest,
        Self::Misplaced,
        Self::MlApp,
        Self::Evaluation,
        Self::Processor,
        Self::UnknownPolicy,
        Self::LateParent,
        Self::Header,
        Self::Unreadable,
        Self::Spool,
        Self::Secret,
        Self::UnknownField,
        Self::DisabledSpan,
    ];

    /// Returns the problem in one word, as it stands in log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKind => "unknown_kind",
            Self::Shape => "shape",
            Self::Metadata => "metadata",
            Self::Metric => "metric",
            Self::Tag => "tag",
            Self::Oversize => "oversize",
            Self::TooManyValues => "too_many_values",
            Self::Panic => "panic",
            Self::Annotation => "annotation",
            Self::Shrunk => "shrunk",
            Self::Prompt => "prompt",
            Self::ToolDefinition => "tool_definition",
            Self::CostTag => "cost_tag",
            Self::AgentManifest => "agent_manifest",
            Self::Misplaced => "misplaced",
            Self::MlApp => "ml_app",
            Self::Evaluation => "evaluation",
            Self::Processor => "processor",
            Self::UnknownPolicy => "unknown_policy",
            Self::LateParent => "late_parent",
            Self::Header => "header",
            Self::Unreadable => "unreadable",
            Self::Spool => "spool",
            Self::Secret => "secret",
            Self::UnknownField => "unknown_field",
            Self::DisabledSpan => "disabled_span",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Problem {
    /// Returns the position of the problem's counter.
    fn index(self) -> usize {
        Self::ALL.iter().position(|problem| *problem == self).unwrap_or_default()
    }
}

/// The number of times that each problem was met.
pub(crate) type ProblemCounts = Counts<{ Problem::ALL.len() }>;

impl ProblemCounts {
    pub(crate) fn of(&self, problem: Problem) -> u64 {
        self.at(problem.index())
    }
}

/// Problems, counted where they are met, and read by the exporter, which logs them.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    counters: SharedCounts<{ Problem::ALL.len() }>,
    first: Mutex<[Option<&'static str>; Problem::ALL.len()]>,
    /// Remarks on spans of other crates, which are no problems.
    pub(crate) remarks: Remarks,
    /// Sentences that are logged once.
    pub(crate) notes: Notes,
}

impl Problems {
    /// Counts a problem of the span called `span_name`; the first name is kept for the log line.
    pub(crate) fn count(&self, problem: Problem, span_name: &'static str) {
        let index = problem.index();
        if self.counters.count(index) == Some(0)
            && let Some(mut first) = self.first.try_lock()
            && let Some(slot) = first.get_mut(index)
        {
            *slot = Some(span_name);
        }
    }

    /// Returns the name of the first span that had this problem.
    pub(crate) fn first_span(&self, problem: Problem) -> Option<&'static str> {
        self.first.lock().get(problem.index()).copied().flatten()
    }

    pub(crate) fn snapshot(&self) -> ProblemCounts {
        self.counters.snapshot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_its_own_counter_and_the_first_span_is_kept() {
        let problems = Problems::default();
        problems.count(Problem::Shape, "chat");
        problems.count(Problem::Shape, "other");
        assert_eq!(problems.first_span(Problem::Shape), Some("chat"));
        let counts = problems.snapshot();
        assert_eq!((counts.of(Problem::Shape), counts.of(Problem::Tag), counts.total()), (2, 0, 2));
    }
}
