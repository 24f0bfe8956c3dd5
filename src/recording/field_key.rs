//! The keys of captured fields, and the bit of a log that stands for each.

use llmobs_model::CapturePolicy;

/// The meaning of a field. Each field name of a callsite gets one, once, when the callsite is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKey {
    Kind,
    Name,
    ModelName,
    ModelProvider,
    SessionId,
    MlApp,
    /// The policy that bounds what is kept of the span.
    Capture,
    Input,
    Output,
    /// A JSON object of metadata.
    Metadata,
    /// A value of the metadata, with its name.
    MetadataValue(&'static str),
    /// A JSON object of metrics.
    Metrics,
    Metric(&'static str),
    /// A JSON object of tags.
    Tags,
    Tag(&'static str),
    Error,
    ErrorType,
    ErrorMessage,
    ErrorStack,
    /// The chain of sources of an error value; an explicit stack wins.
    ErrorSources,
    /// A JSON object: the prompt.
    Prompt,
    /// A JSON array of tool definitions.
    ToolDefinitions,
    ToolId,
    ToolVersion,
    Intent,
    /// A JSON array of tag keys, or a text of them with commas.
    CostTags,
    AgentVersion,
    /// A JSON object: the declaration of the agent.
    AgentManifest,
    /// A declared field of no convention: an argument of an instrumented function.
    Argument(&'static str),
    /// The value that an instrumented function returned.
    Returned,
    /// The error that an instrumented function returned, or that was logged inside the span.
    Failed,
    /// The chain of sources of the error of [`FieldKey::Failed`].
    FailedSources,
    /// The error of a log line with a message: the error of spans that are LLM spans explicitly, and only a text for
    /// spans that are so by third-party attributes.
    Logged,
    /// The chain of sources of the error of [`FieldKey::Logged`].
    LoggedSources,
    /// Part of an evaluation, which is no part of the span.
    Evaluation(EvaluationField),
    /// A third-party attribute of a span, with its name.
    Foreign(&'static str),
    /// The mark before the fields of an event with third-party attributes: the event's name, and as the value whether the
    /// event is at ERROR.
    EventStart(&'static str),
    /// A field of that event.
    EventField(&'static str),
}

/// The meaning of a field of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvaluationField {
    Label,
    Categorical,
    Score,
    Boolean,
    /// A JSON object.
    Json,
    Assessment,
    Reasoning,
    /// A JSON object of metadata.
    Metadata,
    MetadataValue(&'static str),
    Tag(&'static str),
}

impl FieldKey {
    /// Returns the bit of this key. Keys with a name share 32 bits by a hash, so a bit that is set means "perhaps".
    pub(super) const fn bit(self) -> u64 {
        let index = match self {
            Self::Kind => 0,
            Self::Name => 1,
            Self::ModelName => 2,
            Self::ModelProvider => 3,
            Self::SessionId => 4,
            Self::MlApp => 5,
            Self::Input => 6,
            Self::Output => 7,
            Self::Metadata => 8,
            Self::Metrics => 9,
            Self::Tags => 10,
            Self::Error => 11,
            Self::ErrorType => 12,
            Self::ErrorMessage => 13,
            Self::ErrorStack => 14,
            Self::Returned => 15,
            Self::Failed => 16,
            Self::ErrorSources => 17,
            Self::FailedSources => 18,
            Self::Prompt => 19,
            Self::ToolDefinitions => 20,
            Self::ToolId => 21,
            Self::ToolVersion => 22,
            Self::Intent => 23,
            Self::CostTags => 24,
            Self::AgentVersion => 25,
            Self::AgentManifest => 26,
            Self::Evaluation(_) => 27,
            Self::Capture => 28,
            // One bit for both, whatever their names: they accumulate, so that no earlier value is ever searched for.
            Self::EventStart(_) | Self::EventField(_) => 29,
            Self::Logged => 30,
            Self::LoggedSources => 31,
            Self::MetadataValue(name)
            | Self::Metric(name)
            | Self::Tag(name)
            | Self::Argument(name)
            | Self::Foreign(name) => named(name),
        };
        1 << index
    }

    /// Returns the key for the sources of an error value with this key.
    pub(crate) fn sources(self) -> Option<Self> {
        let pairs = [
            (Self::Error, Self::ErrorSources),
            (Self::Failed, Self::FailedSources),
            (Self::Logged, Self::LoggedSources),
        ];
        pairs.into_iter().find(|(error, _)| *error == self).map(|(_, sources)| sources)
    }

    pub(crate) const fn is_sources(self) -> bool {
        matches!(self, Self::ErrorSources | Self::FailedSources | Self::LoggedSources)
    }

    /// Returns the strictest policy that lets the value out. Errors pass under every policy, because they decide the
    /// status.
    pub(crate) const fn needs(self) -> CapturePolicy {
        match self {
            Self::Input
            | Self::Output
            | Self::Argument(_)
            | Self::Returned
            | Self::Prompt
            | Self::Intent
            | Self::AgentManifest => CapturePolicy::All,
            Self::Metadata | Self::MetadataValue(_) | Self::Tags | Self::Tag(_) | Self::CostTags => {
                CapturePolicy::Metadata
            }
            Self::Kind
            | Self::Name
            | Self::ModelName
            | Self::ModelProvider
            | Self::SessionId
            | Self::MlApp
            | Self::Capture
            | Self::Evaluation(_)
            | Self::ToolDefinitions
            | Self::ToolId
            | Self::ToolVersion
            | Self::AgentVersion
            | Self::Metrics
            | Self::Metric(_)
            | Self::Error
            | Self::ErrorType
            | Self::ErrorMessage
            | Self::ErrorStack
            | Self::ErrorSources
            | Self::Failed
            | Self::FailedSources
            | Self::Logged
            | Self::LoggedSources
            // Only the conventions know what these hold: they apply the policy when they map the attributes.
            | Self::Foreign(_)
            | Self::EventStart(_)
            | Self::EventField(_) => CapturePolicy::None,
        }
    }

    /// Returns whether several values with this key accumulate instead of replacing one another.
    pub(crate) const fn accumulates(self) -> bool {
        self.bit() & FieldSlot::ACCUMULATING != 0
    }
}

/// A key with its bit, computed once per callsite, because a log needs the bit at every value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSlot {
    pub(super) key: FieldKey,
    /// [`FieldKey::bit`]
    pub(super) bit: u64,
}

impl FieldSlot {
    pub(super) const EVALUATION: u64 = FieldKey::Evaluation(EvaluationField::Label).bit();

    /// The keys that an open span must know of itself; see [`IdentityFields`](super::IdentityFields).
    pub(super) const IDENTITY: u64 = FieldKey::Kind.bit()
        | FieldKey::SessionId.bit()
        | FieldKey::MlApp.bit()
        | FieldKey::Tags.bit()
        | FieldKey::Prompt.bit()
        | FieldKey::ToolDefinitions.bit()
        | FieldKey::Capture.bit();

    /// The keys whose values accumulate instead of replacing one another.
    const ACCUMULATING: u64 = FieldKey::Metadata.bit()
        | FieldKey::Metrics.bit()
        | FieldKey::Tags.bit()
        | FieldKey::Prompt.bit()
        | FieldKey::CostTags.bit()
        | FieldKey::AgentManifest.bit()
        | FieldKey::EventStart("").bit()
        | FieldKey::EventField("").bit();

    pub(crate) const fn key(self) -> FieldKey {
        self.key
    }

    #[inline]
    pub(super) const fn accumulates(self) -> bool {
        self.bit & Self::ACCUMULATING != 0
    }
}

impl From<FieldKey> for FieldSlot {
    fn from(key: FieldKey) -> Self {
        Self { key, bit: key.bit() }
    }
}

/// Returns one of the bits from 32 on, by a hash (FNV-1a). Its start value was searched for, so that the usual metrics and
/// parameters of models get different bits: two names on one bit cost a search at each value.
#[expect(clippy::as_conversions, reason = "`From` is not const")]
const fn named(name: &str) -> u32 {
    const FIRST: u32 = 32;
    let (mut hash, mut rest) = (0x811c_a15b_u32, name.as_bytes());
    while let [first, behind @ ..] = rest {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        rest = behind;
    }
    // The uppermost five bits: a product carries upwards, so that those depend on every byte.
    FIRST.saturating_add(hash >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_values_of_a_model_call_have_bits_of_their_own() {
        let names = [
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "cache_read_input_tokens",
            "cache_write_input_tokens",
            "reasoning_output_tokens",
            "time_to_first_token",
            "temperature",
            "max_tokens",
            "top_p",
            "top_k",
            "seed",
            "stop",
            "stream",
            "user",
            "tool_choice",
        ];
        let mut bits: Vec<u32> = names.map(named).to_vec();
        bits.sort_unstable();
        bits.dedup();
        assert_eq!(bits.len(), names.len());
        assert!(bits.iter().all(|bit| (32..64).contains(bit)));
    }
}
