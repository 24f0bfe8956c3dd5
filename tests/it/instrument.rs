//! `#[instrument]` functions as they are, with nothing of ours but a kind.
#![allow(clippy::unused_async, reason = "async functions are instrumented differently")]

use std::fmt;

use crate::harness::recording::Recorder;
use serde_json::json;
use tracing::{error, instrument};
use tracing_llmobs::{Annotation, Builder, Content, LlmObsSpanExt, Message, SpanEvent, Status};

use crate::harness::recording::{block_on, only_span, record, record_beside_fmt, record_with, text};

#[derive(Debug)]
struct Refused(u8);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Input, output and error of the function.
fn story(span: &SpanEvent) -> (Option<serde_json::Value>, Option<&Content>, Option<(&str, &str)>) {
    let input = span.input.as_ref().map(|input| match input {
        Content::Text(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    });
    let error = span.error.as_ref().map(|error| (error.error_type.as_str(), error.message.as_str()));
    (input, span.output.as_ref(), error)
}

#[instrument(fields(llmobs.kind = "tool"), ret, err)]
fn lookup(city: &str, limit: u8, exact: bool, owned: String, list: Vec<&str>) -> Result<String, Refused> {
    if limit == 0 { Err(Refused(limit)) } else { Ok(format!("{city}{exact}{owned}{}\n\"é\"", list.len())) }
}

#[instrument(fields(llmobs.kind = "tool"), ret, err)]
async fn lookup_later(city: &str, limit: u8, exact: bool, owned: String, list: Vec<&str>) -> Result<String, Refused> {
    tokio::task::yield_now().await;
    if limit == 0 { Err(Refused(limit)) } else { Ok(format!("{city}{exact}{owned}{}\n\"é\"", list.len())) }
}

#[test]
fn arguments_return_and_error_need_no_further_line() {
    let good = |recorder: Recorder| {
        let span = only_span(&recorder);
        let input = json!({"city": "Paris", "limit": 5, "exact": true, "owned": "o", "list": r#"["a", "b"]"#});
        assert_eq!(story(&span), (Some(input), text("Paristrueo2\n\"é\"").as_ref(), None));
        assert_eq!(span.status, Status::Ok);
    };
    good(record(|| drop(lookup("Paris", 5, true, "o".to_owned(), vec!["a", "b"]))));
    good(record(|| drop(block_on(lookup_later("Paris", 5, true, "o".to_owned(), vec!["a", "b"])))));
    let bad = |recorder: Recorder| {
        let span = only_span(&recorder);
        let input = json!({"city": "", "limit": 0, "exact": false, "owned": "\"", "list": "[]"});
        assert_eq!(story(&span), (Some(input), None, Some(("Error", "refused 0"))));
        assert_eq!(span.status, Status::Error);
    };
    bad(record(|| drop(lookup("", 0, false, "\"".to_owned(), vec![]))));
    bad(record(|| drop(block_on(lookup_later("", 0, false, "\"".to_owned(), vec![])))));
}

#[instrument(skip(secret), fields(llmobs.kind = "task", length = secret.len()), ret(Display))]
fn skips(n: i64, secret: &str) -> u64 {
    n.unsigned_abs()
}

#[instrument(skip_all, fields(llmobs.kind = "task"), ret)]
fn says_nothing(_n: i64) {}

#[instrument(fields(llmobs.kind = "task"), ret(Debug), err(Debug))]
fn shows(path: Option<&str>, text: &char) -> Result<Option<String>, Refused> {
    path.map(|path| Some(format!("{path}{text}"))).ok_or(Refused(3))
}

#[instrument(fields(llmobs.kind = "task"), ret)]
fn echo(text: &str) -> String {
    text.to_owned()
}

#[test]
fn what_is_skipped_stays_out_and_debug_is_unquoted() {
    let recorder = record(|| {
        skips(-7, "hush");
        says_nothing(1);
    });
    let span = recorder.span("skips");
    assert_eq!(story(&span), (Some(json!({"n": -7, "length": 4})), text("7").as_ref(), None));
    assert_eq!(story(&recorder.span("says_nothing")), (None, None, None));
    let span = only_span(&record(|| drop(shows(Some("p"), &'x'))));
    let input = json!({"path": "Some(\"p\")", "text": "'x'"});
    assert_eq!(story(&span), (Some(input), text("Some(\"px\")").as_ref(), None));
    let span = only_span(&record(|| drop(shows(None, &'x'))));
    assert_eq!(story(&span).2, Some(("Error", "Refused(3)")));
    for said in
        ["", "\"", "\\", "a\nb\r\t\0", "'", "é語👋", "\u{1b}[0m\u{7f}\u{200b}\u{301}", "{\"a\": \"b\"}", "\\u{41}"]
    {
        let span = only_span(&record(|| drop(echo(said))));
        assert_eq!(story(&span), (Some(json!({"text": said})), text(said).as_ref(), None));
    }
}

#[instrument(fields(llmobs.kind = kind), ret)]
fn of_kind(kind: &str, query: &str) -> &'static str {
    "found"
}

#[test]
fn each_kind_takes_what_it_can() {
    for (kind, input, output) in [
        ("workflow", true, text("found")),
        ("agent", true, text("found")),
        ("tool", true, text("found")),
        ("task", true, text("found")),
        ("retrieval", true, None),
        ("llm", false, Some(Message::new("", "found").into())),
        ("embedding", false, None),
    ] {
        let span = only_span(&record(|| drop(of_kind(kind, "q"))));
        let expected = input.then(|| json!({"kind": kind, "query": "q"}));
        assert_eq!(span.input, expected.map(|json| Content::from(json.to_string())), "{kind}");
        assert_eq!(span.output, output, "{kind}");
    }
}

#[instrument(fields(llmobs.kind = "tool", llmobs.input = "field input"), ret, err)]
fn explicit(n: u8) -> Result<u8, Refused> {
    let span = tracing::Span::current();
    span.annotate(Annotation::new().output("annotated").error(&Refused(9)));
    if n == 0 { Err(Refused(0)) } else { Ok(n) }
}

#[test]
fn explicit_words_win_although_they_come_first() {
    for n in [0, 1] {
        let span = only_span(&record(|| drop(explicit(n))));
        assert_eq!((span.input, span.output), (text("field input"), text("annotated")), "{n}");
        let error = span.error.unwrap();
        assert_eq!(
            (error.error_type.as_str(), error.message.as_str()),
            ("it::instrument::Refused", "refused 9"),
            "{n}"
        );
    }
}

#[test]
fn one_switch_turns_all_of_it_off_and_nothing_else() {
    let recorder = record_with(Builder::without_environment().capture_instrument(false), || {
        drop(lookup("Paris", 5, true, "o".to_owned(), vec![]));
        drop(lookup("Paris", 0, true, "o".to_owned(), vec![]));
        drop(block_on(lookup_later("Paris", 0, true, "o".to_owned(), vec![])));
        drop(explicit(1));
        drop(logs_an_error(true));
    });
    for span in recorder.spans().iter().filter(|span| span.name.starts_with("lookup")) {
        assert_eq!((story(span), span.status), ((None, None, None), Status::Ok), "{}", span.name);
    }
    assert_eq!(recorder.spans().len(), 5);
    assert_eq!(recorder.span("explicit").output, text("annotated"));
    assert_eq!(recorder.span("logs_an_error").error.unwrap().message, "refused 1");
}

#[instrument(fields(llmobs.kind = "tool"))]
fn logs_an_error(fails: bool) -> u8 {
    if fails {
        let refused = Refused(1);
        error!(error = &refused as &(dyn std::error::Error + 'static), "It failed.");
    } else {
        tracing::warn!(error = "not at this level");
        error!(problem = "not under this name");
    }
    5
}

#[test]
fn an_error_event_with_an_error_marks_the_span_failed() {
    let recorder = record(|| drop((logs_an_error(true), logs_an_error(false))));
    let spans = recorder.spans();
    assert_eq!(story(&spans[0]), (Some(json!({"fails": true})), None, Some(("Error", "refused 1"))));
    assert_eq!((story(&spans[1]).2, spans[1].status), (None, Status::Ok));
    let recorder = record_beside_fmt(|| {
        let ours = tracing::info_span!("ours", llmobs.kind = "task").entered();
        let between = tracing::info_span!("between").entered();
        error!(error = %"from below");
        error!(parent: None, error = "elsewhere");
        drop((between, ours));
        error!(error = "nowhere");
    });
    assert_eq!(recorder.span("ours").error.unwrap().message, "from below");
}

mod nested {
    use super::Refused;
    use tracing::instrument;

    pub struct Tool;

    impl Tool {
        #[instrument(skip(self), fields(llmobs.kind = "tool"))]
        pub fn method(&self) -> u8 {
            helper(1)
        }

        #[instrument(skip_all, fields(llmobs.kind = "tool"), ret)]
        pub fn generic<T: std::fmt::Debug>(&self, value: T) -> T {
            drop(generic_helper(5_u8));
            value
        }

        #[instrument(skip(self), fields(llmobs.kind = "tool"), err)]
        pub async fn later(&self) -> Result<u8, Refused> {
            Ok(later_helper().await)
        }

        #[instrument(skip(self), fields(llmobs.kind = "tool"), ret)]
        pub async fn later_with_return(&self) -> u8 {
            later_helper().await + 1
        }
    }

    #[instrument(ret)]
    fn helper(n: u8) -> u8 {
        n + 1
    }

    #[instrument(skip_all, ret)]
    fn generic_helper<T: std::fmt::Debug>(value: T) -> T {
        value
    }

    #[instrument(ret)]
    async fn later_helper() -> u8 {
        tokio::task::yield_now().await;
        7
    }

    #[instrument(fields(llmobs.kind = "task"), ret)]
    pub fn recursive(n: u8) -> u8 {
        if n == 0 { 0 } else { recursive(n - 1) + 1 }
    }

    /// Both functions stand on the line of the macro's call.
    macro_rules! pair {
        ($outer:ident, $inner:ident) => {
            #[instrument(fields(llmobs.kind = "tool"))]
            pub fn $outer() -> &'static str {
                $inner()
            }

            #[instrument(ret)]
            fn $inner() -> &'static str {
                "of the inner one"
            }
        };
    }

    pair!(outer_of_pair, inner_of_pair);
    #[rustfmt::skip]
    pub mod one_line { #[super::instrument(fields(llmobs.kind = "tool"))] pub fn outer_on_line() -> u8 { inner_on_line() } #[super::instrument(ret)] fn inner_on_line() -> u8 { 7 } }
}

#[test]
fn what_a_function_inside_returns_is_not_ours() {
    let program = || {
        nested::Tool.method();
        nested::Tool.generic("own");
        drop(block_on(nested::Tool.later()));
        block_on(nested::Tool.later_with_return());
        nested::outer_of_pair();
        nested::one_line::outer_on_line();
    };
    let check = |recorder: Recorder| {
        let output = |name| recorder.span(name).output;
        assert_eq!((output("method"), output("generic")), (None, text("own")));
        assert_eq!((output("later"), output("later_with_return")), (None, text("8")));
        recorder
    };
    // Alone the spans of the helpers do not exist, beside another layer they do.
    check(record(program));
    let recorder = check(record_beside_fmt(program));
    assert_eq!((recorder.span("outer_of_pair").output, recorder.span("outer_on_line").output), (None, None));
}

#[test]
fn each_level_of_a_recursion_has_its_own_return() {
    let recorder = record(|| drop(nested::recursive(2)));
    let outputs: Vec<_> = recorder.spans().into_iter().map(|span| span.output).collect();
    assert_eq!(outputs, [text("0"), text("1"), text("2")]);
    assert_eq!(recorder.tree(), "task recursive\n  task recursive\n    task recursive\n");
}

#[instrument(fields(llmobs.kind = "agent"), ret, err)]
fn panics(n: u8) -> Result<u8, Refused> {
    let _inner = tracing::info_span!("inner", llmobs.kind = "task").entered();
    std::panic::panic_any(n);
}

#[test]
fn a_span_that_closes_while_its_thread_panics_has_failed() {
    let recorder = record(|| {
        assert!(std::panic::catch_unwind(|| panics(5)).is_err());
        drop(tracing::info_span!("afterwards", llmobs.kind = "task"));
    });
    assert_eq!(recorder.tree(), "agent panics error\n  task inner error\ntask afterwards\n");
    let span = recorder.span("panics");
    assert_eq!(story(&span), (Some(json!({"n": 5})), None, Some(("panic", "the thread panicked"))));
    let recorder = record(|| {
        block_on(async {
            let task = tokio::spawn(async { drop(panics(6)) });
            assert!(task.await.unwrap_err().is_panic());
        });
    });
    assert_eq!(recorder.tree(), "agent panics error\n  task inner error\n");
}

#[test]
fn a_future_that_is_dropped_is_closed_and_has_not_failed() {
    let recorder = record(|| {
        block_on(async {
            let mut future = Box::pin(lookup_later("Paris", 1, true, "o".to_owned(), vec![]));
            assert!(futures_poll_once(&mut future).await);
            drop(future);
        });
    });
    let span = only_span(&recorder);
    assert_eq!((span.status, span.output.clone(), span.input.is_some()), (Status::Ok, None, true));
}

/// Polls once and says whether the future is still pending.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    let mut polled = false;
    std::future::poll_fn(|context| {
        polled = std::pin::Pin::new(&mut *future).poll(context).is_pending();
        std::task::Poll::Ready(())
    })
    .await;
    polled
}
