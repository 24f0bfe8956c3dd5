//! What is odd about a span that other crates tell of: for whoever writes their attributes, at the level DEBUG.

use std::fmt;

/// See the file's card. Nothing is lost by any of these, and none is a mistake of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remark {
    Model,
    ModelFallback,
    Provider,
    Content,
    Role,
    Part,
    Embedding,
    TokenCount,
    Cost,
    Parameters,
    ToolDefinitions,
    ToolName,
    CallName,
    Kind,
    Document,
    Demoted,
    Sessions,
    Off,
    Response,
}

impl Remark {
    const ALL: [Self; 19] = [
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
    ];

    /// The remark in one word.
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
        }
    }

    /// What it means, in a sentence.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Model => "A call names no model: it is called unknown.",
            Self::ModelFallback => "A call names its model only by a word that stands in for others.",
            Self::Provider => "A call names no provider: it is called unknown.",
            Self::Content => "What should hold messages is no JSON: it is taken as one text.",
            Self::Role => "A message has no role: it has the one of its place.",
            Self::Part => "A part of a message is of no known type: it is kept as its JSON.",
            Self::Embedding => "An embedding says no input.",
            Self::TokenCount => "A count of tokens is no number, or is negative: it was left out.",
            Self::Cost => "A cost is no number, or is negative: it was left out.",
            Self::Parameters => "What should hold parameters is no JSON object: it was left out.",
            Self::ToolDefinitions => "Definitions of tools are no list, or one has no name: it was left out.",
            Self::ToolName => "A call of a tool does not say which.",
            Self::CallName => "A message calls a tool without its name: the call was left out.",
            Self::Kind => "No operation is named: the kind of the span follows from what else it says.",
            Self::Document => "The score or the metadata of a document cannot be read: it was left out.",
            Self::Demoted => {
                "A span below tells of the same call: this one is a workflow, and its tokens are not counted."
            }
            Self::Sessions => "Spans below a root without a session name several: the root has none.",
            Self::Off => "A trace is left alone, because dd_llmobs_enabled is false.",
            Self::Response => {
                "An evaluation names a response that no span told of: it is about the span around it, or the one with that tag."
            }
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
    pub fn add(&mut self, remark: Remark) {
        self.0 |= Self::bit(remark);
    }

    pub fn add_if(&mut self, remark: Remark, is_so: bool) {
        if is_so {
            self.add(remark);
        }
    }

    pub fn remove_if(&mut self, remark: Remark, is_so: bool) {
        if is_so {
            self.0 &= !Self::bit(remark);
        }
    }

    pub const fn absorb(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn iter(self) -> impl Iterator<Item = Remark> {
        // Nearly always there is none.
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
