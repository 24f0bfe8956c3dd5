//! Used recordings for new spans, those of each thread for itself.
//!
//! One comes back as soon as its span has ended, with what its log has reserved, while that is still in the processor's
//! caches.

use std::cell::RefCell;

use crate::recording::Recording;

thread_local! {
    #[expect(clippy::vec_box, reason = "a span holds it by its box, which moves here and back as it is")]
    static SPARE: RefCell<Vec<Box<Recording>>> = const { RefCell::new(Vec::new()) };
}

/// Those whose logs have reserved more bytes are not worth keeping for each thread.
const MOST_BYTES: usize = 32 * 1024;
/// As many as spans are mostly open above one another.
const MOST_RECORDINGS: usize = 8;

/// A recording of nothing, a used one if there is one.
#[inline]
pub(crate) fn spare_recording() -> Box<Recording> {
    // At the end of a thread there is nothing to use again.
    let used = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
    used.ok().flatten().unwrap_or_default()
}

/// Keeps a recording of nothing, as far as there is room.
#[inline]
pub(crate) fn keep_recording(recording: Box<Recording>) {
    if recording.log().capacity() > MOST_BYTES {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        let Ok(mut spare) = spare.try_borrow_mut() else { return };
        if spare.len() < MOST_RECORDINGS {
            spare.push(recording);
        }
    });
}
