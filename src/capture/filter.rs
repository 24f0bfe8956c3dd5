//! Which callsites are ours, and what their fields mean; decided once per callsite.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tracing_core::Metadata;
use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter};

use crate::recording::{FieldKey, FieldSlot};
use llmobs_conventions::{AttributePlan, Conventions, is_evaluation_attribute};

mod words;

pub(crate) use words::Hearing;
pub(super) use words::attribute_plan;
use words::{Words, has_meaning, is_foreign};

/// Lets through the callsites that say something about LLM spans, and nothing else: other crates' callsites
/// stay as disabled as they would be without us.
///
/// Ours are spans with an `llmobs.*` field or the fields of a call in the words of another crate, and events with an
/// `llmobs.*` field, a `return` field, an `error` field at ERROR or such words, each at the configured level or above it.
#[derive(Debug, Clone)]
pub struct LlmObsFilter {
    max_level: LevelFilter,
    conventions: Conventions,
    /// What was answered for a callsite: the address of its metadata, and in the lowest bit whether it is ours; in its
    /// slot or one of the next. A later callsite without a free one drives an earlier one out, which is then looked at
    /// anew each time.
    verdicts: Arc<[AtomicUsize]>,
}

impl LlmObsFilter {
    pub(crate) fn new(max_level: LevelFilter, conventions: Conventions) -> Self {
        let verdicts = std::iter::repeat_with(AtomicUsize::default).take(Plans::SLOTS).collect();
        Self { max_level, conventions, verdicts }
    }

    /// The answer given before, for a span of others that some layer wants.
    fn verdict(&self, address: usize) -> Option<bool> {
        let kept = self.verdicts.get(slot_of(address))?.load(Ordering::Relaxed);
        if kept & !1 == address {
            return Some(kept & 1 == 1);
        }
        self.verdict_nearby(address)
    }

    #[cold]
    fn verdict_nearby(&self, address: usize) -> Option<bool> {
        let mut nearby = self.slots(address).map(|slot| slot.load(Ordering::Relaxed));
        nearby.find(|kept| kept & !1 == address).map(|kept| kept & 1 == 1)
    }

    fn keep_verdict(&self, address: usize, is_wanted: bool) {
        let verdict = address | usize::from(is_wanted);
        let take = |slot: &&AtomicUsize| {
            let of_address = |kept: usize| (kept == 0 || kept & !1 == address).then_some(verdict);
            slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, of_address).is_ok()
        };
        if self.slots(address).find(take).is_none()
            && let Some(first) = self.verdicts.get(slot_of(address))
        {
            first.store(verdict, Ordering::Relaxed);
        }
    }

    /// Where the verdict about a callsite may be.
    fn slots(&self, address: usize) -> impl Iterator<Item = &AtomicUsize> {
        self.verdicts.iter().skip(slot_of(address)).chain(self.verdicts.iter()).take(Plans::PROBES)
    }

    /// Asked once for a callsite, as long as there is room for the answer.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.max_level >= *metadata.level()
            && (has_meaning(metadata) || is_foreign(metadata, self.conventions))
            && metadata.target() != OWN_TARGET
    }
}

impl<S> Filter<S> for LlmObsFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.verdict(std::ptr::from_ref(metadata).addr()).unwrap_or_else(|| self.wants(metadata))
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        let wanted = self.wants(metadata);
        let address = std::ptr::from_ref(metadata).addr();
        // Only here is the metadata known to live for ever, so that its address stands for it.
        self.keep_verdict(address, wanted);
        // Not `always`: somebody who only asks whether a callsite of theirs is enabled (`tracing::enabled!`, the `log`
        // bridge) leaves our no in the registry's per-thread state, and a callsite that need not be asked about,
        // because all layers always want it, would get that no (tracing-subscriber 0.3.23).
        if wanted { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max_level)
    }
}

/// Our own diagnostics are not captured.
const OWN_TARGET: &str = "tracing_llmobs";

/// What the fields of one callsite mean.
#[derive(Debug)]
pub(crate) struct Plan {
    /// By [`Field::index`](tracing_core::Field::index).
    senses: Box<[Option<FieldSlot>]>,
    /// Some field says what a span passes on to those below it: kind, session, application, prompt, tools.
    pub(crate) has_identity: bool,
    /// The event tells what an instrumented function returned.
    pub(crate) has_return: bool,
    /// How much of the event is an evaluation.
    pub(crate) evaluation: Share,
    /// The event tells an error, perhaps the one that an instrumented function returned.
    pub(crate) has_failure: bool,
    /// Something in here is in the words of other crates.
    pub(crate) foreign: Option<Foreign>,
}

/// What is in the words of other crates.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) plan: Arc<AttributePlan<'static>>,
    /// A span that it makes ours, perhaps; else it only says something about those below it.
    pub(crate) is_candidate: bool,
    /// It may be an evaluation, if it is an event.
    pub(crate) tells_evaluation: bool,
}

