//! Remarks on spans of other crates, counted for each callsite and logged once for it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The remarks of all callsites.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    all: Mutex<Vec<Remarked>>,
    noted: AtomicU64,
}

/// A remark about a callsite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remarked {
    /// The remark in one word, and in a sentence.
    pub(crate) remark: (&'static str, &'static str),
    /// The target and the name of the span or event.
    pub(crate) place: (&'static str, &'static str),
    pub(crate) count: u64,
    is_logged: bool,
}

impl Remarks {
    /// Bounds the table. Nobody reads more remarks than this.
    const MOST: usize = 256;

    /// Counts a remark about the callsite with this target and name.
    pub(crate) fn note(&self, remark: (&'static str, &'static str), place: (&'static str, &'static str)) {
        self.noted.fetch_add(1, Ordering::Relaxed);
        let mut all = self.all.lock();
        if let Some(known) = all.iter_mut().find(|known| known.remark.0 == remark.0 && known.place == place) {
            known.count = known.count.saturating_add(1);
        } else if all.len() < Self::MOST {
            all.push(Remarked { remark, place, count: 1, is_logged: false });
        }
    }

    /// Returns how many remarks were noted, on whatever.
    pub(crate) fn noted(&self) -> u64 {
        self.noted.load(Ordering::Relaxed)
    }

    /// Returns the remarks that were not logged yet, and marks them as logged.
    pub(crate) fn take_new(&self) -> Vec<Remarked> {
        let mut all = self.all.lock();
        let mut take = |known: &mut Remarked| {
            let is_new = !std::mem::replace(&mut known.is_logged, true);
            is_new.then_some(*known)
        };
        all.iter_mut().filter_map(&mut take).collect()
    }

    /// Returns all remarks with their counts.
    pub(crate) fn all(&self) -> Vec<Remarked> {
        self.all.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_new_once_for_a_place_and_the_table_is_bounded() {
        let remarks = Remarks::default();
        let names: Vec<&'static str> = (0..600).map(|number| &*format!("span-{number}").leak()).collect();
        for name in names.iter().chain(&names) {
            remarks.note(("model", "No model."), ("app", name));
        }
        let news = remarks.take_new();
        assert_eq!((news.len(), news[0].count, news[0].place), (Remarks::MOST, 2, ("app", "span-0")));
        remarks.note(("model", "No model."), ("app", "span-0"));
        assert_eq!((remarks.take_new().len(), remarks.all()[0].count), (0, 3));
    }
}
