//! Shares names that come again and again, such as session ids and application names.

use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    /// The names that this thread has seen last; a name that hashes to an occupied slot replaces the one there.
    static RECENT: RefCell<[Option<Arc<str>>; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

const SLOTS: usize = 8;

/// A longer name is not worth keeping for each thread.
const MAX_BYTES: usize = 256;

/// Returns `name` as a shared string, the same one as before if this thread has seen it recently.
///
/// Without it each span would allocate its session id here and the worker would free it on another thread, which
/// allocators are slow at.
pub(super) fn intern(name: &str) -> Arc<str> {
    if name.len() > MAX_BYTES {
        return name.into();
    }
    let interned = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        let slot = recent.get_mut(slot_of(name))?;
        if let Some(same) = slot.as_ref().filter(|other| ***other == *name) {
            return Some(Arc::clone(same));
        }
        Some(Arc::clone(slot.insert(name.into())))
    });
    // While a thread ends its slots are gone already.
    interned.ok().flatten().unwrap_or_else(|| name.into())
}

/// Ids of sessions usually differ in their last byte, so that this is hash enough.
fn slot_of(name: &str) -> usize {
    let last = name.as_bytes().last().copied().map(usize::from).unwrap_or_default();
    name.len().wrapping_add(last.wrapping_mul(3)) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_name_is_shared_and_a_different_one_never_returned_for_it() {
        let long = "x".repeat(MAX_BYTES + 1);
        for name in ["a", "session-1", "session-2", ""] {
            assert!(Arc::ptr_eq(&intern(name), &intern(name)), "{name}");
        }
        for number in 0..1_000 {
            let name = format!("{number}");
            assert_eq!(*intern(&name), name);
        }
        assert!(!Arc::ptr_eq(&intern(&long), &intern(&long)));
    }
}
