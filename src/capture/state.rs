//! What all callbacks of one layer share, and the way from a span's id to its records.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tracing_core::dispatcher::WeakDispatch;
use tracing_core::span::Id;
use tracing_core::{Dispatch, Metadata, Subscriber};
use tracing_subscriber::registry::LookupSpan;

use super::annotation_context;
use super::filter::{Hearing, Plan, Plans};
use super::lineage::{Borne, Lineage, Trace};
use super::record::{Evaluable, SpanRecord};
use super::records::Records;
use super::remote::Outbound;
use super::responses::Responses;
use crate::clock::Clock;
use crate::queue::Queue;
use crate::recording::IdSource;
use crate::recording::KindPolicies;
use crate::recording::{FieldLog, RecordedAnnotation};
use crate::stats::LossReason;
use llmobs_conventions::Conventions;
use llmobs_model::SpanKind;

/// See the file's card.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) queue: Arc<Queue>,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) plans: Plans,
    pub(crate) sample_rate: f64,
    pub(crate) policies: KindPolicies,
    /// The configured application, for those outside who are told.
    pub(crate) ml_app: Arc<str>,
    pub(crate) outbound: Outbound,
    pub(crate) open_max_bytes: u64,
    pub(super) responses: Responses,
    /// How to reach a span in this subscriber, known once the layer is part of one.
    reach: OnceLock<Reach>,
    /// The dispatch that the subscriber became, known from the first time on that a span of ours is entered or
    /// annotated: `on_register_dispatch` would tell it earlier, but `Option` and `Vec` do not pass that on
    /// (tracing-subscriber 0.3.23).
    dispatch: OnceLock<WeakDispatch>,
    /// Some span became ours that our filter hides from us; parents must be looked for without it.
    has_promoted: AtomicBool,
    /// Some span says something for those below it and is none of ours.
    pub(super) has_bearers: AtomicBool,
}

/// What capture is told at start.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) hearing: Hearing,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) sample_rate: f64,
    pub(crate) policies: KindPolicies,
    pub(crate) ml_app: Arc<str>,
    pub(crate) outbound: Outbound,
    pub(crate) open_max_bytes: usize,
}

