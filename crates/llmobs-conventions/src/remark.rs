//! Remarks: what is odd about a span, for those who maintain its instrumentation.

use std::fmt;

/// An oddity of a span. None of them loses a span, and none is a mistake of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remark {
    /// An LLM span names no model.
    Model,
    /// The model comes from an attribute that stands in for others.
    ModelFallback,
    /// An LLM span names no provider.
    Provider,
    /// An attribute of messages holds no JSON.
    Content,
    /// A message has no role.
    Role,
    /// A part of a message has no known type.
    Part,
    /// An embedding span has no input.
    Embedding,
    /// A token count is no number.
    TokenCount,
    /// A cost is no number.
    Cost,
    /// An attribute of parameters holds no JSON object.
    Parameters,
    /// Tool definitions cannot be read.
    ToolDefinitions,
    /// A tool span names no tool.
    ToolName,
    /// A tool call in a message has no name.
    CallName,
    /// No attribute names the kind.
    Kind,
    /// Score or metadata of a document cannot be read.
    Document,
    /// A span below reports the same call.
    Demoted,
    /// Spans below a root name several sessions.
    Sessions,
    /// The trace is switched off.
    Off,
    /// An evaluation refers to an unknown response.
    Response,
    /// An attribute has no place on a span of this kind.
    Unused,
}

impl Remark {
    const ALL: [Self; 20] = [
        Self::Model,
        Self::ModelFallback,
        Self::Provider,
        Self::Content,
        Self::Role,
        Self::Part,
        Self::Embedding,
        Self::TokenCount,
        Self::Cost,
        Self::Parameters,
        Self::ToolDefinitions,
        Self::ToolName,
        Self::CallName,
        Self::Kind,
        Self::Document,
        Self::Demoted,
        Self::Sessions,
        Self::Off,
        Self::Response,
        Self::Unused,
    ];

    /// Returns the remark in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::ModelFallback => "model_fallback",
            Self::Provider => "provider",
            Self::Content => "content",
            Self::Role => "role",
            Self::Part => "part",
            Self::Embedding => "embedding",
            Self::TokenCount => "token_count",
            Self::Cost => "cost",
            Self::Parameters => "parameters",
            Self::ToolDefinitions => "tool_definitions",
            Self::ToolName => "tool_name",
            Self::CallName => "call_name",
            Self::Kind => "kind",
            Self::Document => "document",
            Self::Demoted => "demoted",
            Self::Sessions => "sessions",
            Self::Off => "off",
            Self::Response => "response",
            Self::Unused => "unused",
        }
    }

    /// Returns the meaning of the remark in a sentence.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Model => "A model call has no model name: the model is `unknown`.",
            Self::ModelFallback => "A model call has a model name only in an attribute that stands in for others.",
            Self::Provider => "A model call has no provider: the provider is `unknown`.",
            Self::Content => "An attribute that should hold messages is no JSON: it is sent as one text.",
            Self::Role => "A message has no role: it gets the usual role of its attribute.",
            Self::Part => "A part of a message has no known type: it is sent as its JSON.",
            Self::Embedding => "An embedding span has no input.",
            Self::TokenCount => "A token count is not a number, or negative: it is left out.",
            Self::Cost => "A cost is not a number, or negative: it is left out.",
            Self::Parameters => "An attribute that should hold parameters is no JSON object: it is left out.",
            Self::ToolDefinitions => "Tool definitions are no list, or one has no name: it is left out.",
            Self::ToolName => "A tool span does not name its tool.",
            Self::CallName => "A message has a tool call without a name: the call is left out.",
            Self::Kind => "No attribute names the operation: the kind is inferred from other attributes.",
            Self::Document => "The score or metadata of a document cannot be read: it is left out.",
            Self::Demoted => {
                "A child span reports the same model call: this span becomes a workflow, and its tokens are not counted."
            }
            Self::Sessions => "Spans below a root without a session have different sessions: the root gets none.",
            Self::Off => "dd_llmobs_enabled is false: the whole trace is not sent.",
            Self::Response => {
                "An evaluation refers to a response that no span has reported: it is joined to the span around it, or by the tag response.id."
            }
            Self::Unused => "An attribute has no place on a span of its kind: it is left out.",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of remarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemarkSet(u32);

impl RemarkSet {
    /// Adds a remark.
    pub fn add(&mut self, remark: Remark) {
        self.0 |= Self::bit(remark);
    }

    /// Adds a remark if `is_so`.
    pub fn add_if(&mut self, remark: Remark, is_so: bool) {
        if is_so {
            self.add(remark);
        }
    }

    /// Removes a remark if `is_so`.
    pub fn remove_if(&mut self, remark: Remark, is_so: bool) {
        if is_so {
            self.0 &= !Self::bit(remark);
        }
    }

    /// Adds all remarks of another set.
    pub const fn absorb(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Returns the remarks in the order of their variants.
    pub fn iter(self) -> impl Iterator<Item = Remark> {
        // Nearly every set is empty: walk its bits, not all variants.
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = Remark::ALL.get(usize::try_from(left.trailing_zeros()).ok()?)?;
            left &= left.wrapping_sub(1);
            Some(*next)
        })
    }

    #[expect(clippy::as_conversions, reason = "the enum has fewer than 32 members")]
    const fn bit(remark: Remark) -> u32 {
        1 << (remark as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remark_is_a_member_of_its_own_with_a_word_and_a_sentence() {
        for remark in Remark::ALL {
            let mut set = RemarkSet::default();
            set.add(remark);
            set.add_if(Remark::Model, false);
            set.remove_if(remark, false);
            assert_eq!(set.iter().collect::<Vec<_>>(), [remark]);
            let mut others = set;
            others.remove_if(remark, true);
            assert_eq!(others, RemarkSet::default());
            let (word, sentence) = (remark.to_string(), remark.explained());
            assert!(!word.contains(' ') && sentence.ends_with('.'), "{word}");
            assert_eq!(Remark::ALL.iter().filter(|other| other.as_str() == word).count(), 1);
        }
    }
}
