//! Which callsites are ours, and what their fields mean; decided once per callsite.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::Interest;
use tracing_core::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::model::{Callsite, Meaning};
use crate::vocabulary::{self, Declared, Vocabularies};

/// Lets through the callsites that say something about LLM spans, and nothing else: other crates' callsites
/// stay as disabled as they would be without us.
///
/// Ours are spans with an `llmobs.*` field or the fields of a call in the words of another crate, and events with an
/// `llmobs.*` field, a `return` field, an `error` field at ERROR or such words, each at the configured level or above it.
#[derive(Debug, Clone)]
pub struct LlmObsFilter {
    max_level: LevelFilter,
    vocabularies: Vocabularies,
    /// What was answered for a callsite: the address of its metadata, and in the lowest bit whether it is ours.
    /// A later callsite in the same slot drives an earlier one out, which is then looked at anew each time.
    verdicts: Arc<[AtomicUsize]>,
}

impl LlmObsFilter {
    pub(crate) fn new(max_level: LevelFilter, vocabularies: Vocabularies) -> Self {
        let verdicts = std::iter::repeat_with(AtomicUsize::default).take(Plans::SLOTS).collect();
        Self { max_level, vocabularies, verdicts }
    }

    /// The answer given before, for a span of others that some layer wants.
    fn verdict(&self, address: usize) -> Option<bool> {
        let kept = self.verdicts.get(slot_of(address))?.load(Ordering::Relaxed);
        (kept & !1 == address).then_some(kept & 1 == 1)
    }

    /// Asked for every span of others that some layer wants, so the test that most fail comes first.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        (has_meaning(metadata) || is_foreign(metadata, self.vocabularies))
            && self.max_level >= *metadata.level()
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

/// Whether the words of other crates make it a span of ours, or an event that says something about one.
fn is_foreign(metadata: &Metadata<'_>, vocabularies: Vocabularies) -> bool {
    let names = metadata.fields().iter().map(|field| field.name());
    if metadata.is_span() {
        let declared = vocabulary::declared(vocabularies, metadata.target(), metadata.name(), names);
        return declared == Declared::Candidate;
    }
    vocabulary::is_known_event(vocabularies, metadata.name(), *metadata.level() == Level::ERROR, names)
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
    meanings: Box<[Option<Meaning>]>,
    /// Some field says what a span passes on to those below it: kind, session, application, prompt, tools.
    pub(crate) has_identity: bool,
    /// The event tells what an instrumented function returned.
    pub(crate) has_return: bool,
    /// How much of the event is an evaluation.
    pub(crate) evaluation: Share,
    /// The event tells an error, perhaps the one that an instrumented function returned.
    pub(crate) has_failure: bool,
    /// The event may be an evaluation in the words of other crates.
    pub(crate) tells_evaluation: bool,
    /// Something in here is in the words of other crates.
    pub(crate) callsite: Option<Arc<Callsite>>,
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
    fn new(metadata: &'static Metadata<'static>, hearing: Hearing) -> Self {
        let words = Words::of(metadata, hearing);
        let meanings: Box<[_]> = metadata.fields().iter().map(|field| words.meaning(field.name())).collect();
        let has = |wanted: &[Meaning]| meanings.iter().flatten().any(|meaning| wanted.contains(meaning));
        let has_identity = has(IDENTITY);
        let (has_return, has_failure) = (has(&[Meaning::Returned]), has(&[Meaning::Failed, Meaning::Logged]));
        let is_evaluation = |meaning: &Meaning| matches!(meaning, Meaning::Evaluation(_));
        let evaluation = match meanings.iter().flatten().filter(|meaning| is_evaluation(meaning)).count() {
            0 => Share::Nothing,
            count if count == meanings.iter().flatten().count() => Share::All,
            _ => Share::Part,
        };
        let mut names = metadata.fields().iter().map(|field| field.name());
        let tells_evaluation = words.is_foreign && metadata.is_event() && names.any(vocabulary::is_evaluation_word);
        let callsite = words.is_foreign.then(|| Arc::new(callsite(metadata)));
        Self { meanings, has_identity, has_return, evaluation, has_failure, tells_evaluation, callsite }
    }

    pub(crate) fn meaning(&self, index: usize) -> Option<Meaning> {
        self.meanings.get(index).copied().flatten()
    }
}

fn callsite(metadata: &'static Metadata<'static>) -> Callsite {
    let declared = metadata.fields().iter().map(|field| field.name()).collect();
    Callsite { target: metadata.target(), name: metadata.name(), declared }
}

/// What is listened to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hearing {
    /// Whether the arguments of instrumented functions are heard.
    pub(crate) capture_instrument: bool,
    pub(crate) vocabularies: Vocabularies,
}

/// Whose words the fields of a callsite are.
struct Words {
    metadata: &'static Metadata<'static>,
    hearing: Hearing,
    is_own: bool,
    /// An event with a text: an error in it was logged, not returned.
    is_log_line: bool,
    /// Words of other crates are heard here: in their spans and events, and in all spans of ours.
    is_foreign: bool,
}

impl Words {
    fn of(metadata: &'static Metadata<'static>, hearing: Hearing) -> Self {
        let is_own = has_meaning(metadata);
        let is_known = |name| vocabulary::is_known_field(hearing.vocabularies, metadata.target(), name);
        let is_foreign = is_foreign(metadata, hearing.vocabularies)
            || is_own && metadata.is_span() && metadata.fields().iter().any(|field| is_known(field.name()));
        let is_log_line = metadata.is_event() && metadata.fields().field("message").is_some();
        Self { metadata, hearing, is_own, is_log_line, is_foreign }
    }

    fn meaning(&self, name: &'static str) -> Option<Meaning> {
        if self.metadata.is_event() {
            let foreign = self.is_foreign.then_some(Meaning::EventField(name));
            return match vocabulary::event_field(name, tells_errors(self.metadata)) {
                Some(Meaning::Failed) if self.is_log_line => Some(Meaning::Logged),
                own => own.or(foreign),
            };
        }
        let is_known = || vocabulary::is_known_field(self.hearing.vocabularies, self.metadata.target(), name);
        if let Some(own) = vocabulary::span_field(name) {
            return Some(own);
        }
        if self.is_foreign && is_known() {
            return Some(Meaning::Foreign(name));
        }
        // What other crates say beside their words is not for others.
        let is_argument = self.is_own && self.hearing.capture_instrument && vocabulary::is_argument(name);
        is_argument.then_some(Meaning::Argument(name))
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