/// The subscriber's type, forgotten: plain function pointers that know it.
#[derive(Debug, Clone, Copy)]
struct Reach {
    records: fn(&Dispatch, &Id, EachRecords<'_>) -> bool,
    upward: fn(&Dispatch, &Id, UntilFound<'_>),
    name: fn(&Dispatch, &Id) -> Option<&'static str>,
}

type EachRecords<'a> = &'a mut dyn FnMut(&mut Records);
type UntilFound<'a> = &'a mut dyn FnMut(Place, &Records) -> bool;

/// A span and where it was written.
pub(super) type Place = (Id, &'static Metadata<'static>);

impl Capture {
    pub(crate) fn new(queue: Arc<Queue>, options: Options) -> Self {
        let Options { hearing, clock, ids, sample_rate, policies, ml_app, outbound, open_max_bytes } = options;
        Self {
            queue,
            clock,
            ids,
            plans: Plans::new(hearing),
            sample_rate,
            policies,
            ml_app,
            outbound,
            open_max_bytes: u64::try_from(open_max_bytes).unwrap_or(u64::MAX),
            responses: Responses::default(),
            reach: OnceLock::new(),
            dispatch: OnceLock::new(),
            has_promoted: AtomicBool::new(false),
            has_bearers: AtomicBool::new(false),
        }
    }

    /// Whose words are heard beside ours.
    pub(crate) const fn conventions(&self) -> Conventions {
        self.plans.hearing.conventions
    }

    /// Learns the type of the subscriber below the layer.
    pub(crate) fn learn<S: Subscriber + for<'a> LookupSpan<'a>>(&self) {
        let reach = Reach { records: records::<S>, upward: upward::<S>, name: name::<S> };
        // Only the first subscriber counts; a layer is part of one.
        let _ = self.reach.set(reach);
    }

    /// Learns the dispatch that the subscriber became, while a span of ours in it is entered: then it is the default
    /// one, unless somebody enters a span of another subscriber.
    pub(super) fn meet_default(self: &Arc<Self>, id: &Id) {
        if self.dispatch.get().is_some() {
            return;
        }
        tracing::dispatcher::get_default(|dispatch| {
            let mut is_ours = false;
            (self.with_records(dispatch, id, &mut |records| is_ours = records.of(self).is_some()) && is_ours)
                .then(|| self.dispatch.set(dispatch.downgrade()))
        });
    }

    /// Annotates the span with this id and says whether there is a record of it that is open.
    pub(crate) fn annotate(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, annotation: RecordedAnnotation) -> bool {
        let makes_ours = annotation.kind.is_some();
        let mut annotation = Some(annotation);
        let (mut found, mut is_new) = (false, false);
        let reached = self.with_records(dispatch, id, &mut |records| {
            is_new = makes_ours && records.of(self).is_none();
            found = records.annotate(&mut annotation, is_new);
        });
        if reached && is_new {
            found |= annotation
                .take()
                .is_some_and(|annotation| self.promote(dispatch, id, |record| record.annotate(annotation)));
        }
        found
    }

    /// Ends the span with this id now and says whether it was open.
    pub(crate) fn finish(&self, dispatch: &Dispatch, id: &Id) -> bool {
        let now = self.clock.instant();
        let (mut ended, mut is_open) = (Vec::new(), false);
        self.with_records(dispatch, id, &mut |records| {
            ended.extend(records.iter_mut().filter_map(|record| {
                record.stay_evaluable();
                is_open |= record.hears(false);
                Some((record.sender(), record.end(now)?))
            }));
        });
        for (capture, ended) in ended {
            capture.send(ended);
        }
        is_open
    }

    /// How long the span with this id is open, in seconds, and what it stands for.
    pub(crate) fn opened(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<(f64, SpanKind)> {
        let mut opened = None;
        self.with_records(dispatch, id, &mut |records| {
            opened = records.of(self).and_then(|record| record.opened());
        });
        opened
    }

    /// What is passed on by the nearest span of ours above this one, also where our filter hides it.
    pub(crate) fn hidden_lineage(self: &Arc<Self>, id: &Id) -> Option<Lineage> {
        if !self.has_promoted.load(Ordering::Acquire) {
            return None;
        }
        self.hidden_lineage_above(id)
    }

    #[cold]
    fn hidden_lineage_above(self: &Arc<Self>, id: &Id) -> Option<Lineage> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        self.lineage_above(&dispatch, id)
    }

    /// The nearest span of ours that an event is inside of, also where our filter hides it.
    pub(super) fn hidden_listener(self: &Arc<Self>, id: impl FnOnce() -> Option<Id>) -> Option<(Dispatch, Place)> {
        let (dispatch, id) = (self.dispatch.get()?.upgrade()?, id()?);
        let mut listener = None;
        (self.reach.get()?.upward)(&dispatch, &id, &mut |place, records| {
            listener = records.hears(self).then_some(place);
            listener.is_some()
        });
        listener.map(|place| (dispatch, place))
    }

    /// The nearest span of ours around this one that can be evaluated, also where our filter hides it.
    pub(super) fn hidden_evaluable(self: &Arc<Self>, id: impl FnOnce() -> Option<Id>) -> Option<Evaluable> {
        let (dispatch, id) = (self.dispatch.get()?.upgrade()?, id()?);
        let mut found = None;
        (self.reach.get()?.upward)(&dispatch, &id, &mut |_, records| {
            found = records.evaluable(self);
            found.is_some()
        });
        found
    }

    /// Hands over what an event said about the span with this id.
    pub(crate) fn tell(self: &Arc<Self>, dispatch: &Dispatch, (id, metadata): Place, said: &mut FieldLog, plan: &Plan) {
        self.with_records(dispatch, &id, &mut |records| {
            if let Some(record) = records.of(self) {
                record.hear_event(said, plan, metadata);
            }
        });
    }

    /// Gives a span a record that had none; what is said first makes it ours, or a bearer of what came from outside.
    pub(super) fn promote(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        say: impl FnOnce(&mut SpanRecord) -> bool,
    ) -> bool {
        let Some(reach) = self.reach.get() else { return false };
        let Some(name) = (reach.name)(dispatch, id) else { return false };
        let _ = self.dispatch.set(dispatch.downgrade());
        self.has_promoted.store(true, Ordering::Release);
        let above = self.lineage_above(dispatch, id);
        let Some(mut record) = SpanRecord::begin(self, name, above, None) else {
            self.queue.refuse(LossReason::OpenSpans);
            return false;
        };
        annotation_context::assume(&mut record);
        let (mut record, mut say) = (Some(record), Some(say));
        self.with_records(dispatch, id, &mut |records| {
            let Some(say) = say.take() else { return };
            // Another thread may have been faster; then the new record, which has no kind, ends unsent.
            if let Some(other) = records.of(self) {
                let _ = say(other);
            } else if let Some(mut record) = record.take() {
                let _ = say(&mut record);
                records.add(record);
            }
        })
    }

    /// The traces that the span with this id is inside of, one for each layer of ours, and its own.
    pub(super) fn traces(&self, dispatch: &Dispatch, id: &Id) -> Vec<Arc<Trace>> {
        let mut traces: Vec<Arc<Trace>> = Vec::new();
        if let Some(reach) = self.reach.get() {
            (reach.upward)(dispatch, id, &mut |_, records| {
                traces.extend(records.traces());
                false
            });
        }
        traces
    }

    fn lineage_above(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<Lineage> {
        let (mut lineage, mut borne) = (None, None::<Box<Borne>>);
        self.upward(dispatch, id, &mut |_, records| {
            lineage = records.lineage_or(self, &mut borne);
            lineage.is_some()
        });
        let Some(borne) = borne else { return lineage };
        Some(borne.laid_over(lineage))
    }

    pub(super) fn upward(&self, dispatch: &Dispatch, id: &Id, each: UntilFound<'_>) {
        if let Some(reach) = self.reach.get() {
            (reach.upward)(dispatch, id, each);
        }
    }

    pub(super) fn with_records(&self, dispatch: &Dispatch, id: &Id, each: EachRecords<'_>) -> bool {
        self.reach.get().is_some_and(|reach| (reach.records)(dispatch, id, each))
    }
}

fn records<S: Subscriber + for<'a> LookupSpan<'a>>(dispatch: &Dispatch, id: &Id, each: EachRecords<'_>) -> bool {
    let Some(span) = dispatch.downcast_ref::<S>().and_then(|registry| registry.span(id)) else { return false };
    let mut extensions = span.extensions_mut();
    if extensions.get_mut::<Records>().is_none() {
        extensions.replace(Records::default());
    }
    extensions.get_mut::<Records>().is_some_and(|records| {
        each(records);
        true
    })
}

/// Goes up from a span, itself included, without any filter, until `each` has found what it wants.
fn upward<S: Subscriber + for<'a> LookupSpan<'a>>(dispatch: &Dispatch, id: &Id, each: UntilFound<'_>) {
    let mut next = dispatch.downcast_ref::<S>().and_then(|registry| registry.span(id));
    while let Some(span) = next {
        if span.extensions().get::<Records>().is_some_and(|records| each((span.id(), span.metadata()), records)) {
            return;
        }
        next = span.parent();
    }
}

fn name<S: Subscriber + for<'a> LookupSpan<'a>>(dispatch: &Dispatch, id: &Id) -> Option<&'static str> {
    dispatch.downcast_ref::<S>()?.span(id).map(|span| span.name())
}

thread_local! {
    /// A log to visit values into before a span is locked.
    static SCRATCH: RefCell<FieldLog> = const { RefCell::new(FieldLog::new()) };
}

/// A scratch log above this is not worth keeping for each thread.
const MOST_SCRATCH_BYTES: usize = 64 * 1024;

/// Lends the thread's scratch log; a nested use, and one at the end of a thread, gets one of its own.
pub(super) fn with_scratch(queue: &Queue, using: impl FnOnce(&mut FieldLog)) {
    let mut using = Some(using);
    let _ = SCRATCH.try_with(|scratch| {
        let Ok(mut log) = scratch.try_borrow_mut() else { return };
        let Some(using) = using.take() else { return };
        using(&mut log);
        queue.spare_texts.empty(&mut log);
        if log.capacity() > MOST_SCRATCH_BYTES {
            *log = FieldLog::new();
        }
    });
    if let Some(using) = using {
        let mut log = FieldLog::new();
        using(&mut log);
        queue.spare_texts.empty(&mut log);
    }
}
