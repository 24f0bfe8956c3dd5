//! Containment of foreign code: a panic, an error or endless output of a `Display` stays here.

use std::fmt::{self, Display, Write};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Marks that foreign code panicked; its payload is gone.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panicked;

/// Runs foreign code and contains its panic, also where dropping the payload panics again.
///
/// # Errors
///
/// [`Panicked`] when `run` panicked. The panic hook of the process has been called by then.
#[doc(hidden)]
pub fn contain<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        // The payload is foreign too. One whose `Drop` panics leaves a second payload, which is leaked: dropping it
        // could go on like this for ever.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            let _leaked = ManuallyDrop::new(second);
        }
        Panicked
    })
}

/// Formats a foreign value into a text of at most `max_bytes`.
///
/// The text ends in `…` where it was cut, and is `<panicked>` or `<formatting failed>` when the value's `Display` did not
/// write anything before it panicked or failed.
#[doc(hidden)]
pub fn bounded_text(value: &(impl Display + ?Sized), max_bytes: usize) -> String {
    let mut out = Bounded { text: String::new(), max_bytes, writes: 0, is_full: false };
    let outcome = contain(|| write!(out, "{value}"));
    let Bounded { mut text, is_full, .. } = out;
    match outcome {
        _ if is_full => text.push('…'),
        Ok(Ok(())) => {}
        Ok(Err(_)) if text.is_empty() => text.push_str("<formatting failed>"),
        Err(Panicked) if text.is_empty() => text.push_str("<panicked>"),
        Ok(Err(_)) | Err(Panicked) => text.push('…'),
    }
    text
}

/// A text that refuses what exceeds its bounds.
struct Bounded {
    text: String,
    max_bytes: usize,
    writes: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.writes = self.writes.saturating_add(1);
        let room = self.max_bytes.saturating_sub(self.text.len());
        if !self.is_full && part.len() <= room && self.writes <= MAX_WRITES {
            self.text.push_str(part);
            return Ok(());
        }
        if !self.is_full {
            let end = (0..=room.min(part.len())).rev().find(|at| part.is_char_boundary(*at)).unwrap_or_default();
            self.text.push_str(part.get(..end).unwrap_or_default());
            self.is_full = true;
        }
        // A well-behaved `Display` returns after the first refusal. Unwinding is the only way out of one that ignores
        // it; `resume_unwind` does not call the panic hook. With `panic = "abort"` there is no such way.
        if cfg!(panic = "unwind") && self.writes > MAX_WRITES.saturating_add(MAX_REFUSALS) {
            resume_unwind(Box::new(Panicked));
        }
        if self.writes <= MAX_WRITES {
            // Bytes ran out before the writes did: count the refusals from here.
            self.writes = MAX_WRITES;
        }
        Err(fmt::Error)
    }
}

/// More pieces than this are not taken: a `Display` may write empty ones for ever.
const MAX_WRITES: usize = 1 << 16;
/// Refusals after which a `Display` that ignores them is unwound.
const MAX_REFUSALS: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::*;

    /// Formats as its closure does.
    struct Hostile<F>(F);

    impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> Display for Hostile<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    /// Panics when it is dropped, with a payload that does the same.
    struct Grenade(u8);

    impl Drop for Grenade {
        fn drop(&mut self) {
            panic_any(Self(self.0.saturating_add(1)));
        }
    }

    #[test]
    fn a_payload_whose_drop_panics_is_contained() {
        assert_eq!(contain(|| -> u8 { panic_any(Grenade(0)) }), Err(Panicked));
        assert_eq!(contain(|| 7), Ok(7));
    }

    #[test]
    fn a_hostile_display_neither_panics_nor_hangs() {
        assert_eq!(bounded_text("fine", 10), "fine");
        assert_eq!(bounded_text("äöü", 3), "ä…");
        assert_eq!(bounded_text(&Hostile(|_: &mut fmt::Formatter<'_>| Err(fmt::Error)), 10), "<formatting failed>");
        assert_eq!(bounded_text(&Hostile(|_: &mut fmt::Formatter<'_>| panic_any(Grenade(0))), 10), "<panicked>");
        let half = Hostile(|f: &mut fmt::Formatter<'_>| f.write_str("half").and(Err(fmt::Error)));
        assert_eq!(bounded_text(&half, 10), "half…");
        let endless = Hostile(|f: &mut fmt::Formatter<'_>| {
            loop {
                let _ = f.write_str("ab");
            }
        });
        assert_eq!(bounded_text(&endless, 5), "ababa…");
        let silent = Hostile(|f: &mut fmt::Formatter<'_>| {
            loop {
                let _ = f.write_str("");
            }
        });
        assert_eq!(bounded_text(&silent, 5), "…");
    }
}
