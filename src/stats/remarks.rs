//! Remarks, counted by what is remarked on: a callsite has each of them said once.

use parking_lot::Mutex;

/// See the file's card.
#[derive(Debug, Default)]
pub(crate) struct Remarks(Mutex<Vec<Remarked>>);

/// One remark about one callsite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remarked {
    /// In one word, and in a sentence.
    pub(crate) remark: (&'static str, &'static str),
    /// The target and the name of the span or event.
    pub(crate) place: (&'static str, &'static str),
    pub(crate) count: u64,
    is_said: bool,
}

impl Remarks {
    /// More than these tell nobody anything.
    const MOST: usize = 256;

    pub(crate) fn note(&self, remark: (&'static str, &'static str), place: (&'static str, &'static str)) {
        let mut all = self.0.lock();
        if let Some(known) = all.iter_mut().find(|known| known.remark.0 == remark.0 && known.place == place) {
            known.count = known.count.saturating_add(1);
        } else if all.len() < Self::MOST {
            all.push(Remarked { remark, place, count: 1, is_said: false });
        }
    }

    /// Those that were not said yet, which they are from now on.
    pub(crate) fn news(&self) -> Vec<Remarked> {
        let mut all = self.0.lock();
        let mut take = |known: &mut Remarked| {
            let is_new = !std::mem::replace(&mut known.is_said, true);
            is_new.then_some(*known)
        };
        all.iter_mut().filter_map(&mut take).collect()
    }

    /// All of them, and how often they were met.
    pub(crate) fn all(&self) -> Vec<Remarked> {
        self.0.lock().clone()
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
        let news = remarks.news();
        assert_eq!((news.len(), news[0].count, news[0].place), (Remarks::MOST, 2, ("app", "span-0")));
        remarks.note(("model", "No model."), ("app", "span-0"));
        assert_eq!((remarks.news().len(), remarks.all()[0].count), (0, 3));
    }
}
