//! The values in a log that an open span must know of itself, because other spans ask for them.

use super::field_key::{FieldKey, FieldSlot};
use super::field_log::{Entry, FieldLog};
use super::field_value::FieldValue;

/// The identity of a span, and the values that it hands on, as far as a log has them.
#[derive(Debug, Default)]
pub(crate) struct IdentityFields<'a> {
    pub(crate) kind: Option<FieldValue<'a>>,
    pub(crate) session_id: Option<FieldValue<'a>>,
    pub(crate) ml_app: Option<FieldValue<'a>>,
    /// The last JSON object of tags: a session may be among them.
    pub(crate) tags: Option<FieldValue<'a>>,
    pub(crate) prompt: Option<FieldValue<'a>>,
    pub(crate) tools: Option<FieldValue<'a>>,
    pub(crate) policy: Option<FieldValue<'a>>,
}

impl FieldLog {
    /// Returns the identity fields of this log.
    pub(crate) fn identity(&self) -> IdentityFields<'_> {
        let mut found = IdentityFields::default();
        if !self.has_identity() {
            return found;
        }
        // Bits of the keys that are still to be found: most spans have their identity in the first entries, and the
        // rest of a long log is not looked at.
        let mut missing = self.seen & FieldSlot::IDENTITY;
        for entry in &self.entries {
            let Entry::Field(key, stored) = entry else { continue };
            let Some(field) = found.field(*key) else { continue };
            *field = Some(self.value(*stored));
            let slot = FieldSlot::from(*key);
            // Accumulating keys may come again, so that they are never all found.
            missing &= if slot.accumulates() { u64::MAX } else { !slot.bit };
            if missing == 0 {
                break;
            }
        }
        found
    }

    /// Returns the kind if it is the only identity field, as in most spans.
    #[inline]
    pub(crate) fn kind_alone(&self) -> Option<FieldValue<'_>> {
        if self.seen & FieldSlot::IDENTITY != FieldKey::Kind.bit() {
            return None;
        }
        // A kind replaces the one before, so that the first is the only one.
        self.entries.iter().find_map(|entry| match entry {
            Entry::Field(FieldKey::Kind, stored) => Some(self.value(*stored)),
            Entry::Field(..) | Entry::Annotation(_) => None,
        })
    }

    /// Returns whether there may be identity fields.
    #[inline]
    pub(crate) const fn has_identity(&self) -> bool {
        self.seen & FieldSlot::IDENTITY != 0
    }
}

impl<'a> IdentityFields<'a> {
    /// Returns the place for a value with this key.
    #[inline]
    const fn field(&mut self, key: FieldKey) -> Option<&mut Option<FieldValue<'a>>> {
        match key {
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
