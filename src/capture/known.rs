//! Names that come again and again: sessions and applications.

use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// What this thread has seen last; a name that falls on another one's place drives it out.
    static KNOWN: RefCell<[Option<Arc<str>>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

const PLACES: usize = 8;

/// A longer name is not worth keeping for each thread.
const MOST_BYTES: usize = 256;

/// The name, shared with earlier spans of this thread if they had the same. Otherwise each would be made here and
/// freed by the worker, which the allocator does not like.
pub(super) fn shared(name: &str) -> Arc<str> {
    if name.len() > MOST_BYTES {
        return name.into();
    }
    let known = KNOWN.try_with(|known| {
        let mut known = known.try_borrow_mut().ok()?;
        let place = known.get_mut(place_of(name))?;
        if let Some(same) = place.as_ref().filter(|other| ***other == *name) {
            return Some(Arc::clone(same));
        }
        Some(Arc::clone(place.insert(name.into())))
    });
    // At the end of a thread there is nobody to keep it for.
    known.ok().flatten().unwrap_or_else(|| name.into())
}

fn place_of(name: &str) -> usize {
    let last = name.as_bytes().last().copied().map(usize::from).unwrap_or_default();
    name.len().wrapping_add(last.wrapping_mul(3)) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_kept_once_and_another_is_never_given_for_it() {
        let long = "x".repeat(MOST_BYTES + 1);
        for name in ["a", "session-1", "session-2", ""] {
            assert!(Arc::ptr_eq(&shared(name), &shared(name)), "{name}");
        }
        for number in 0..1_000 {
            let name = format!("{number}");
            assert_eq!(*shared(&name), name);
        }
        assert!(!Arc::ptr_eq(&shared(&long), &shared(&long)));
    }
}