/// What an open span must know of itself.
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
    fn new(metadata: &'static Metadata<'static>, hearing: Hearing) -> Self {
        let words = Words::of(metadata, hearing);
        let meanings: Box<[_]> = metadata.fields().iter().map(|field| words.meaning(field.name())).collect();
        let has = |wanted: &[FieldKey]| meanings.iter().flatten().any(|meaning| wanted.contains(meaning));
        let has_identity = has(IDENTITY);
        let (has_return, has_failure) = (has(&[FieldKey::Returned]), has(&[FieldKey::Failed, FieldKey::Logged]));
        let is_evaluation = |meaning: &FieldKey| matches!(meaning, FieldKey::Evaluation(_));
        let evaluation = match meanings.iter().flatten().filter(|meaning| is_evaluation(meaning)).count() {
            0 => Share::Nothing,
            count if count == meanings.iter().flatten().count() => Share::All,
            _ => Share::Part,
        };
        let foreign = words.is_foreign().then(|| Foreign {
            plan: Arc::new(attribute_plan(metadata, hearing.conventions)),
            is_candidate: words.is_candidate(),
            tells_evaluation: metadata.fields().iter().any(|field| is_evaluation_attribute(field.name())),
        });
        let senses = meanings.iter().map(|meaning| meaning.map(FieldSlot::from)).collect();
        Self { senses, has_identity, has_return, evaluation, has_failure, foreign }
    }

    /// Whether a span can be ours, and does not only say something about those below it.
    pub(crate) fn may_be_ours(&self) -> bool {
        self.has_identity || self.foreign.as_ref().is_none_or(|foreign| foreign.is_candidate)
    }

    #[inline]
    pub(crate) fn sense(&self, index: usize) -> Option<FieldSlot> {
        self.senses.get(index).copied().flatten()
    }
}

/// How much of the fields that say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Nothing,
    Part,
    All,
}

/// The plans of our callsites, found by the address of their metadata without a lock.
///
/// A callsite beyond the table's room gets its plan made anew each time.
#[derive(Debug)]
pub(crate) struct Plans {
    slots: Box<[Slot]>,
    pub(super) hearing: Hearing,
}

#[derive(Debug, Default)]
struct Slot {
    /// 0 while the slot is free.
    address: AtomicUsize,
    plan: OnceLock<Plan>,
}

impl Plans {
    /// A power of two.
    const SLOTS: usize = 1024;
    const PROBES: usize = 8;

    pub(crate) fn new(hearing: Hearing) -> Self {
        Self { slots: std::iter::repeat_with(Slot::default).take(Self::SLOTS).collect(), hearing }
    }

    pub(crate) fn plan(&self, metadata: &'static Metadata<'static>) -> PlanRef<'_> {
        let make = || Plan::new(metadata, self.hearing);
        let address = std::ptr::from_ref(metadata).addr();
        let first = slot_of(address);
        let around = self.slots.iter().skip(first).chain(self.slots.iter());
        for slot in around.take(Self::PROBES) {
            if slot.is_for(address) {
                return PlanRef::Kept(slot.plan.get_or_init(make));
            }
        }
        PlanRef::Made(make())
    }
}

impl Slot {
    /// Whether the slot belongs to this address; a free one does from now on.
    fn is_for(&self, address: usize) -> bool {
        match self.address.load(Ordering::Acquire) {
            0 => match self.address.compare_exchange(0, address, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => true,
                Err(other) => other == address,
            },
            other => other == address,
        }
    }
}

/// The slot of a callsite in a table of [`Plans::SLOTS`].
const fn slot_of(address: usize) -> usize {
    // Metadata are statics: the lowest bits of their addresses are all alike.
    const ALIGNMENT_BITS: u32 = align_of::<Metadata<'static>>().trailing_zeros();
    address.wrapping_shr(ALIGNMENT_BITS) & (Plans::SLOTS - 1)
}

/// A plan, kept or made for the moment.
#[derive(Debug)]
pub(crate) enum PlanRef<'a> {
    Kept(&'a Plan),
    Made(Plan),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callsites_of_one_slot_keep_their_verdicts_as_long_as_there_is_room() {
        let filter = LlmObsFilter::new(LevelFilter::INFO, Conventions::ALL);
        let alike = |number: usize| (number * Plans::SLOTS + Plans::SLOTS - 2) * align_of::<Metadata<'static>>();
        for number in 1..=Plans::PROBES {
            assert_eq!(filter.verdict(alike(number)), None);
            filter.keep_verdict(alike(number), number % 2 == 0);
        }
        for number in 1..=Plans::PROBES {
            assert_eq!(filter.verdict(alike(number)), Some(number % 2 == 0), "{number}");
        }
        // Said anew, it is replaced; one too many drives the first out.
        filter.keep_verdict(alike(2), false);
        filter.keep_verdict(alike(Plans::PROBES + 1), true);
        let verdicts = [1, 2, Plans::PROBES + 1].map(|number| filter.verdict(alike(number)));
        assert_eq!(verdicts, [None, Some(false), Some(true)]);
    }
}
