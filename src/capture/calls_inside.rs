//! The number of model calls inside one span, as far as it matters.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The model calls inside one `llm` or `embedding` span, shared by the span and by each of them.
///
/// The first call completes the span. When a second one begins (the better of two, another try, a fallback), the span turns
/// out to be a workflow around several calls: the later ones open spans of their own, and the first becomes a span below it
/// when it is read, which is after the end of the workflow.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallsInside(Arc<AtomicBool>);

impl CallsInside {
    /// Tells whether there is more than one. The answer is final once the span has ended.
    #[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only observed clients ask"))]
    pub(crate) fn are_several(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes that a second one has begun.
    pub(super) fn begin_another(&self) {
        // Relaxed is enough: this runs under the lock of the open span, and the queue's locks pass it on to the worker.
        self.0.store(true, Ordering::Relaxed);
    }
}
