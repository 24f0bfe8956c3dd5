//! Traces and the pages they become.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::evaluation_index::EvaluationIndex;
use super::*;

const TRACE: &str = "6a87950000000000a1b2c3d4e5f60718";

/// Times are milliseconds.
#[expect(clippy::needless_pass_by_value, reason = "so that `json!` can stand in the call")]
fn span(id: u64, parent: u64, (kind, name): (&str, &str), (start, duration): (u64, u64), more: Value) -> Value {
    let mut span = json!({
        "span_id": id.to_string(), "parent_id": parent.to_string(), "trace_id": TRACE,
        "name": name, "start_ns": start * 1_000_000, "duration": duration * 1_000_000,
        "status": "ok", "session_id": "session-42", "tags": ["ml_app:weather-bot"], "meta": {"span": {"kind": kind}},
    });
    let members = span.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        match members.get_mut(name) {
            Some(Value::Object(old)) => old.extend(value.as_object().unwrap().clone()),
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
    span
}

fn trace(spans: Vec<Value>) -> Trace {
    let spans = spans.into_iter().map(|json| Arc::new(ReceivedSpan::new(&json).unwrap())).collect();
    let evaluation = json!({"join_on": {"span": {"span_id": "5", "trace_id": "t"}}, "label": "helpful",
        "metric_type": "score", "score_value": 0.85, "assessment": "pass"});
    let feedback = json!({"event_kind": "feedback", "feedback_join_key": "m-1", "label": "thumb",
        "metric_type": "boolean", "boolean_value": true});
    Trace::new(spans, &EvaluationIndex::read([&evaluation, &feedback])).unwrap()
}

fn link(span: &str, trace: &str, from: &str, to: &str) -> Value {
    json!({"span_id": span, "trace_id": trace, "attributes": {"from": from, "to": to}})
}

fn weather() -> Trace {
    trace(vec![
        span(
            1,
            0,
            ("agent", "weather_agent"),
            (0, 5200),
            json!({"tags": ["ml_app:weather-bot", "feedback_join_key:m-1"], "meta": {
            "input": {"value": "Do I need a jacket in Paris?"}, "output": {"value": "No, it is 27 degrees."}}}),
        ),
        span(
            2,
            1,
            ("retrieval", "search"),
            (1, 18),
            json!({"meta": {"input": {"value": "jacket"}, "output": {
            "documents": [{"text": "Below 15 degrees wear a jacket.", "name": "guide", "score": 0.91},
                          {"text": "Paris climate", "id": "doc-3", "score": 0}]}}}),
        ),
        span(
            3,
            2,
            ("embedding", "embed"),
            (2, 9),
            json!({"metrics": {"input_tokens": 9}, "meta": {
            "model_name": "text-embedding-3-small", "model_provider": "openai",
            "input": {"documents": [{"text": "jacket"}]}, "output": {"value": "[1 embedding of 1536]"}}}),
        ),
        span(
            4,
            1,
            ("tool", "get_weather"),
            (30, 310),
            json!({"status": "error", "meta": {
            "input": {"value": "{\"city\": \"Paris\"}"},
            "error": {"message": "timed\nout \u{1b}[2J", "type": "app::Timeout", "stack": ""}}}),
        ),
        span(
            5,
            1,
            ("llm", "chat"),
            (400, 2100),
            json!({"meta": {"model_name": "gpt-4o-mini",
            "model_provider": "openai", "input": {"messages": [{"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Do I need a jacket in Paris?"}],
            "prompt": {"id": "weather-answer", "version": "3"}},
            "output": {"messages": [{"role": "assistant", "content": "No, it is 27 degrees."}]}},
            "metrics": {"input_tokens": 212, "output_tokens": 18},
            "span_links": [link("2", TRACE, "output", "input")]}),
        ),
    ])
}

#[test]
fn a_trace_is_a_tree() {
    // The documentation shows this file.
    assert_eq!(weather().to_tree(&TreeStyle::new()), include_str!("tree.txt"));
}

#[test]
fn colours_are_only_added() {
    let colored = weather().to_tree(&TreeStyle::new().color(true));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), weather().to_tree(&TreeStyle::new()));
}

