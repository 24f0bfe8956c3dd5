//! What an open span must know of itself, because others ask for it.

use super::{Entry, FieldKey, FieldLog, FieldSlot, FieldValue};

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

impl FieldLog {
    /// What a span passes on to those below it, as far as it is said here; of several tag objects the last.
    pub(crate) fn identity(&self) -> Identity<'_> {
        let mut found = Identity::default();
        if !self.has_identity() {
            return found;
        }
        let mut missing = self.seen & FieldSlot::IDENTITY;
        for entry in &self.entries {
            let Entry::Field(meaning, stored) = entry else { continue };
            let Some(slot) = found.slot(*meaning) else { continue };
            *slot = Some(self.value(*stored));
            let sense = FieldSlot::from(*meaning);
            // Of what accumulates, a later one may come.
            missing &= if sense.accumulates() { u64::MAX } else { !sense.bit };
            if missing == 0 {
                break;
            }
        }
        found
    }

    /// The kind, if it is all that is said of that: so it is of most spans.
    #[inline]
    pub(crate) fn kind_alone(&self) -> Option<FieldValue<'_>> {
        if self.seen & FieldSlot::IDENTITY != FieldKey::Kind.bit() {
            return None;
        }
        self.entries.iter().find_map(|entry| match entry {
            Entry::Field(FieldKey::Kind, stored) => Some(self.value(*stored)),
            Entry::Field(..) | Entry::Annotation(_) => None,
        })
    }

    /// Whether there may be anything of that.
    #[inline]
    pub(crate) const fn has_identity(&self) -> bool {
        self.seen & FieldSlot::IDENTITY != 0
    }
}

impl<'a> Identity<'a> {
    /// Where a value with this meaning belongs.
    #[inline]
    const fn slot(&mut self, meaning: FieldKey) -> Option<&mut Option<FieldValue<'a>>> {
        match meaning {
            FieldKey::Kind => Some(&mut self.kind),
            FieldKey::SessionId => Some(&mut self.session_id),
            FieldKey::MlApp => Some(&mut self.ml_app),
            FieldKey::Tags => Some(&mut self.tags),
            FieldKey::Prompt => Some(&mut self.prompt),
            FieldKey::ToolDefinitions => Some(&mut self.tools),
            FieldKey::Capture => Some(&mut self.policy),
            FieldKey::Name
            | FieldKey::ModelName
            | FieldKey::ModelProvider
            | FieldKey::Input
            | FieldKey::Output
            | FieldKey::Metadata
            | FieldKey::MetadataValue(_)
            | FieldKey::Metrics
            | FieldKey::Metric(_)
            | FieldKey::Tag(_)
            | FieldKey::Error
            | FieldKey::ErrorType
            | FieldKey::ErrorMessage
            | FieldKey::ErrorStack
            | FieldKey::ErrorSources
            | FieldKey::ToolId
            | FieldKey::ToolVersion
            | FieldKey::Intent
            | FieldKey::CostTags
            | FieldKey::AgentVersion
            | FieldKey::AgentManifest
            | FieldKey::Argument(_)
            | FieldKey::Returned
            | FieldKey::Failed
            | FieldKey::FailedSources
            | FieldKey::Logged
            | FieldKey::LoggedSources
            | FieldKey::Evaluation(_)
            | FieldKey::Foreign(_)
            | FieldKey::EventStart(_)
            | FieldKey::EventField(_) => None,
        }
    }
}
