//! Describes the errors of HTTP clients: there was no response, or its body broke off.
//!
//! Clients wrap the cause in several layers, each with a text such as `client error (Connect)`. The person on call needs the
//! innermost one: refused, no such host, timed out. It becomes the error's type and the end of its message, and the chain of
//! sources becomes the stack.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt::{self, Debug, Display, Formatter};

use llmobs_model::SpanError;

/// A boxed error, as `tower` layers and many bodies return it.
type BoxError = Box<dyn Error + Send + Sync>;

/// Describes an error with its chain of sources.
pub(super) fn of_error<E: Error + ?Sized>(error: &E) -> SpanError {
    with_cause(SpanError::from_error(error))
}

/// Describes an error that need not implement [`Error`], as boxed errors do not.
///
/// Boxed errors are looked into. Of the errors of hyper the `Debug` text is the stack, because it names the sources; that of
/// other types may contain a request.
pub(super) fn of_display<E: Display + Debug + 'static>(error: &E) -> SpanError {
    let any: &dyn Any = error;
    let boxed = any.downcast_ref::<BoxError>().map(|boxed| SpanError::from_error(boxed.as_ref()));
    let of_io = any.downcast_ref::<std::io::Error>().map(SpanError::from_error);
    let of_reqwest = any.downcast_ref::<reqwest::Error>().map(SpanError::from_error);
    let of_other = || {
        let described = SpanError::from_error(&Shown(error));
        let is_hyper = type_name::<E>().starts_with("hyper");
        let stack = if is_hyper { SpanError::from_error(&ShownDebug(error)).message } else { String::new() };
        with_cause(described.error_type(type_name::<E>()).stack(stack))
    };
    let described = boxed.or(of_io).or(of_reqwest).unwrap_or_else(of_other);
    let is_named = !described.error_type.is_empty();
    with_cause(if is_named { described } else { described.error_type(type_name::<E>()) })
}

/// The `Display` text of a value as an error, so that a panic in it is contained like that of an error.
#[derive(Debug)]
struct Shown<'a, E>(&'a E);

impl<E: Display> Display for Shown<'_, E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Display + Debug> Error for Shown<'_, E> {}

/// The `Debug` text of a value as an error.
#[derive(Debug)]
struct ShownDebug<'a, E>(&'a E);

impl<E: Debug> Display for ShownDebug<'_, E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Debug> Error for ShownDebug<'_, E> {}

/// Names the cause, where the error or one of its sources tells it.
fn with_cause(mut error: SpanError) -> SpanError {
    let is_told = |text: &str| CAUSES.iter().find(|(words, _)| words.iter().any(|word| text.contains(word)));
    // The innermost source knows best: a client's own text may say `timeout` of every failure.
    let in_stack = error.stack.lines().rev().find_map(|line| Some((line, is_told(line)?)));
    let found = in_stack.map(|(line, row)| (line.to_owned(), row.1));
    if let Some((line, name)) = found {
        // A line with a bracket is `Debug` text.
        if !error.message.contains(&line) && line.len() <= MAX_CAUSE_BYTES && !line.contains('{') {
            error.message = format!("{}: {line}", error.message);
        }
        return error.error_type(name);
    }
    match is_told(&error.message) {
        Some((_, name)) => error.error_type(*name),
        None => error,
    }
}

/// A longer line is no sentence that belongs into a message.
const MAX_CAUSE_BYTES: usize = 200;

/// Words of the operating system, of `std`, tokio, hyper, rustls and reqwest, and the type that they become.
const CAUSES: &[(&[&str], &str)] = &[
    (&["onnection refused", "ConnectionRefused"], "ConnectionRefused"),
    (&["timed out", "deadline has elapsed", "TimedOut", "Elapsed("], "Timeout"),
    (&["dns error", "failed to lookup address", "Name or service not known"], "UnknownHost"),
    (&["onnection reset", "ConnectionReset", "roken pipe", "BrokenPipe"], "ConnectionReset"),
    (&["invalid peer certificate", "InvalidCertificate"], "InvalidCertificate"),
    (
        &[
            "connection closed before message completed",
            "unexpected EOF",
            "UnexpectedEof",
            "unexpected end of file",
            "IncompleteMessage",
        ],
        "ConnectionClosed",
    ),
    (&["etwork is unreachable", "No route to host", "NetworkUnreachable", "HostUnreachable"], "HostUnreachable"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Self>>);

    impl Display for Layer {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| -> &(dyn Error + 'static) { inner })
        }
    }

    fn wrapped(cause: &'static str) -> Layer {
        Layer(
            "error sending request",
            Some(Box::new(Layer("client error (Connect)", Some(Box::new(Layer(cause, None)))))),
        )
    }

    #[test]
    fn the_innermost_cause_is_the_type_and_the_end_of_the_message() {
        for (cause, error_type) in [
            ("Connection refused (os error 111)", "ConnectionRefused"),
            ("operation timed out", "Timeout"),
            ("failed to lookup address information: Name or service not known", "UnknownHost"),
            ("invalid peer certificate: UnknownIssuer", "InvalidCertificate"),
            ("connection closed before message completed", "ConnectionClosed"),
        ] {
            let boxed: BoxError = Box::new(wrapped(cause));
            for described in [of_error(&wrapped(cause)), of_display(&boxed)] {
                assert_eq!(described.error_type, error_type);
                assert_eq!(described.message, format!("error sending request: {cause}"));
                assert_eq!(described.stack, format!("client error (Connect)\n{cause}"));
            }
        }
    }

    #[test]
    fn an_error_without_a_known_cause_keeps_its_type() {
        assert!(of_error(&Layer("gone", None)).error_type.ends_with("Layer"));
        assert_eq!(of_display(&"gone"), SpanError::new("gone").error_type("&str"));
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(of_display(&refused).error_type, "ConnectionRefused");
    }
}
