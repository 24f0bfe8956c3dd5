//! The state of a span that has third-party attributes: what it is, as far as they tell so far.

use std::sync::Arc;

use crate::fields::foreign_attributes;
use crate::recording::{Deferred, FieldKey, FieldLog, FieldValue, LogEntry};
use llmobs_conventions::{AttributePlan, AttributeValue, Classification, ForeignAttributes, Summary, is_decisive};

/// The third-party state of an open span. An LLM span of the application has one too if it uses such attributes.
#[derive(Debug)]
pub(super) struct ForeignState {
    pub(super) plan: Arc<AttributePlan<'static>>,
    /// The attributes can make the span an LLM span. Otherwise they set something for LLM spans below it.
    pub(super) is_candidate: bool,
    pub(super) classification: Classification,
    /// A bit for each field that was classified with a value: another value of it cannot decide what the first did not.
    classified_fields: u64,
    /// The kind was set explicitly, and attributes do not change it.
    pub(super) is_settled: bool,
    /// The session was set by an attribute, which an explicit one replaces.
    pub(super) has_named_session: bool,
    /// The name of the agent, by an attribute.
    pub(super) agent: Option<Arc<str>>,
}

impl ForeignState {
    pub(super) const fn new(plan: Arc<AttributePlan<'static>>, is_candidate: bool) -> Self {
        Self {
            plan,
            is_candidate,
            classification: Classification::Undecided,
            classified_fields: 0,
            is_settled: false,
            has_named_session: false,
            agent: None,
        }
    }

    /// Returns whether the span is an LLM span by its attributes, or can still become one.
    pub(super) const fn may_be_llm_span(&self) -> bool {
        match self.classification {
            Classification::Span(_) | Classification::Undecided => self.is_candidate,
            Classification::Evaluation | Classification::Off | _ => false,
        }
    }

    /// Returns whether `later` values can change the classification.
    ///
    /// Classifying costs as much as was recorded so far, so that a span with one `record` per streamed token must not do
    /// it each time. Only an attribute that decides by its value counts again, and only if the value is a new one; any
    /// other counts once, and not at all when the kind is known.
    #[inline(never)]
    pub(super) fn can_change(&mut self, later: &FieldLog, before: &FieldLog) -> bool {
        let is_known = self.is_settled || matches!(self.classification, Classification::Span(_));
        let mut can_change = false;
        for entry in later.iter() {
            let LogEntry::Field(FieldKey::Foreign(name), value) = entry else { continue };
            if is_decisive(name) {
                can_change |= !before.iter().any(|before| is_same(before, name, value));
            } else if !is_known && !AttributeValue::from(value).is_absent() {
                let bit = self.plan.names().iter().position(|declared| *declared == name).map_or(0, bit_of);
                can_change |= self.classified_fields & bit == 0;
                self.classified_fields |= bit;
            }
        }
        can_change
    }

    /// Returns the attributes that were recorded so far.
    pub(super) fn attributes<'a>(&'a self, log: &'a FieldLog) -> ForeignAttributes<'a> {
        foreign_attributes(&self.plan, log)
    }

    /// Classifies the span by the attributes that were recorded so far.
    pub(super) fn classify(&mut self, log: &FieldLog) -> Summary {
        let mut summary = self.attributes(log).summarize();
        self.classification = summary.classification;
        self.agent = summary.agent.take().map(Arc::from);
        summary
    }
}

/// Returns whether a log counts tokens by fields or annotations of our own.
pub(super) fn counts_tokens(log: &FieldLog) -> bool {
    log.iter().any(|entry| match entry {
        LogEntry::Field(FieldKey::Metrics, _) => true,
        LogEntry::Field(FieldKey::Metric(name), _) => name.ends_with(TOKENS),
        LogEntry::Field(..) => false,
        LogEntry::Annotation(recorded) => {
            let is_expected = recorded.deferred.as_ref().is_some_and(Deferred::has_usage);
            is_expected || recorded.metrics.iter().any(|(name, _)| name.ends_with(TOKENS))
        }
    })
}

/// Returns whether an entry is this attribute with this value.
fn is_same(entry: LogEntry<'_>, name: &str, value: FieldValue<'_>) -> bool {
    match entry {
        LogEntry::Field(FieldKey::Foreign(own), before) => own == name && before == value,
        LogEntry::Field(..) | LogEntry::Annotation(_) => false,
    }
}

/// Returns the bit of a field. A field beyond the 64th has none and is classified each time.
fn bit_of(field: usize) -> u64 {
    u32::try_from(field).ok().and_then(|field| 1_u64.checked_shl(field)).unwrap_or_default()
}

/// The ending of metrics that count tokens.
const TOKENS: &str = "_tokens";
