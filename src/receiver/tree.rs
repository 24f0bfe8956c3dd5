//! A trace as a tree of text. Pure, but for the printing at the door.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::decode::ReceivedSpan;
use super::detail::{Detail, details};
use super::page::{BAD, DEFAULT_WIDTH, DIM, GOOD, Line, PLAIN, Page, STRONG, TOKENS, TreeStyle, WARN};
use super::text;
use super::trace::{Row, Trace};
use crate::model::{SpanKind, Status, metric};

/// Prints traces to standard output, in colour when it is a terminal that wants them.
pub(super) fn print(traces: &[Trace]) -> io::Result<()> {
    let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = terminal.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
    let style = TreeStyle::new().width(width).color(true);
    // This one takes the colours out where they are not wanted.
    let mut out = anstream::stdout().lock();
    for trace in traces {
        writeln!(out, "{}", draw(trace, &style))?;
    }
    out.flush()
}

/// The whole tree; every line ends in a line break.
pub(super) fn draw(trace: &Trace, style: &TreeStyle) -> String {
    let mut page = Page::new(*style);
    page.add(summary(trace));
    page.add(names(trace));
    let rows = trace.rows();
    let columns = Columns::fit(trace, &rows, style.width);
    let mut rails = Rails::default();
    for row in &rows {
        rails.enter(row);
        let Some(span) = row.span else {
            page.add(Line::default().with(DIM, "(parent missing)"));
            continue;
        };
        let before = rails.before_span().add(what(trace, span));
        page.add(span_line(span, before, columns));
        for line in detail_lines(trace, span, &rails, style.width) {
            page.add(line);
        }
    }
    page.into_text()
}

fn summary(trace: &Trace) -> Line {
    let spans = trace.spans().len();
    let errors = trace.spans().filter(|span| span.event.status == Status::Error).count();
    let failed = trace.root().is_some_and(|root| root.event.status == Status::Error);
    let first = trace.root().or_else(|| trace.spans().next());
    let tag = |name: &str| first.and_then(|span| span.event.tags.get(name));
    let (mut input, mut output) = (None, None);
    for span in trace.spans().filter(|span| matches!(span.event.kind, SpanKind::Llm | SpanKind::Embedding)) {
        add(&mut input, count(span, metric::INPUT_TOKENS));
        add(&mut output, count(span, metric::OUTPUT_TOKENS));
    }
    let begin = trace.spans().map(|span| span.event.start_ns).min().unwrap_or_default();
    let end = trace.spans().map(|span| span.event.start_ns.saturating_add(span.event.duration_ns)).max();

    let mut line = Line::default().with(if failed { BAD } else { GOOD }, "● ");
    line = line.with_foreign(STRONG, tag("ml_app").unwrap_or("(no ml_app)"));
    line = line.with(DIM, &format!(" · {spans} {}", if spans == 1 { "span" } else { "spans" }));
    line = line.with(DIM, &format!(" · {}", text::duration(end.unwrap_or_default().saturating_sub(begin))));
    if input.or(output).is_some() {
        line = line.with(DIM, " · ").with(TOKENS, &text::tokens(input, output));
    }
    if errors > 0 {
        line = line.with(DIM, " · ").with(BAD, &format!("{errors} {}", if errors == 1 { "error" } else { "errors" }));
    }
    if trace.is_finished() { line } else { line.with(DIM, " · ").with(WARN, "unfinished") }
}

fn names(trace: &Trace) -> Line {
    let first = trace.root().or_else(|| trace.spans().next());
    let session = first.and_then(|span| span.event.session_id.as_deref().or_else(|| span.event.tags.get("session_id")));
    let line = Line::default().with(DIM, "  trace ").with_foreign(DIM, &short(&trace.trace_id().to_string()));
    let service = first.map(service).filter(|service| !service.is_empty());
    let line = service.map_or(line.clone(), |service| line.with(DIM, " · service ").with_foreign(DIM, service));
    session.map_or(line.clone(), |session| line.with(DIM, " · session ").with_foreign(DIM, session))
}

/// Where the columns to the right of the names begin and how wide they are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    left: usize,
    tokens: usize,
    duration: usize,
}

