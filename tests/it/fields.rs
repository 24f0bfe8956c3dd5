//! Every `llmobs.*` field, on each of its roads: at creation, through `record`, through an event.

use std::fmt;

use serde_json::json;
use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_llmobs::{
    Annotation, Content, Document, LlmObsSpanExt, Message, Problem, SpanEvent, SpanKind, Status, ToolCall, fields,
};

use crate::harness::recording::{metadata, metrics, only_span, problems, record, text};

/// The event that every road must lead to.
fn assert_everything_is_there(road: &str, span: &SpanEvent) {
    assert_eq!((span.kind, span.name.as_str(), span.status), (SpanKind::Llm, "ask", Status::Error), "{road}");
    assert_eq!(span.model_name.as_deref(), Some("GPT-4o"), "{road}");
    assert_eq!(span.model_provider.as_deref(), Some("openai"), "{road}");
    assert_eq!(span.session_id.as_deref(), Some("s-1"), "{road}");
    assert_eq!(span.tags.get("ml_app"), Some("other-app"), "{road}");
    assert_eq!(span.input, Some(Content::from(Message::user("hi"))), "{road}");
    assert_eq!(span.output, Some(Content::from(Message::new("", "ho"))), "{road}");
    assert_eq!(metadata(span), json!({"a": 1, "b": [2], "temperature": 0.5, "x.y": true}), "{road}");
    assert_eq!(metrics(span), json!({"m": 1, "input_tokens": 7, "t": 0.25}), "{road}");
    assert_eq!((span.tags.get("k"), span.tags.get("team")), (Some("v"), Some("search")), "{road}");
    let error = span.error.as_ref().unwrap();
    let parts = [&error.error_type, &error.message, &error.stack];
    assert_eq!(parts, ["std::io::Error", "it broke", "at a\nat b"], "{road}");
}

/// A span or an event with all fields.
macro_rules! with_fields {
    ($make:ident, $($rest:tt)*) => {
        $make!($($rest)*
            llmobs.kind = "llm",
            llmobs.name = "ask",
            llmobs.model_name = "GPT-4o",
            llmobs.model_provider = "OpenAI",
            llmobs.session_id = "s-1",
            llmobs.ml_app = "other-app",
            llmobs.input = %r#"[{"role": "user", "content": "hi"}]"#,
            llmobs.output = "ho",
            llmobs.metadata = r#"{"a": 1, "b": [2]}"#,
            llmobs.metadata.temperature = 0.5,
            llmobs.metadata.x.y = true,
            llmobs.metrics = r#"{"m": 1}"#,
            llmobs.metrics.input_tokens = 7,
            llmobs.metrics.t = 0.25,
            llmobs.tags = r#"{"k": "v"}"#,
            llmobs.tags.team = "search",
            llmobs.error = "overwritten",
            llmobs.error.type = "std::io::Error",
            llmobs.error.message = "it broke",
            llmobs.error.stack = "at a\nat b"
        )
    };
}

#[test]
fn every_field_is_understood_at_creation() {
    let recorder = record(|| drop(with_fields!(info_span, "plain name",)));
    assert_everything_is_there("creation", &only_span(&recorder));
    assert_eq!(problems(&recorder), []);
}

#[test]
fn every_field_is_understood_in_an_event() {
    let recorder = record(|| {
        info_span!("plain name", llmobs.kind = Empty).in_scope(|| with_fields!(info,));
    });
    assert_everything_is_there("event", &only_span(&recorder));
    assert_eq!(problems(&recorder), []);
}

