//! What an open span must know of itself, because others ask for it.

use super::{Entry, FieldValue, Log, Meaning, Sense};

/// What is said about whom a span belongs to, and what it passes on.
#[derive(Debug, Default)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: Option<FieldValue<'a>>,
    pub(crate) session_id: Option<FieldValue<'a>>,
    pub(crate) ml_app: Option<FieldValue<'a>>,
    /// A session may be among the tags.
    pub(crate) tags: Option<FieldValue<'a>>,
    pub(crate) prompt: Option<FieldValue<'a>>,
    pub(crate) tools: Option<FieldValue<'a>>,
    pub(crate) policy: Option<FieldValue<'a>>,
}

impl Log {
    /// What a span passes on to those below it, as far as it is said here; of several tag objects the last.
    pub(crate) fn identity(&self) -> Identity<'_> {
        let mut found = Identity::default();
        if !self.has_identity() {
            return found;
        }
        let mut missing = self.seen & Sense::IDENTITY;
        for entry in &self.entries {
            let Entry::Field(meaning, stored) = entry else { continue };
            if let Some(slot) = found.slot(*meaning) {
                *slot = Some(self.value(*stored));
                let sense = Sense::from(*meaning);
                // Of what accumulates, a later one may come.
                if !sense.accumulates() {
                    missing &= !sense.bit;
                }
            }
            if missing == 0 {
                break;
            }
        }
        found
    }

    /// The kind, if it is all that is said of that: so it is of most spans.
    #[inline]
    pub(crate) fn kind_alone(&self) -> Option<FieldValue<'_>> {
        if self.seen & Sense::IDENTITY != Meaning::Kind.bit() {
            return None;
        }
        self.entries.iter().find_map(|entry| match entry {
            Entry::Field(Meaning::Kind, stored) => Some(self.value(*stored)),
            Entry::Field(..) | Entry::Annotation(_) => None,
        })
    }

    /// Whether there may be anything of that.
    #[inline]
    pub(crate) const fn has_identity(&self) -> bool {
        self.seen & Sense::IDENTITY != 0
    }
}

impl<'a> Identity<'a> {
    /// Where a value with this meaning belongs.
    #[inline]
    const fn slot(&mut self, meaning: Meaning) -> Option<&mut Option<FieldValue<'a>>> {
        match meaning {
            Meaning::Kind => Some(&mut self.kind),
            Meaning::SessionId => Some(&mut self.session_id),
            Meaning::MlApp => Some(&mut self.ml_app),
            Meaning::Tags => Some(&mut self.tags),
            Meaning::Prompt => Some(&mut self.prompt),
            Meaning::ToolDefinitions => Some(&mut self.tools),
            Meaning::Capture => Some(&mut self.policy),
            Meaning::Name
            | Meaning::ModelName
            | Meaning::ModelProvider
            | Meaning::Input
            | Meaning::Output
            | Meaning::Metadata
            | Meaning::MetadataValue(_)
            | Meaning::Metrics
            | Meaning::Metric(_)
            | Meaning::Tag(_)
            | Meaning::Error
            | Meaning::ErrorType
            | Meaning::ErrorMessage
            | Meaning::ErrorStack
            | Meaning::ErrorSources
            | Meaning::ToolId
            | Meaning::ToolVersion
            | Meaning::Intent
            | Meaning::CostTags
            | Meaning::AgentVersion
            | Meaning::AgentManifest
            | Meaning::Argument(_)
            | Meaning::Returned
            | Meaning::Failed
            | Meaning::FailedSources
            | Meaning::Logged
            | Meaning::LoggedSources
            | Meaning::Evaluation(_)
            | Meaning::Foreign(_)
            | Meaning::EventStart(_)
            | Meaning::EventField(_) => None,
        }
    }
}
