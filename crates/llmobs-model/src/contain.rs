//! Runs code of the application, such as the `Display` of an error, so that its panics, and texts without end, stay
//! there.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The outcome of code that panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panicked;

/// Runs code of the application and returns its value, or [`Panicked`].
///
/// The panic hook of the process still runs. With `panic = "abort"` a panic ends the process, as it does without this
/// function.
///
/// # Errors
///
/// [`Panicked`], when the code panicked.
///
/// # Example
///
/// ```
/// use llmobs_model::contain;
///
/// assert_eq!(contain(|| 1 + 1).ok(), Some(2));
/// assert!(contain(|| -> u32 { panic!("in code that is not ours") }).is_err());
/// ```
pub fn contain<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(discard)
}

#[cold]
fn discard(payload: Box<dyn Any + Send>) -> Panicked {
    // A payload may be a value of any type, and its `Drop` may panic with another such payload, and so on. The second
    // one is leaked: that ends the chain, and a program that panics like this has other worries.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(second);
    }
    Panicked
}

/// The outcome of [`write_bounded`] and [`write_cut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// The value is there as far as its formatter wrote it, also when the formatter returned an error.
    Complete,
    /// The value is longer than the bound.
    Oversize,
    /// The formatter panicked, and nothing of its text was kept.
    Panicked,
}

/// Appends `value` to `text`, or nothing when it is longer than `max_bytes`.
///
/// A formatter that goes on after its writer has returned an error is ended by unwinding, without the panic hook. One
/// that loops without writing cannot be stopped, nor can one that goes on under `panic = "abort"`.
///
/// # Example
///
/// ```
/// use llmobs_model::{Written, write_bounded, write_cut};
///
/// let mut text = String::new();
/// assert_eq!(write_bounded(&mut text, 5, format_args!("{}-{}", "abc", "def")), Written::Oversize);
/// assert_eq!(text, "");
/// assert_eq!(write_cut(&mut text, 5, format_args!("{}-{}", "abc", "def")), Written::Oversize);
/// assert_eq!(text, "abc-d");
/// ```
pub fn write_bounded(text: &mut String, max_bytes: usize, value: fmt::Arguments<'_>) -> Written {
    let start = text.len();
    let written = write_up_to(text, max_bytes, value, false);
    if written != Written::Complete {
        text.truncate(start);
    }
    written
}

/// Appends at most `max_bytes` of `value` to `text`; otherwise as [`write_bounded`].
pub fn write_cut(text: &mut String, max_bytes: usize, value: fmt::Arguments<'_>) -> Written {
    let start = text.len();
    let written = write_up_to(text, max_bytes, value, true);
    if written == Written::Panicked {
        text.truncate(start);
    }
    written
}

fn write_up_to(text: &mut String, max_bytes: usize, value: fmt::Arguments<'_>, keeps_prefix: bool) -> Written {
    let steps_left = max_bytes.saturating_add(BoundedWriter::EMPTY_STEPS);
    let refusals = Refusals::default();
    let mut writer = BoundedWriter { text, bytes_left: max_bytes, steps_left, keeps_prefix, refusals };
    let outcome = contain(|| writer.write_fmt(value));
    match outcome {
        _ if writer.refusals.any() => Written::Oversize,
        Ok(_) => Written::Complete,
        Err(Panicked) => Written::Panicked,
    }
}

/// A writer with room for so many bytes and so many calls.
struct BoundedWriter<'a> {
    text: &'a mut String,
    bytes_left: usize,
    /// Bounds a formatter that writes empty strings for ever: each other call takes a byte at least.
    steps_left: usize,
    /// `true` if the part of a text that fits is kept.
    keeps_prefix: bool,
    refusals: Refusals,
}

impl BoundedWriter<'_> {
    const EMPTY_STEPS: usize = 64 * 1024;

    /// Refuses a text for which there is no room, and all that follow.
    #[cold]
    fn cut(&mut self, part: &str) -> fmt::Result {
        if self.keeps_prefix && !self.refusals.any() {
            let end = (0..=self.bytes_left).rev().find(|end| part.is_char_boundary(*end)).unwrap_or_default();
            self.text.push_str(part.get(..end).unwrap_or_default());
        }
        self.refusals.refuse();
        Err(fmt::Error)
    }
}

/// Calls of a writer that came after its bound.
#[derive(Debug, Default)]
pub(crate) struct Refusals(u32);

impl Refusals {
    /// Well-behaved code stops at the first error; nested formatters may make a few more calls on their way out.
    const MOST: u32 = 1024;

    /// Counts a refused call; ends code that ignores its errors by unwinding out of it, without the panic hook.
    #[cold]
    pub(crate) fn refuse(&mut self) {
        self.0 = self.0.saturating_add(1);
        if self.0 > Self::MOST && cfg!(panic = "unwind") {
            resume_unwind(Box::new(Panicked));
        }
    }

    const fn any(&self) -> bool {
        self.0 > 0
    }
}

impl fmt::Write for BoundedWriter<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let bytes_left = self.bytes_left.checked_sub(part.len()).filter(|_| !self.refusals.any());
        let (Some(bytes_left), Some(steps_left)) = (bytes_left, self.steps_left.checked_sub(1)) else {
            return self.cut(part);
        };
        (self.bytes_left, self.steps_left) = (bytes_left, steps_left);
        self.text.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A payload whose `Drop` panics with another one of its kind, so often.
    struct Chain(u32);

    impl Drop for Chain {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_does_not_escape() {
        for length in [0, 1, 2, 5] {
            assert_eq!(contain(|| std::panic::panic_any(Chain(length))), Err(Panicked));
        }
        assert_eq!(contain(|| 7), Ok(7));
    }

    /// A formatter that calls its closure.
    struct Formats<F>(F);

    impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Formats<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.0)(f)
        }
    }

    #[test]
    fn a_formatter_may_fail_panic_or_write_without_end() {
        let written = |format: &dyn Fn(&mut fmt::Formatter<'_>) -> fmt::Result| {
            let (mut text, mut cut) = (String::from("before "), String::new());
            let outcome = write_bounded(&mut text, 8, format_args!("{}", Formats(format)));
            assert_eq!(write_cut(&mut cut, 8, format_args!("{}", Formats(format))), outcome);
            (outcome, text, cut)
        };
        let kept = |text: &str| (Written::Complete, format!("before {text}"), text.to_owned());
        let oversize = |cut: &str| (Written::Oversize, "before ".to_owned(), cut.to_owned());
        assert_eq!(written(&|f| f.write_str("part").and(Err(fmt::Error))), kept("part"));
        assert_eq!(written(&|f| f.write_str("12345678")), kept("12345678"));
        assert_eq!(written(&|f| f.write_str("1234567ä")), oversize("1234567"));
        let panics = |f: &mut fmt::Formatter<'_>| {
            f.write_str("part")?;
            panic!("in a formatter")
        };
        assert_eq!(written(&panics), (Written::Panicked, "before ".into(), String::new()));
        let endless = |f: &mut fmt::Formatter<'_>| loop {
            f.write_str("abc")?;
        };
        assert_eq!(written(&endless), oversize("abcabcab"));
        let endless_and_empty = |f: &mut fmt::Formatter<'_>| loop {
            f.write_str("")?;
        };
        assert_eq!(written(&endless_and_empty), oversize(""));
        let deaf = |f: &mut fmt::Formatter<'_>| loop {
            let _ = f.write_str("abc");
        };
        assert_eq!(written(&deaf), oversize("abcabcab"), "it is left by unwinding");
    }
}
