//! Trees: a trace as text, and printing it to standard output.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::decode::ReceivedSpan;
use super::span_details::{Detail, details};
use super::styled_line::{BAD, DEFAULT_WIDTH, DIM, GOOD, Line, PLAIN, Page, STRONG, TOKENS, TreeStyle, WARN};
use super::trace::{Row, Trace};
use super::tree_lines::TreeLines;
use super::visible_text as text;
use llmobs_model::{SpanKind, Status, metric};

/// Prints traces to standard output, in colour when it is a terminal that wants them.
pub(super) fn print(traces: &[Trace]) -> io::Result<()> {
    let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = terminal.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
    let style = TreeStyle::new().width(width).color(true);
    // The stream removes colours where they are not wanted.
    let mut out = anstream::stdout().lock();
    for trace in traces {
        writeln!(out, "{}", draw(trace, &style))?;
    }
    out.flush()
}

/// Draws the whole tree; every line ends in a line break.
pub(super) fn draw(trace: &Trace, style: &TreeStyle) -> String {
    let mut page = Page::new(*style);
    page.add(summary(trace));
    page.add(names(trace));
    let rows = trace.rows();
    let columns = Columns::fit(trace, &rows, style.width);
    let mut lines = TreeLines::default();
    for row in &rows {
        lines.enter(row);
        let Some(span) = row.span else {
            page.add(Line::default().with(DIM, "(parent missing)"));
            continue;
        };
        let before = lines.before_span().add(what(trace, span));
        page.add(span_line(span, before, columns));
        for line in detail_lines(trace, span, &lines, style.width) {
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

/// The start of the columns to the right of the names, and their widths.
#[derive(Debug, Clone, Copy)]
struct Columns {
    left: usize,
    tokens: usize,
    duration: usize,
}

impl Columns {
    fn fit(trace: &Trace, rows: &[Row<'_>], width: usize) -> Self {
        let (mut left, mut tokens, mut duration) = (0, 0, 0);
        let mut lines = TreeLines::default();
        for row in rows {
            lines.enter(row);
            let Some(span) = row.span else { continue };
            left = lines.before_span().add(what(trace, span)).width().max(left);
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

/// Returns kind, name, model, and the service where another one begins.
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

fn detail_lines(trace: &Trace, span: &ReceivedSpan, lines: &TreeLines, width: usize) -> Vec<Line> {
    let before = lines.before_detail();
    let room = width.saturating_sub(before.width()).saturating_sub(LABEL).max(1);
    let line = |(style, label, text): Detail| {
        before.clone().with(style, &format!("{label:LABEL$}")).with(style, &text::cut(&text, room))
    };
    details(trace, span, room).into_iter().map(line).collect()
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

/// Returns both ends of a long id.
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

/// Spaces between columns.
const GAP: usize = 2;
/// The width of `in`, `with`, `from`, `out`, `err`, `eval`, `user` and a space.
const LABEL: usize = 5;

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
