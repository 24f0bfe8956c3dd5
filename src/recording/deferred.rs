//! What is said about a span, but not yet read: whoever says it must not be held up by the reading.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use llmobs_model::{Annotation, contain};

/// What is still to be read, and how many bytes wait for it. Clones share one reading.
#[derive(Clone)]
pub(crate) struct Deferred {
    bytes: usize,
    /// Tokens are expected in it.
    has_usage: bool,
    /// In the order in which they were said.
    parts: Vec<Arc<Mutex<Part>>>,
}

enum Part {
    Unread(Box<dyn FnOnce() -> Annotation + Send>),
    Read(Box<Annotation>),
    /// It panicked, or does so now.
    Unreadable,
}

/// A part could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Deferred {
    pub(super) fn new(bytes: usize, read: impl FnOnce() -> Annotation + Send + 'static) -> Self {
        Self { bytes, has_usage: false, parts: vec![Arc::new(Mutex::new(Part::Unread(Box::new(read))))] }
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
        let (mut said, mut outcome) = (Annotation::new(), Ok(()));
        for part in self.parts {
            match read_part(part) {
                Some(read) => {
                    said.refused = said.refused.saturating_add(read.refused);
                    said.merge(read);
                }
                None => outcome = Err(Unreadable),
            }
        }
        (said, outcome)
    }
}

/// Two are the same if they share their readings.
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

/// Reads a part, unless another layer's worker has; the last one takes it over.
fn read_part(part: Arc<Mutex<Part>>) -> Option<Annotation> {
    match Arc::try_unwrap(part) {
        Ok(own) => match own.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Part::Unread(read) => contain(read).ok(),
            Part::Read(said) => Some(*said),
            Part::Unreadable => None,
        },
        Err(shared) => {
            let mut part = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*part, Part::Unread(_))
                && let Part::Unread(read) = mem::replace(&mut *part, Part::Unreadable)
            {
                *part = contain(read).map_or(Part::Unreadable, |said| Part::Read(Box::new(said)));
            }
            match &*part {
                Part::Read(said) => Some((**said).clone()),
                Part::Unread(_) | Part::Unreadable => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::RecordedAnnotation;

    #[test]
    fn nothing_is_read_before_it_is_asked_for_and_then_once() {
        let count = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&count);
        let said = RecordedAnnotation::deferred(7, move || {
            *counted.lock().unwrap() += 1;
            Annotation::new().input("read")
        });
        assert_eq!(said.text_bytes(), 7);
        let other = said.clone();
        assert_eq!(*count.lock().unwrap(), 0);
        assert_eq!((said.read(), other.read()), {
            let read = (Annotation::new().input("read"), Ok(()));
            (read.clone(), read)
        });
        assert_eq!(*count.lock().unwrap(), 1);
    }

    #[test]
    fn what_is_said_outright_wins_and_later_parts_win_over_earlier_ones() {
        let mut said =
            RecordedAnnotation::deferred(1, || Annotation::new().name("first").input("first").output("first"));
        said.merge(RecordedAnnotation::deferred(2, || Annotation::new().input("second").output("second")));
        said.merge(Annotation::new().output("outright").into());
        assert_eq!(said.text_bytes(), 3 + "outright".len());
        let expected = Annotation::new().name("first").input("second").output("outright");
        assert_eq!(said.read(), (expected, Ok(())));
    }

    #[test]
    fn a_part_that_panics_loses_only_itself() {
        let mut said =
            RecordedAnnotation::deferred(1, || panic!("unreadable")).map(|annotation| annotation.name("outright"));
        said.merge(RecordedAnnotation::deferred(1, || Annotation::new().input("second")));
        let shared = said.clone();
        let expected = Annotation::new().name("outright").input("second");
        assert_eq!(said.read(), (expected.clone(), Err(Unreadable)));
        assert_eq!(shared.read(), (expected, Err(Unreadable)));
    }
}
