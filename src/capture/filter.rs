//! Which callsites are ours, and what their fields mean; decided once per callsite.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::Interest;
use tracing_core::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::model::{Meaning, Sense};
use crate::vocabulary;

/// Lets through the callsites that say something about LLM spans, and nothing else: other crates' callsites
/// stay as disabled as they would be without us.
///
/// Ours are spans with an `llmobs.*` field, and events with an `llmobs.*` field, a `return` field, or an
/// `error` field at ERROR, each at the configured level or above it.
#[derive(Debug, Clone)]
pub struct LlmObsFilter {
    max_level: LevelFilter,
    /// What was answered for a callsite: the address of its metadata, and in the lowest bit whether it is ours.
    /// A later callsite in the same slot drives an earlier one out, which is then looked at anew each time.
    verdicts: Arc<[AtomicUsize]>,
}

impl LlmObsFilter {
    pub(crate) fn new(max_level: LevelFilter) -> Self {
        Self { max_level, verdicts: std::iter::repeat_with(AtomicUsize::default).take(Plans::SLOTS).collect() }
    }

    /// The answer given before, for a span of others that some layer wants.
    fn verdict(&self, address: usize) -> Option<bool> {
        let kept = self.verdicts.get(slot_of(address))?.load(Ordering::Relaxed);
        (kept & !1 == address).then_some(kept & 1 == 1)
    }

    /// Asked for every span of others that some layer wants, so the test that most fail comes first.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        has_meaning(metadata) && self.max_level >= *metadata.level() && metadata.target() != OWN_TARGET
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
        if let Some(slot) = self.verdicts.get(slot_of(address)) {
            slot.store(address | usize::from(wanted), Ordering::Relaxed);
        }
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

fn has_meaning(metadata: &Metadata<'_>) -> bool {
    let is_error = tells_errors(metadata);
    if metadata.is_span() {
        return metadata.fields().iter().any(|field| vocabulary::span_field(field.name()).is_some());
    }
    metadata.fields().iter().any(|field| vocabulary::event_field(field.name(), is_error).is_some())
}

/// Whether an `error` field of this event is an error: at ERROR, and at WARN when it is all there is, which is what
/// `#[instrument(err(level = "warn"))]` writes.
fn tells_errors(metadata: &Metadata<'_>) -> bool {
    let level = *metadata.level();
    level == Level::ERROR || level == Level::WARN && metadata.fields().len() == 1
}

/// What the fields of one callsite mean.
#[derive(Debug)]
pub(crate) struct Plan {
    /// By [`Field::index`](tracing_core::Field::index).
    senses: Box<[Option<Sense>]>,
    /// Some field says what a span passes on to those below it: kind, session, application, prompt, tools.
    pub(crate) has_identity: bool,
    /// The event tells what an instrumented function returned.
    pub(crate) has_return: bool,
    /// How much of the event is an evaluation.
    pub(crate) evaluation: Share,
    /// The event tells an error, perhaps the one that an instrumented function returned.
    pub(crate) has_failure: bool,
}

/// What an open span must know of itself.
const IDENTITY: &[Meaning] = &[
    Meaning::Kind,
    Meaning::SessionId,
    Meaning::MlApp,
    Meaning::Tags,
    Meaning::Capture,
    Meaning::Prompt,
    Meaning::ToolDefinitions,
];

impl Plan {
    fn new(metadata: &Metadata<'_>, capture_instrument: bool) -> Self {
        let is_error = tells_errors(metadata);
        let meaning = |name: &'static str| {
            if metadata.is_event() {
                return vocabulary::event_field(name, is_error);
            }
            let argument = || (capture_instrument && vocabulary::is_argument(name)).then_some(Meaning::Argument(name));
            vocabulary::span_field(name).or_else(argument)
        };
        let meanings: Vec<Option<Meaning>> = metadata.fields().iter().map(|field| meaning(field.name())).collect();
        let has = |wanted: &[Meaning]| meanings.iter().flatten().any(|meaning| wanted.contains(meaning));
        let has_identity = has(IDENTITY);
        let (has_return, has_failure) = (has(&[Meaning::Returned]), has(&[Meaning::Failed]));
        let is_evaluation = |meaning: &Meaning| matches!(meaning, Meaning::Evaluation(_));
        let evaluation = match meanings.iter().flatten().filter(|meaning| is_evaluation(meaning)).count() {
            0 => Share::Nothing,
            count if count == meanings.iter().flatten().count() => Share::All,
            _ => Share::Part,
        };
        let senses = meanings.iter().map(|meaning| meaning.map(Sense::from)).collect();
        Self { senses, has_identity, has_return, evaluation, has_failure }
    }

    #[inline]
    pub(crate) fn sense(&self, index: usize) -> Option<Sense> {
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
    pub(super) capture_instrument: bool,
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

    pub(crate) fn new(capture_instrument: bool) -> Self {
        Self { slots: std::iter::repeat_with(Slot::default).take(Self::SLOTS).collect(), capture_instrument }
    }

    pub(crate) fn plan(&self, metadata: &'static Metadata<'static>) -> PlanRef<'_> {
        let make = || Plan::new(metadata, self.capture_instrument);
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