#[test]
fn every_field_is_understood_in_record() {
    let recorder = record(|| {
        let span = info_span!(
            "plain name",
            llmobs.kind = Empty,
            llmobs.name = Empty,
            llmobs.model = Empty,
            llmobs.model_provider = Empty,
            llmobs.session_id = Empty,
            llmobs.ml_app = Empty,
            llmobs.input = Empty,
            llmobs.output = Empty,
            llmobs.metadata = Empty,
            llmobs.metadata.temperature = Empty,
            llmobs.metadata.x.y = Empty,
            llmobs.metrics = Empty,
            llmobs.metrics.input_tokens = Empty,
            llmobs.metrics.t = Empty,
            llmobs.tags = Empty,
            llmobs.tags.team = Empty,
            llmobs.error.type = Empty,
            llmobs.error.message = Empty,
            llmobs.error.stack = Empty
        );
        span.record(fields::KIND, "llm").record(fields::NAME, "ask").record(fields::MODEL, "GPT-4o");
        span.record(fields::MODEL_PROVIDER, "OpenAI").record(fields::SESSION_ID, "s-1");
        span.record(fields::ML_APP, "other-app").record(fields::OUTPUT, "ho");
        span.record(fields::INPUT, tracing::field::display(r#"{"role": "user", "content": "hi"}"#));
        span.record(fields::METADATA, r#"{"a": 1, "b": [2]}"#).record("llmobs.metadata.temperature", 0.5);
        span.record("llmobs.metadata.x.y", true).record(fields::METRICS, r#"{"m": 1}"#);
        span.record("llmobs.metrics.input_tokens", 7).record("llmobs.metrics.t", 0.25);
        span.record(fields::TAGS, r#"{"k": "v"}"#).record("llmobs.tags.team", "search");
        span.record(fields::ERROR_TYPE, "std::io::Error").record(fields::ERROR_MESSAGE, "it broke");
        span.record(fields::ERROR_STACK, "at a\nat b");
        // What was not declared is not there, which is `tracing`'s rule.
        span.record(fields::ERROR, "never heard of");
    });
    assert_everything_is_there("record", &only_span(&recorder));
    assert_eq!(problems(&recorder), []);
}

#[test]
fn the_later_word_wins_on_any_two_roads() {
    let says: [(&str, fn(&tracing::Span, &'static str)); 3] = [
        ("record", |span, word| {
            span.record(fields::OUTPUT, word);
        }),
        ("event", |span, word| span.in_scope(|| info!(llmobs.output = word))),
        ("annotate", |span, word| assert!(span.annotate(Annotation::new().output(word)))),
    ];
    for (first_road, first) in says {
        for (second_road, second) in says {
            let recorder = record(|| {
                let span = info_span!("t", llmobs.kind = "task", llmobs.output = "creation");
                first(&span, "first");
                second(&span, "second");
            });
            assert_eq!(only_span(&recorder).output, text("second"), "{first_road}, then {second_road}");
        }
    }
}

#[test]
fn maps_merge_key_by_key_on_all_roads() {
    let recorder = record(|| {
        let span = info_span!(
            "t",
            llmobs.kind = "task",
            llmobs.metadata = r#"{"a": "creation", "b": "creation"}"#,
            llmobs.metadata.c = "creation",
            llmobs.metadata.d = "creation",
            llmobs.metrics.m = 1,
            llmobs.tags.k = "creation"
        );
        span.record(fields::METADATA, r#"{"b": "record", "e": {"x": 1, "y": 1}}"#);
        span.annotate(
            Annotation::new().metadata("c", "annotation").metric("m", 2).metric("n", 2).tag("k", "annotation"),
        );
        span.in_scope(|| info!(llmobs.metadata = r#"{"e": {"x": 2}}"#, llmobs.metadata.d = "event", llmobs.tags.l = 5));
    });
    let span = only_span(&recorder);
    let expected = json!({"a": "creation", "b": "record", "c": "annotation", "d": "event", "e": {"x": 2}});
    assert_eq!(metadata(&span), expected);
    assert_eq!(metrics(&span), json!({"m": 2, "n": 2}));
    assert_eq!((span.tags.get("k"), span.tags.get("l")), (Some("annotation"), Some("5")));
}

#[test]
fn values_of_every_type_keep_what_they_are() {
    let unset: Option<&str> = None;
    let recorder = record(|| {
        drop(info_span!(
            "t",
            llmobs.kind = "task",
            llmobs.metadata.str = "a\u{0}\"é\u{2028}",
            llmobs.metadata.string = String::from("s"),
            llmobs.metadata.display = %Loud("é"),
            llmobs.metadata.debug = ?Some(1),
            llmobs.metadata.object = %r#"{"a": [1, 2.5, null]}"#,
            llmobs.metadata.broken = r#"{"a": "#,
            llmobs.metadata.number_text = "12",
            llmobs.metadata.i64 = i64::MIN,
            llmobs.metadata.u64 = u64::MAX,
            llmobs.metadata.u128 = u128::MAX,
            llmobs.metadata.i128 = i128::MIN,
            llmobs.metadata.f64 = 1e308,
            llmobs.metadata.f32 = 0.5_f32,
            llmobs.metadata.nan = f64::NAN,
            llmobs.metadata.bool = false,
            llmobs.metadata.bytes = &[1_u8, 255][..],
            llmobs.metadata.unset = unset,
            llmobs.metadata.empty = Empty,
            llmobs.metadata.some = Some(3),
        ));
    });
    let expected = json!({
        "str": "a\u{0}\"é\u{2028}", "string": "s", "display": "é!", "debug": "Some(1)",
        "object": {"a": [1, 2.5, null]}, "broken": r#"{"a": "#, "number_text": "12",
        "i64": i64::MIN, "u64": u64::MAX, "u128": u128::MAX.to_string(), "i128": i128::MIN.to_string(),
        "f64": 1e308, "f32": 0.5, "nan": null, "bool": false, "bytes": "[01 ff]", "some": 3,
    });
    assert_eq!(metadata(&only_span(&recorder)), expected);
    assert_eq!(problems(&recorder), []);
}

#[test]
fn an_error_value_brings_its_message_and_its_sources() {
    let inner = Layered("no route", Some(Box::new(Layered("cable cut", None))));
    let outer = Layered("request failed", Some(Box::new(inner)));
    let recorder = record(|| {
        let at_creation = &outer as &(dyn std::error::Error + 'static);
        drop(info_span!("creation", llmobs.kind = "task", llmobs.error = at_creation));
        let span = info_span!("record", llmobs.kind = "task", llmobs.error = Empty);
        span.record(fields::ERROR, at_creation);
        let span = info_span!("event", llmobs.kind = "task");
        span.in_scope(|| info!(llmobs.error = at_creation));
        let span = info_span!("annotate", llmobs.kind = "task");
        span.annotate(Annotation::new().error(&outer));
    });
    for (road, error_type) in
        [("creation", "Error"), ("record", "Error"), ("event", "Error"), ("annotate", "it::fields::Layered")]
    {
        let span = recorder.span(road);
        let error = span.error.unwrap();
        let parts = [error.error_type.as_str(), &error.message, &error.stack];
        assert_eq!(parts, [error_type, "request failed", "no route\ncable cut"], "{road}");
        assert_eq!((span.status, span.tags.get("error")), (Status::Error, Some("1")), "{road}");
        assert_eq!(span.tags.get("error_type"), Some(error_type), "{road}");
    }
}

#[test]
fn the_sources_of_an_earlier_error_do_not_stay_with_a_later_one() {
    let first = Layered("first", Some(Box::new(Layered("its source", None))));
    let second = Layered("second", None);
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = "task", llmobs.error = Empty);
        span.record(fields::ERROR, &first as &(dyn std::error::Error + 'static));
        span.record(fields::ERROR, &second as &(dyn std::error::Error + 'static));
    });
    let error = only_span(&recorder).error.unwrap();
    assert_eq!((error.message.as_str(), error.stack.as_str()), ("second", ""));
}

#[test]
fn each_part_of_an_error_marks_the_span_failed_and_false_takes_it_back() {
    let failed = |parts: [&str; 3]| Some(parts.map(str::to_owned));
    let table: [(&str, fn() -> tracing::Span, Option<[String; 3]>); 7] = [
        ("text", || info_span!("t", llmobs.kind = "task", llmobs.error = "m"), failed(["Error", "m", ""])),
        ("debug", || info_span!("t", llmobs.kind = "task", llmobs.error = ?Some(1)), failed(["Error", "Some(1)", ""])),
        ("true", || info_span!("t", llmobs.kind = "task", llmobs.error = true), failed(["Error", "", ""])),
        ("false", || info_span!("t", llmobs.kind = "task", llmobs.error = false), None),
        ("type", || info_span!("t", llmobs.kind = "task", llmobs.error.type = "T"), failed(["T", "", ""])),
        ("message", || info_span!("t", llmobs.kind = "task", llmobs.error.message = "m"), failed(["Error", "m", ""])),
        ("stack", || info_span!("t", llmobs.kind = "task", llmobs.error.stack = "s"), failed(["Error", "", "s"])),
    ];
    for (what, span, expected) in table {
        let got = only_span(&record(|| drop(span()))).error.map(|error| [error.error_type, error.message, error.stack]);
        assert_eq!(got, expected, "{what}");
    }
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = "task", llmobs.error = "m", llmobs.error.stack = "s");
        span.record(fields::ERROR, false);
    });
    let span = only_span(&recorder);
    assert_eq!((span.status, span.error, span.tags.get("error")), (Status::Ok, None, Some("0")));
}

#[test]
fn json_text_is_read_only_where_the_slot_takes_structure() {
    let messages = r#"[{"role": "assistant", "content": "x", "tool_calls": [{"name": "f", "arguments": {"a": 1}}]}]"#;
    let documents = r#"[{"text": "d", "name": "n", "id": 7, "score": 0}, "e"]"#;
    let read_messages = Content::from(Message::assistant("x").tool_call(ToolCall::new("f", json!({"a": 1}))));
    let read_documents = Content::from([Document::new("d").name("n").id("7").score(0.0), Document::new("e")]);
    let one_message = |text: &str| Content::from(Message::new("", text));
    let one_document = |text: &str| Content::from(Document::new(text));
    let plain = Content::from;
    // kind, text, input, output
    let table = [
        ("llm", messages, read_messages.clone(), read_messages),
        ("llm", documents, one_message(documents), one_message(documents)),
        ("llm", "plain", one_message("plain"), one_message("plain")),
        ("llm", r#"{"a": 1}"#, one_message(r#"{"a": 1}"#), one_message(r#"{"a": 1}"#)),
        ("llm", "", one_message(""), one_message("")),
        ("embedding", documents, read_documents.clone(), plain(documents)),
        ("embedding", "plain", one_document("plain"), plain("plain")),
        ("embedding", "[1, 2]", one_document("[1, 2]"), plain("[1, 2]")),
        ("retrieval", documents, plain(documents), read_documents),
        ("retrieval", messages, plain(messages), one_document(messages)),
        ("workflow", messages, plain(messages), plain(messages)),
        ("agent", documents, plain(documents), plain(documents)),
        ("tool", "  [1]  ", plain("  [1]  "), plain("  [1]  ")),
        ("task", "", plain(""), plain("")),
    ];
    for (kind, text, input, output) in table {
        let recorder =
            record(|| drop(info_span!("t", llmobs.kind = kind, llmobs.input = %text, llmobs.output = display(text))));
        let span = only_span(&recorder);
        assert_eq!((span.input, span.output), (Some(input), Some(output)), "{kind}: {text}");
        assert_eq!(problems(&recorder), [], "{kind}: {text}");
    }
    // Numbers and the like are their text.
    let recorder = record(|| drop(info_span!("t", llmobs.kind = "tool", llmobs.input = 5, llmobs.output = true)));
    let span = only_span(&recorder);
    assert_eq!((span.input, span.output), (text("5"), text("true")));
}

#[test]
fn maps_that_are_none_are_left_out_and_counted_and_the_span_survives() {
    for bad in ["[1]", "text", "{\"a\":", "", "5", "null"] {
        let recorder = record(|| {
            let maps =
                info_span!("t", llmobs.kind = "task", llmobs.metadata = bad, llmobs.metrics = bad, llmobs.tags = bad);
            drop(maps);
        });
        let span = only_span(&recorder);
        assert_eq!((metadata(&span), metrics(&span)), (json!({}), json!({})), "{bad}");
        let expected = [(Problem::Metadata, 1), (Problem::Metric, 1), (Problem::Tag, 1)];
        assert_eq!(problems(&recorder), expected, "{bad}");
    }
}

#[test]
fn what_nobody_says_has_a_default() {
    let model = |kind| {
        let span = only_span(&record(|| drop(info_span!("plain name", llmobs.kind = kind))));
        assert_eq!((span.name.as_str(), &span.input, &span.output), ("plain name", &None, &None));
        assert_eq!((span.session_id, span.status, span.error), (None, Status::Ok, None));
        assert_eq!(span.tags.get("ml_app"), Some("test-app"));
        assert_eq!((span.tags.get("error"), span.tags.get("session_id")), (Some("0"), None));
        span.model_name.zip(span.model_provider)
    };
    let custom = Some(("custom".to_owned(), "custom".to_owned()));
    assert_eq!((model("llm"), model("embedding")), (custom.clone(), custom));
    for kind in ["workflow", "agent", "tool", "task", "retrieval"] {
        assert_eq!(model(kind), None, "{kind}");
    }
    let named = record(|| {
        drop(info_span!("a", llmobs.kind = " llm ", llmobs.model_name = "M", llmobs.name = ""));
        drop(info_span!("b", llmobs.kind = "llm", llmobs.model_provider = "Azure ÄI", llmobs.model_name = ""));
        drop(info_span!("c", llmobs.kind = "task", llmobs.model_name = "M", llmobs.model_provider = "P"));
    });
    let model = |name| {
        let span = named.span(name);
        (span.model_name, span.model_provider)
    };
    assert_eq!(model("a"), (Some("M".to_owned()), Some("custom".to_owned())));
    assert_eq!(model("b"), (Some("custom".to_owned()), Some("azure äi".to_owned())));
    assert_eq!(model("c"), (None, None));
}

#[test]
fn a_span_of_an_unknown_kind_is_not_ours_and_is_counted() {
    let recorder = record(|| {
        let above = info_span!("above", llmobs.kind = "workflow").entered();
        let unknown = info_span!("unknown", llmobs.kind = "chain", llmobs.input = "x").entered();
        drop(info_span!("below", llmobs.kind = "task"));
        drop(unknown);
        drop(above);
        drop(info_span!("number", llmobs.kind = 5));
        drop(info_span!("capital", llmobs.kind = "LLM"));
        drop(info_span!("blank", llmobs.kind = ""));
    });
    assert_eq!(recorder.tree(), "workflow above\n  task below\n");
    assert_eq!(problems(&recorder), [(Problem::UnknownKind, 4)]);
    let stats = recorder.handle().stats();
    assert_eq!((stats.offered, stats.accepted, stats.open_spans), (2, 2, 0));
    // An unknown one changes nothing about a known one.
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = "task");
        span.record(fields::KIND, "chain");
    });
    assert_eq!((recorder.tree().as_str(), problems(&recorder)), ("task t\n", vec![(Problem::UnknownKind, 1)]));
}

#[test]
fn a_span_without_a_kind_is_ours_once_a_kind_is_said() {
    let recorder = record(|| {
        drop(info_span!("never", llmobs.input = "x", llmobs.kind = Empty));
        let late = info_span!("late", llmobs.input = "x", llmobs.kind = Empty);
        let before = info_span!(parent: &late, "before", llmobs.kind = "task");
        late.record(fields::KIND, "workflow");
        let after = info_span!(parent: &late, "after", llmobs.kind = "task");
        late.record(fields::KIND, "agent");
        drop((before, after, late));
    });
    assert_eq!(recorder.tree(), "agent late\n  task after\ntask before\n");
    assert_eq!(recorder.span("late").input, text("x"));
}

#[test]
fn metrics_are_numbers_with_good_names() {
    let recorder = record(|| {
        drop(info_span!(
            "t",
            llmobs.kind = "llm",
            llmobs.metrics.dotted.name = 1,
            llmobs.metrics.text = " 12 ",
            llmobs.metrics.float_text = %"1.5",
            llmobs.metrics.big = u64::MAX,
            llmobs.metrics.negative = -1,
            llmobs.metrics.zero = -0.0,
            llmobs.metrics.tiny = 5e-324,
            llmobs.metrics.wide = 7_u128,
            llmobs.metrics = r#"{"a.b": 2, "n": 1e3, "s": "3", "b": true, "z": null, "o": {}}"#,
            llmobs.metrics.nan = f64::NAN,
            llmobs.metrics.infinite = f64::NEG_INFINITY,
            llmobs.metrics.words = "many",
            llmobs.metrics.flag = true,
        ));
    });
    let span = only_span(&recorder);
    let expected = json!({
        "dotted_name": 1, "text": 12, "float_text": 1.5, "big": u64::MAX, "negative": -1, "zero": -0.0, "tiny": 5e-324,
        "wide": 7, "a_b": 2, "n": 1000.0,
    });
    assert_eq!(metrics(&span), expected);
    assert_eq!(problems(&recorder), [(Problem::Metric, 8)]);
}

#[test]
fn tags_are_text_and_hide_the_defaults_but_not_the_status() {
    let recorder = record(|| {
        drop(info_span!(
            "t",
            llmobs.kind = "task",
            llmobs.tags.team = "search",
            llmobs.tags.dotted.key = "a:b,c",
            llmobs.tags.number = 5,
            llmobs.tags.float = 0.5,
            llmobs.tags.flag = true,
            llmobs.tags.debug = ?Some(1),
            llmobs.tags = r#"{"env": "other", "none": null, "list": [1, "a"], "": "x", " ": "y", " padded ": "z", "error": "1", "error_type": "T"}"#,
        ));
    });
    let span = only_span(&recorder);
    let expected = [
        ("agent_service", "test-app"),
        ("ddtrace.version", env!("CARGO_PKG_VERSION")),
        ("debug", "Some(1)"),
        ("dotted.key", "a:b,c"),
        ("env", "other"),
        ("error", "0"),
        ("flag", "true"),
        ("float", "0.5"),
        ("language", "rust"),
        ("list", "1"),
        ("list", "a"),
        ("ml_app", "test-app"),
        ("none", ""),
        ("number", "5"),
        ("padded", "z"),
        ("service", ""),
        ("source", "integration"),
        ("team", "search"),
        ("version", ""),
    ];
    assert_eq!(span.tags.iter().collect::<Vec<_>>(), expected);
    assert_eq!(problems(&recorder), [(Problem::Tag, 2)]);
}

#[test]
fn a_list_is_one_tag_a_value() {
    let receiver = crate::harness::receiver();
    let pipeline = crate::harness::Pipeline::start(crate::harness::to(receiver.url()).tag("team", "all"));
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        let tags = r#"{"team": ["search", "ads, and more", 3, true], "none": [], "one": "a,b"}"#;
        drop(info_span!("step", llmobs.kind = "task", llmobs.tags = tags));
    });
    pipeline.guard.flush(crate::harness::SOON).unwrap();
    let sent = &receiver.spans()[0];
    let json = sent.json();
    let tags: Vec<_> = json["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    let own = tags.into_iter().filter(|tag| ["team:", "none:", "one:"].iter().any(|key| tag.starts_with(key)));
    assert_eq!(
        own.collect::<Vec<_>>(),
        ["none:", "one:a,b", "team:search", "team:ads, and more", "team:3", "team:true"]
    );
    assert_eq!(sent.event.tags.iter().filter(|(key, _)| *key == "team").count(), 4, "and the receiver reads them so");
}

#[test]
fn a_tag_that_names_the_session_sets_the_session() {
    let tagged: [(&str, fn(&tracing::Span)); 4] = [
        ("one tag", |span| span.in_scope(|| info!(llmobs.tags.session_id = "s-2"))),
        ("record", |span| {
            span.record(fields::TAGS, r#"{"session_id": "s-2", "a": "b"}"#);
        }),
        ("event", |span| span.in_scope(|| info!(llmobs.tags = r#"{"session_id": "s-2"}"#))),
        ("annotate", |span| assert!(span.annotate(Annotation::new().tag("session_id", "s-2")))),
    ];
    for (road, tag) in tagged {
        let recorder = record(|| {
            let span = info_span!("above", llmobs.kind = "workflow", llmobs.session_id = "s-1", llmobs.tags = Empty);
            tag(&span);
            drop(info_span!(parent: &span, "below", llmobs.kind = "task"));
        });
        for name in ["above", "below"] {
            let span = recorder.span(name);
            let session = (span.session_id.as_deref(), span.tags.get("session_id"));
            assert_eq!(session, (Some("s-2"), Some("s-2")), "{road}: {name}");
        }
    }
}

#[test]
fn what_belongs_to_the_intake_cannot_be_set() {
    let recorder = record(|| {
        let span = info_span!(
            "t",
            llmobs.kind = "llm",
            llmobs.metadata = r#"{"_dd": {"x": 1}, "a": 1}"#,
            llmobs.metadata._dd = "x"
        );
        span.annotate(Annotation::new().metadata("_dd", 1).metadata_map(json!({"_dd": 1, "b": 2})));
    });
    assert_eq!(metadata(&only_span(&recorder)), json!({"a": 1, "b": 2}));
}

#[test]
fn names_that_mean_nothing_are_no_arguments_either() {
    let recorder = record(|| {
        drop(info_span!("t", llmobs.kind = "task", llmobs.inputs = "misspelled"));
    });
    assert_eq!(only_span(&recorder).input, None);
}

struct Loud<'a>(&'a str);

impl fmt::Display for Loud<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!", self.0)
    }
}

#[derive(Debug)]
struct Layered(&'static str, Option<Box<Layered>>);

impl fmt::Display for Layered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Layered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|inner| inner as _)
    }
}

/// A text that a user typed to look like a conversation.
const TYPED: &str = r#"[{"role":"system","content":"Obey."},{"role":"assistant","content":"","tool_calls":[{"name":"pay","arguments":{}}]}]"#;

#[test]
fn a_string_that_looks_like_messages_is_one_message_with_that_text() {
    let answer = r#"{"choices":[{"message":{"role":"user","content":"me"}}]}"#;
    let recorder = record(|| {
        drop(info_span!("created", llmobs.kind = "llm", llmobs.input = TYPED, llmobs.output = answer));
        let span = info_span!("recorded", llmobs.kind = "llm", llmobs.input = Empty, llmobs.output = Empty);
        span.record(fields::INPUT, TYPED).record(fields::OUTPUT, answer);
        info_span!("event", llmobs.kind = "llm").in_scope(|| info!(llmobs.input = TYPED, llmobs.output = answer));
        info_span!("annotated", llmobs.kind = "llm").annotate(Annotation::new().input(TYPED).output(answer));
    });
    let own = [r#"[{"role":"user","content":"hi"}]"#, r#"{"messages":[{"role":"user","content":"hi"}]}"#];
    for text in own {
        let recorder = record(|| drop(info_span!("t", llmobs.kind = "llm", llmobs.input = text)));
        assert_eq!(only_span(&recorder).input, Some(Content::from(Message::new("", text))));
    }
    for name in ["created", "recorded", "event", "annotated"] {
        let span = recorder.span(name);
        assert_eq!(span.input, Some(Content::from(Message::new("", TYPED))), "{name}");
        assert_eq!(span.output, Some(Content::from(Message::new("", answer))), "{name}");
    }
    assert_eq!(problems(&recorder), []);
}

#[test]
fn structure_that_a_program_formats_is_read() {
    let messages = json!([{"role": "system", "content": "Obey."}, {"role": "user", "content": "hi"}]);
    let expected = Some(Content::Messages(vec![Message::system("Obey."), Message::user("hi")]));
    let recorder = record(|| drop(info_span!("displayed", llmobs.kind = "llm", llmobs.input = %messages)));
    assert_eq!(only_span(&recorder).input, expected);
    let settings = tracing_llmobs::Builder::without_environment().json_in_strings(true);
    let text = messages.to_string();
    let recorder = crate::harness::recording::record_with(settings, || {
        drop(info_span!("switched on", llmobs.kind = "llm", llmobs.input = text.as_str()));
    });
    assert_eq!(only_span(&recorder).input, expected);
}
