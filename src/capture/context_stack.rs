//! The annotation contexts that are in force on each thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::trace::TraceState;
use llmobs_model::Annotation;

/// A context in force.
#[derive(Debug)]
struct EnteredContext {
    number: u64,
    annotation: Arc<Annotation>,
    /// The traces that it applies to; all, when there is none.
    traces: Vec<Arc<TraceState>>,
}

thread_local! {
    static NEXT_NUMBER: Cell<u64> = const { Cell::new(0) };
    /// The length of [`ENTERED`], so that a span outside of contexts looks at one integer only.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Outermost first.
    static ENTERED: RefCell<Vec<EnteredContext>> = const { RefCell::new(Vec::new()) };
}

/// Puts a context in force on this thread, until [`exit`] is called with the number that is returned.
pub(super) fn enter(annotation: Arc<Annotation>, traces: Vec<Arc<TraceState>>) -> u64 {
    let number = NEXT_NUMBER.try_with(|next| next.replace(next.get().wrapping_add(1))).unwrap_or_default();
    change(|entered| entered.push(EnteredContext { number, annotation, traces }));
    number
}

/// Ends a context. Contexts need not end in the reverse order of their beginnings.
pub(super) fn exit(number: u64) {
    change(|entered| entered.retain(|context| context.number != number));
}

/// Calls `each` with the contexts in force, outermost first.
#[inline]
pub(super) fn for_each(mut each: impl FnMut(&Annotation, &[Arc<TraceState>])) {
    if COUNT.try_with(Cell::get).unwrap_or_default() == 0 {
        return;
    }
    let _ = ENTERED.try_with(|entered| {
        let Ok(entered) = entered.try_borrow() else { return };
        entered.iter().for_each(|context| each(&context.annotation, &context.traces));
    });
}

fn change(with: impl FnOnce(&mut Vec<EnteredContext>)) {
    // While a thread ends there are no contexts any more.
    let _ = ENTERED.try_with(|entered| {
        if let Ok(mut entered) = entered.try_borrow_mut() {
            with(&mut entered);
            let _ = COUNT.try_with(|count| count.set(entered.len()));
        }
    });
}
