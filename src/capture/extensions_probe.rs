//! Looks at the lock of a span's extensions in the registry without taking it.

use std::fmt::{self, Write as _};

use tracing_core::Dispatch;
use tracing_core::span::Id;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan as _;

/// Returns whether the extensions of a span can be locked without waiting and without a panic.
///
/// A layer that panics while it holds the lock, such as `fmt` formatting a value whose `Debug` panics, poisons it, and
/// every later access panics: a process that is unwinding already would abort. The registry has no other way to ask than
/// the `Debug` of its span data, which shows the state of the lock; a registry of another type is never free.
pub(super) fn are_extensions_free(dispatch: &Dispatch, id: &Id) -> bool {
    let Some(data) = dispatch.downcast_ref::<Registry>().and_then(|registry| registry.span_data(id)) else {
        return false;
    };
    let mut scan = LockScan::default();
    write!(scan, "{data:?}").is_ok() && scan.shows_lock() && !scan.found.iter().any(|found| *found)
}

/// A writer that looks for the words by which a standard lock shows its state, over any split into parts.
#[derive(Default)]
struct LockScan {
    /// The number of bytes of each word that the end of the text matches.
    matched: [usize; WORDS.len()],
    found: [bool; WORDS.len()],
    has_lock: bool,
}

/// A lock that is held shows no data, a poisoned one says so.
const WORDS: [&str; 2] = ["<locked>", "poisoned: true"];

impl LockScan {
    const fn shows_lock(&self) -> bool {
        self.has_lock
    }
}

impl fmt::Write for LockScan {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.has_lock |= part.contains("extensions");
        for ((word, matched), found) in WORDS.iter().zip(&mut self.matched).zip(&mut self.found) {
            *found |= advance(word.as_bytes(), matched, part);
        }
        Ok(())
    }
}

/// Looks for `word` in a text that comes in parts; `matched` is how much of it the parts so far ended in.
fn advance(word: &[u8], matched: &mut usize, part: &str) -> bool {
    let mut is_found = false;
    for byte in part.bytes() {
        // No proper prefix of either word ends in its first byte, so that a mismatch starts over at once.
        let restart = usize::from(word.first() == Some(&byte));
        *matched = if word.get(*matched) == Some(&byte) { matched.saturating_add(1) } else { restart };
        if *matched == word.len() {
            (is_found, *matched) = (true, 0);
        }
    }
    is_found
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tracing::info_span;

    use super::*;

    #[test]
    fn a_lock_that_is_held_or_poisoned_is_told_from_a_free_one() {
        let dispatch = Dispatch::new(Registry::default());
        tracing::dispatcher::with_default(&dispatch, || {
            let (span, other) = (info_span!("span", field = 1), info_span!("other"));
            let (id, other) = (span.id().unwrap(), other.id().unwrap());
            let registry = dispatch.downcast_ref::<Registry>().unwrap();
            assert!(are_extensions_free(&dispatch, &id));
            let data = registry.span(&id).unwrap();
            let mut extensions = data.extensions_mut();
            extensions.insert("held");
            assert!(!are_extensions_free(&dispatch, &id), "held");
            drop(extensions);
            assert!(are_extensions_free(&dispatch, &id));
            let poison = catch_unwind(AssertUnwindSafe(|| {
                let _extensions = data.extensions_mut();
                std::panic::panic_any("under the lock");
            }));
            assert!(poison.is_err() && !are_extensions_free(&dispatch, &id), "poisoned");
            assert!(are_extensions_free(&dispatch, &other));
            assert!(!are_extensions_free(&dispatch, &Id::from_u64(1 << 30)), "no such span");
        });
        assert!(!are_extensions_free(&Dispatch::none(), &Id::from_u64(1)));
    }

    #[test]
    fn words_are_found_over_any_split() {
        let text = "extensions: RwLock { data: <<locked>, poisoned: false, poisoned: true }";
        for at in 0..text.len() {
            let mut scan = LockScan::default();
            let (head, tail) = text.split_at(at);
            write!(scan, "{head}{tail}").unwrap();
            assert_eq!(scan.found, [true, true], "{at}");
        }
    }
}
