//! Annotations that are read on the worker's thread, so that the thread of the client is not held up by parsing.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use llmobs_model::{Annotation, contain};

/// The unread parts of an annotation, and the bytes that they retain. Clones share one reading.
#[derive(Clone)]
pub(crate) struct Deferred {
    bytes: usize,
    /// Token counts are expected in a part.
    has_usage: bool,
    /// The parts, in the order in which they were recorded.
    parts: Vec<Arc<Mutex<DeferredPart>>>,
}

enum DeferredPart {
    Unread(Box<dyn FnOnce() -> Annotation + Send>),
    Read(Box<Annotation>),
    /// The reader panicked, or is running on another thread.
    Unreadable,
}

/// The error of a part that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Deferred {
    pub(super) fn new(bytes: usize, read: impl FnOnce() -> Annotation + Send + 'static) -> Self {
        Self { bytes, has_usage: false, parts: vec![Arc::new(Mutex::new(DeferredPart::Unread(Box::new(read))))] }
    }

    pub(super) const fn expect_usage(&mut self) {
        self.has_usage = true;
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn has_usage(&self) -> bool {
        self.has_usage
    }

    pub(super) fn append(&mut self, later: Self) {
        self.has_usage |= later.has_usage;
        self.bytes = self.bytes.saturating_add(later.bytes);
        self.parts.extend(later.parts);
    }

    pub(super) fn read(self) -> (Annotation, Result<(), Unreadable>) {
        let (mut merged, mut outcome) = (Annotation::new(), Ok(()));
        for part in self.parts {
            match read_part(part) {
                Some(read) => {
                    // `merge` leaves this count alone.
                    merged.refused = merged.refused.saturating_add(read.refused);
                    merged.merge(read);
                }
                None => outcome = Err(Unreadable),
            }
        }
        (merged, outcome)
    }
}

/// Two are equal if they share their readings.
impl PartialEq for Deferred {
    fn eq(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(one, two)| Arc::ptr_eq(one, two))
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, has_usage, parts } = self;
        let mut shown = f.debug_struct("Deferred");
        shown.field("bytes", bytes).field("has_usage", has_usage).field("parts", &parts.len()).finish()
    }
}

/// Reads a part, or clones what the worker of another layer has read. The last reader takes the annotation over.
fn read_part(part: Arc<Mutex<DeferredPart>>) -> Option<Annotation> {
    match Arc::try_unwrap(part) {
        Ok(own) => match own.into_inner().unwrap_or_else(PoisonError::into_inner) {
            DeferredPart::Unread(read) => contain(read).ok(),
            DeferredPart::Read(read) => Some(*read),
            DeferredPart::Unreadable => None,
        },
        Err(shared) => {
            // Held while the part is read: the worker of another layer waits instead of parsing the same bytes.
            let mut part = shared.lock().unwrap_or_else(PoisonError::into_inner);
            // Marked before it runs: a panic of the reader must not leave a part that looks unread.
            if matches!(*part, DeferredPart::Unread(_))
                && let DeferredPart::Unread(read) = mem::replace(&mut *part, DeferredPart::Unreadable)
            {
                *part = contain(read).map_or(DeferredPart::Unreadable, |read| DeferredPart::Read(Box::new(read)));
            }
            match &*part {
                DeferredPart::Read(read) => Some((**read).clone()),
                DeferredPart::Unread(_) | DeferredPart::Unreadable => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::RecordedAnnotation;

    #[test]
    fn a_part_is_read_when_it_is_asked_for_and_once() {
        let count = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&count);
        let recorded = RecordedAnnotation::deferred(7, move || {
            *counted.lock().unwrap() += 1;
            Annotation::new().input("read")
        });
        assert_eq!(recorded.text_bytes(), 7);
        let other = recorded.clone();
        assert_eq!(*count.lock().unwrap(), 0);
        assert_eq!((recorded.read(), other.read()), {
            let read = (Annotation::new().input("read"), Ok(()));
            (read.clone(), read)
        });
        assert_eq!(*count.lock().unwrap(), 1);
    }

    #[test]
    fn eager_values_win_and_later_parts_win_over_earlier_ones() {
        let mut recorded =
            RecordedAnnotation::deferred(1, || Annotation::new().name("first").input("first").output("first"));
        recorded.merge(RecordedAnnotation::deferred(2, || Annotation::new().input("second").output("second")));
        recorded.merge(Annotation::new().output("eager").into());
        assert_eq!(recorded.text_bytes(), 3 + Annotation::new().output("eager").text_bytes());
        let expected = Annotation::new().name("first").input("second").output("eager");
        assert_eq!(recorded.read(), (expected, Ok(())));
    }

    #[test]
    fn a_part_that_panics_loses_only_itself() {
        let mut recorded =
            RecordedAnnotation::deferred(1, || panic!("unreadable")).map(|annotation| annotation.name("eager"));
        recorded.merge(RecordedAnnotation::deferred(1, || Annotation::new().input("second")));
        let shared = recorded.clone();
        let expected = Annotation::new().name("eager").input("second");
        assert_eq!(recorded.read(), (expected.clone(), Err(Unreadable)));
        assert_eq!(shared.read(), (expected, Err(Unreadable)));
    }
}
