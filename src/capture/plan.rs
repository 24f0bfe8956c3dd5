//! Plans: what the fields of a callsite mean, decided once per callsite.

use std::ops::Deref;
use std::sync::Arc;

use tracing_core::Metadata;

use super::callsite_fields::{CallsiteFields, FieldSelection, attribute_plan, has_own_fields};
use super::callsite_table::CallsiteTable;
use super::mistakes::{Misspelled, Mistakes};
use crate::queue::Queue;
use crate::recording::{FieldKey, FieldSlot};
use llmobs_conventions::{AttributePlan, is_evaluation_attribute};

/// The plan for the values of one callsite.
#[derive(Debug)]
pub(crate) struct Plan {
    /// By [`Field::index`](tracing_core::Field::index).
    slots: Box<[Option<FieldSlot>]>,
    /// A field sets what a span hands on to its descendants: kind, session, application, prompt, tools.
    pub(super) has_identity: bool,
    /// The event reports the value that an instrumented function returned.
    pub(super) has_return: bool,
    /// The event reports an error, perhaps the one that an instrumented function returned.
    pub(super) has_failure: bool,
    pub(super) evaluation: EvaluationShare,
    pub(super) third_party: Option<ThirdPartyPlan>,
    /// Fields that look like ours and do not exist.
    pub(super) misspelled: Option<Misspelled>,
}

/// The part of a plan for third-party attributes.
#[derive(Debug)]
pub(super) struct ThirdPartyPlan {
    pub(super) attributes: Arc<AttributePlan<'static>>,
    /// The span may turn out to be an LLM span; otherwise it only sets something for LLM spans below it.
    pub(super) is_candidate: bool,
    /// The event may be an evaluation.
    pub(super) may_evaluate: bool,
}

/// The share of an event's captured fields that are an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EvaluationShare {
    None,
    Part,
    All,
}

/// Keys whose values an open span must know while it is open.
const IDENTITY: &[FieldKey] = &[
    FieldKey::Kind,
    FieldKey::SessionId,
    FieldKey::MlApp,
    FieldKey::Tags,
    FieldKey::Capture,
    FieldKey::Prompt,
    FieldKey::ToolDefinitions,
];

impl Plan {
    fn new(metadata: &'static Metadata<'static>, selection: FieldSelection) -> Self {
        let fields = CallsiteFields::of(metadata, selection);
        let keys: Box<[_]> = metadata.fields().iter().map(|field| fields.key(field.name())).collect();
        let has = |wanted: &[FieldKey]| keys.iter().flatten().any(|key| wanted.contains(key));
        let third_party = fields.has_third_party().then(|| ThirdPartyPlan {
            attributes: Arc::new(attribute_plan(metadata, selection.conventions)),
            is_candidate: fields.is_candidate(),
            may_evaluate: metadata.fields().iter().any(|field| is_evaluation_attribute(field.name())),
        });
        Self {
            slots: keys.iter().map(|key| key.map(FieldSlot::from)).collect(),
            has_identity: has(IDENTITY),
            has_return: has(&[FieldKey::Returned]),
            has_failure: has(&[FieldKey::Failed, FieldKey::Logged]),
            evaluation: evaluation_share(&keys),
            third_party,
            misspelled: None,
        }
    }

    /// Returns whether a span can be an LLM span, and does not only set something for others.
    pub(super) fn may_be_llm_span(&self) -> bool {
        self.has_identity || self.third_party.as_ref().is_none_or(|plan| plan.is_candidate)
    }

    /// Returns the slot of the field with this index; `None` when the field is not captured.
    #[inline]
    pub(super) fn slot(&self, index: usize) -> Option<FieldSlot> {
        self.slots.get(index).copied().flatten()
    }
}

fn evaluation_share(keys: &[Option<FieldKey>]) -> EvaluationShare {
    let captured = keys.iter().flatten();
    match captured.clone().filter(|key| matches!(key, FieldKey::Evaluation(_))).count() {
        0 => EvaluationShare::None,
        count if count == captured.count() => EvaluationShare::All,
        _ => EvaluationShare::Part,
    }
}

/// The plans of all callsites of the program; those that are not captured have none.
#[derive(Debug)]
pub(crate) struct PlanTable {
    plans: CallsiteTable<Option<Box<Plan>>>,
    selection: FieldSelection,
    mistakes: Mistakes,
}

impl PlanTable {
    pub(super) fn new(selection: FieldSelection, queue: Arc<Queue>) -> Self {
        Self { plans: CallsiteTable::default(), selection, mistakes: Mistakes::new(queue) }
    }

    /// Returns the mistakes of callsites.
    pub(super) const fn mistakes(&self) -> &Mistakes {
        &self.mistakes
    }

    /// Warns of a kind that does not exist, once for the callsite.
    pub(super) fn note_unknown_kind(&self, metadata: &'static Metadata<'static>, kind: Option<&str>) {
        self.mistakes.note_unknown_kind(metadata, kind);
    }

    pub(super) const fn selection(&self) -> &FieldSelection {
        &self.selection
    }

    /// Notes whether a callsite is captured, and plans it if it is.
    pub(super) fn register(&self, metadata: &'static Metadata<'static>, is_captured: bool) {
        let plan = || {
            let misspelled = self.mistakes.misspelled(metadata, is_captured);
            if is_captured && metadata.is_span() && has_own_fields(metadata) {
                self.mistakes.keep_unchecked(metadata);
            }
            is_captured.then(|| Box::new(Plan { misspelled, ..Plan::new(metadata, self.selection) }))
        };
        let _ = self.plans.get_or_insert(metadata, plan);
    }

    /// Returns whether a callsite is captured; `None` when it was never registered.
    #[inline]
    pub(super) fn is_captured(&self, metadata: &Metadata<'_>) -> Option<bool> {
        self.plans.get(metadata).map(Option::is_some)
    }

    /// Returns the plan of a callsite, or one made for the moment where the table has none.
    #[inline]
    pub(super) fn plan(&self, metadata: &'static Metadata<'static>) -> PlanRef<'_> {
        match self.plans.get(metadata) {
            Some(Some(plan)) => PlanRef::Kept(plan),
            Some(None) | None => PlanRef::Made(Box::new(Plan::new(metadata, self.selection))),
        }
    }
}

/// A plan, from the table or made for the moment.
#[derive(Debug)]
pub(super) enum PlanRef<'a> {
    Kept(&'a Plan),
    Made(Box<Plan>),
}

impl Deref for PlanRef<'_> {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        match self {
            Self::Kept(plan) => plan,
            Self::Made(plan) => plan,
        }
    }
}
