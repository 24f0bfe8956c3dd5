//! Finds all layers of ours in a subscriber.
//!
//! A dispatch can be asked for one value of a type only, and neither `Option` nor `Vec` pass `on_register_dispatch` on
//! (tracing-subscriber 0.3.23). But every layer is told of every callsite: a callsite that stands for nothing is
//! announced, and the layers that hear of it answer on the announcing thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing_core::callsite::Identifier;
use tracing_core::field::FieldSet;
use tracing_core::subscriber::Interest;
use tracing_core::{Callsite, Dispatch, Kind, Level, Metadata};

thread_local! {
    static ANSWERS: RefCell<Vec<Arc<dyn Answer>>> = const { RefCell::new(Vec::new()) };
}

/// A layer that answers. The type of its state is known to the caller only.
pub(super) trait Answer: std::any::Any + Send + Sync {}

/// Layers that are part of a subscriber in this process; with one of them no roll need be called.
static ATTACHED: AtomicUsize = AtomicUsize::new(0);

struct RollCall;

impl Callsite for RollCall {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

static CALLSITE: RollCall = RollCall;
static METADATA: Metadata<'static> = Metadata::new(
    "roll call",
    "tracing_llmobs",
    Level::ERROR,
    None,
    None,
    None,
    FieldSet::new(&[], Identifier(&CALLSITE)),
    Kind::EVENT,
);

/// Returns whether a callsite is the one of the roll call.
pub(super) fn is_roll_call(metadata: &Metadata<'_>) -> bool {
    std::ptr::addr_eq(metadata, &raw const METADATA)
}

/// Answers a roll call.
pub(super) fn answer(layer: Arc<dyn Answer>) {
    let _ = ANSWERS.try_with(|answers| {
        if let Ok(mut answers) = answers.try_borrow_mut() {
            answers.push(layer);
        }
    });
}

/// Returns the states of all layers in a subscriber.
pub(super) fn call_roll<T: Answer>(dispatch: &Dispatch) -> Vec<Arc<T>> {
    let _ = dispatch.register_callsite(&METADATA);
    let answers = ANSWERS.try_with(|answers| answers.try_borrow_mut().map(|mut answers| std::mem::take(&mut *answers)));
    let answers = answers.ok().and_then(Result::ok).unwrap_or_default();
    answers.into_iter().filter_map(|layer| Arc::<dyn std::any::Any + Send + Sync>::downcast(layer).ok()).collect()
}

/// Notes that a layer has become part of a subscriber.
pub(super) fn attach() {
    ATTACHED.fetch_add(1, Ordering::Relaxed);
}

/// Notes that such a layer is gone.
pub(super) fn detach() {
    ATTACHED.fetch_sub(1, Ordering::Relaxed);
}

/// Returns whether a subscriber can have several layers.
pub(super) fn may_be_several() -> bool {
    ATTACHED.load(Ordering::Relaxed) > 1
}