#[test]
fn parents_that_never_came_are_said_to_be_missing() {
    let none = || json!({});
    let found = trace(vec![
        span(1, 0, ("workflow", "main"), (0, 5), none()),
        span(3, 2, ("experiment", "late"), (1, 2), none()),
        span(4, 3, ("task", "later"), (2, 1), none()),
    ]);
    let expected = "\
● weather-bot · 3 spans · 5.00 ms · unfinished
  trace 6a879500…e5f60718 · session session-42
workflow main       5.00 ms
(parent missing)
└─ experiment late  2.00 ms
   └─ task later    1.00 ms
";
    assert_eq!(found.to_tree(&TreeStyle::new()), expected);
}

#[test]
fn a_service_is_named_where_it_begins() {
    let of = |service: &str| json!({"tags": ["ml_app:shop", format!("service:{service}")], "session_id": null});
    let found = trace(vec![
        span(1, 0, ("workflow", "ask"), (0, 5), of("shop")),
        span(2, 1, ("task", "call"), (1, 4), of("shop")),
        span(3, 2, ("workflow", "serve"), (2, 3), of("gateway")),
        span(4, 3, ("llm", "chat"), (3, 1), of("gateway")),
    ]);
    let expected = "\
● shop · 4 spans · 5.00 ms
  trace 6a879500…e5f60718 · service shop
workflow ask                     5.00 ms
└─ task call                     4.00 ms
   └─ workflow serve  @ gateway  3.00 ms
      └─ llm chat                1.00 ms
";
    assert_eq!(found.to_tree(&TreeStyle::new()), expected);
}

#[test]
fn links_say_which_end_of_which_span() {
    let first =
        [link("1", TRACE, "input", "output"), link("9", TRACE, "output", "input"), link("8", "t", "output", "input")];
    let more =
        [link("1", TRACE, "output", "input"), link("1", TRACE, "output", "output"), link("9", TRACE, "input", "input")];
    let found = trace(vec![
        span(1, 0, ("tool", "find"), (0, 5), json!({})),
        span(2, 1, ("task", "use"), (1, 4), json!({"span_links": ([first, more].concat())})),
    ]);
    let tree = found.to_tree(&TreeStyle::new());
    let lines: Vec<_> = tree.lines().filter_map(|line| line.trim().strip_prefix("from ")).collect();
    assert_eq!(
        lines,
        [
            "the input of tool find, to the output",
            "the output of span 9",
            "the output of span 8 of trace t",
            "the output of tool find",
            "2 more",
        ]
    );
}

#[test]
fn a_narrow_terminal_cuts_names_before_numbers() {
    let long = json!({"meta": {"model_name": "a-model-with-a-long-name", "input": {"value": "x ".repeat(99)}},
        "metrics": {"input_tokens": 1_234_567, "output_tokens": 1}});
    let found = trace(vec![span(1, 0, ("llm", "a name\u{1b}]0;with commands"), (0, 65_000), long)]);
    let expected = "\
● weather-bot · 1 span · 1 min 5 s · 12…
  trace 6a879500…e5f60718 · session ses…
llm a name\\…  1234567→1 tok  1 min 5 s
  in   x x x x x x x x x x x x x x x x …
";
    assert_eq!(found.to_tree(&TreeStyle::new().width(40)), expected);
}

#[test]
fn a_deep_chain_stays_on_the_page() {
    let spans = (1..=100).map(|id| span(id, id - 1, ("task", "step"), (id, 200 - id), json!({})));
    let tree = trace(spans.collect()).to_tree(&TreeStyle::new());
    assert!(tree.lines().all(|line| line.chars().count() <= 100 && !line.ends_with('…')), "{tree}");
    // Two about the trace, one a span, and the evaluation.
    assert_eq!(tree.lines().count(), 103);
}