impl Columns {
    fn fit(trace: &Trace, rows: &[Row<'_>], width: usize) -> Self {
        let (mut left, mut tokens, mut duration) = (0, 0, 0);
        let mut rails = Rails::default();
        for row in rows {
            rails.enter(row);
            let Some(span) = row.span else { continue };
            left = rails.before_span().add(what(trace, span)).width().max(left);
            tokens = tokens_of(span).chars().count().max(tokens);
            duration = text::duration(span.event.duration_ns).chars().count().max(duration);
        }
        let right = tokens.saturating_add(duration).saturating_add(GAP.saturating_mul(2)).saturating_add(2);
        Self { left: left.min(width.saturating_sub(right)), tokens, duration }
    }
}

fn span_line(span: &ReceivedSpan, before: Line, columns: Columns) -> Line {
    let tokens = tokens_of(span);
    let duration = text::duration(span.event.duration_ns);
    let mut line = before.cut(columns.left).pad(columns.left);
    if columns.tokens > 0 {
        line = line.with(TOKENS, &format!("{:GAP$}{tokens:>width$}", "", width = columns.tokens));
    }
    line = line.with(PLAIN, &format!("{:GAP$}{duration:>width$}", "", width = columns.duration));
    if span.event.status == Status::Error { line.with(BAD, " ✗") } else { line }
}

/// Kind, name, model, and the service where another one begins.
fn what(trace: &Trace, span: &ReceivedSpan) -> Line {
    let event = &span.event;
    let name = if event.status == Status::Error { BAD.bold() } else { STRONG };
    let line = Line::default()
        .with_foreign(kind_style(&span.kind), &span.kind)
        .with(PLAIN, " ")
        .with_foreign(name, &event.name);
    let model = match (&event.model_provider, &event.model_name) {
        (Some(provider), Some(model)) => Some(format!("{provider}/{model}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    let line = model.map_or(line.clone(), |model| line.with(PLAIN, "  ").with_foreign(DIM, &model));
    let above = trace.parent_of(span).map(service);
    let begins = Some(service(span)).filter(|service| above.is_some_and(|above| above != *service));
    begins.map_or(line.clone(), |service| line.with(PLAIN, "  ").with_foreign(DIM, &format!("@ {service}")))
}

fn service(span: &ReceivedSpan) -> &str {
    span.event.tags.get("service").unwrap_or_default()
}

fn detail_lines(trace: &Trace, span: &ReceivedSpan, rails: &Rails, width: usize) -> Vec<Line> {
    let before = rails.before_detail();
    let room = width.saturating_sub(before.width()).saturating_sub(LABEL).max(1);
    let line = |(style, label, text): Detail| {
        before.clone().with(style, &format!("{label:LABEL$}")).with(style, &text::cut(&text, room))
    };
    details(trace, span, room).into_iter().map(line).collect()
}

/// The lines to the left of a span: which spans above it have more children to come.
#[derive(Debug, Default)]
struct Rails {
    /// For each depth but 0, whether a sibling follows.
    more: Vec<bool>,
    has_children: bool,
}

impl Rails {
    fn enter(&mut self, row: &Row<'_>) {
        self.more.truncate(row.depth.saturating_sub(1));
        if row.depth > 0 {
            self.more.push(!row.is_last);
        }
        self.has_children = row.has_children;
    }

    fn before_span(&self) -> Line {
        let Some((own, above)) = self.more.split_last() else { return Line::default() };
        if above.len() >= MAX_DEPTH {
            return Self::rails(above).with(DIM, "… ");
        }
        Self::rails(above).with(DIM, if *own { "├─ " } else { "└─ " })
    }

    fn before_detail(&self) -> Line {
        Self::rails(&self.more).with(DIM, if self.has_children { "│ " } else { "  " })
    }

    /// A chain of calls may be deeper than any terminal is wide; what is below the last rail stays there.
    fn rails(more: &[bool]) -> Line {
        let rails: String = more.iter().take(MAX_DEPTH).map(|more| if *more { "│  " } else { "   " }).collect();
        Line::default().with(DIM, &rails)
    }
}

fn kind_style(kind: &str) -> Style {
    let color = match kind {
        "llm" => AnsiColor::Magenta,
        "agent" => AnsiColor::Cyan,
        "workflow" | "experiment" => AnsiColor::Blue,
        "tool" => AnsiColor::Yellow,
        "embedding" => AnsiColor::BrightBlue,
        "retrieval" => AnsiColor::Green,
        _ => AnsiColor::BrightCyan,
    };
    color.on_default()
}

fn tokens_of(span: &ReceivedSpan) -> String {
    text::tokens(count(span, metric::INPUT_TOKENS), count(span, metric::OUTPUT_TOKENS))
}

fn count(span: &ReceivedSpan, name: &str) -> Option<u64> {
    span.event.metrics.get(name)?.as_u64()
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or_default().saturating_add(more));
    }
}

/// Both ends of a long id.
fn short(id: &str) -> String {
    const END: usize = 8;
    let length = id.chars().count();
    if length <= END.saturating_mul(2).saturating_add(1) {
        return id.to_owned();
    }
    let (begin, end): (String, String) =
        (id.chars().take(END).collect(), id.chars().skip(length.saturating_sub(END)).collect());
    format!("{begin}…{end}")
}

/// Between columns.
const GAP: usize = 2;
/// Of `in`, `with`, `from`, `out`, `err`, `eval`, `user` and a space.
const LABEL: usize = 5;
const MAX_DEPTH: usize = 12;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::verdicts::Verdicts;
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
        let spans = spans.into_iter().map(|json| Arc::new(ReceivedSpan::new(json).unwrap())).collect();
        let evaluation = json!({"join_on": {"span": {"span_id": "5", "trace_id": "t"}}, "label": "helpful",
            "metric_type": "score", "score_value": 0.85, "assessment": "pass"});
        let feedback = json!({"event_kind": "feedback", "feedback_join_key": "m-1", "label": "thumb",
            "metric_type": "boolean", "boolean_value": true});
        Trace::new(spans, &Verdicts::read([&evaluation, &feedback])).unwrap()
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
        let first = [
            link("1", TRACE, "input", "output"),
            link("9", TRACE, "output", "input"),
            link("8", "t", "output", "input"),
        ];
        let more = [
            link("1", TRACE, "output", "input"),
            link("1", TRACE, "output", "output"),
            link("9", TRACE, "input", "input"),
        ];
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
}
