//! Page of a trace: waterfall and tree on the left, the chosen span on the right.

use std::collections::HashMap;

use maud::{Markup, html};

use super::figures;
use super::frame::{self, Frame};
use super::kinds::kind_class;
use super::links;
use super::span_tree::{Interval, Node, SpanTree};
use super::text::{plain, visible};
use super::trace_sums;
use crate::number::{count, float};
use crate::store::query::{MAX_SPANS, TraceView};
use crate::store::row::SpanRow;

/// The content of the page beside the trace.
#[derive(Debug, Clone, Default)]
pub(crate) struct TraceState {
    /// The query of the list that the trace was opened from.
    pub(crate) within: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

/// Returns the span that a trace opens on: the first error, else the last model call below the root, else the first span.
pub(crate) fn first_choice(view: &TraceView) -> Option<&SpanRow> {
    let error = view.spans.iter().find(|span| span.failed && span.error.is_some() && span.parent.is_some());
    let any_error = || view.spans.iter().find(|span| span.failed);
    let call = || view.spans.iter().rev().find(|span| span.kind == "llm");
    error.or_else(any_error).or_else(call).or(view.spans.first())
}

/// Writes the page; `detail` is the part of the chosen span.
pub(crate) fn trace(frame: &Frame, view: &TraceView, state: &TraceState, chosen: &str, detail: &Markup) -> Markup {
    let tree = SpanTree::new(&view.spans);
    let path = tree.critical_path();
    let main = html! {
        div class="trace" data-trace=(view.row.trace) {
            (head(view, state))
            (facts(view))
            div class="split" {
                div class="left" id="left" {
                    (tools())
                    (waterfall(view, &tree, &path, chosen))
                    (trace_sums::sums(&path, &view.spans))
                }
                div class="right" id="detail" tabindex="-1" { (detail) }
            }
        }
    };
    frame::page(frame, &view.row.summary.name, "trace", &main)
}

fn head(view: &TraceView, state: &TraceState) -> Markup {
    let own = &view.row.summary;
    let id = &view.row.trace;
    let back = if state.within.is_empty() { "/traces".to_owned() } else { format!("/traces?{}", state.within) };
    let export = format!("/traces/{}.jsonl", links::encode(id));
    html! {
        div class="head" {
            a class="btn bare" id="back" href=(back) title="Back to the list, filter kept" { "← Traces" }
            span class={ (kind_class(&own.kind)) " kind" } { (visible(&own.kind)) }
            h1 class="cut" title=(plain(&own.name)) { bdi { (visible(&own.name)) } }
            span class="soft cut" { bdi { (visible(&own.ml_app)) } }
            @if let Some(session) = &own.session {
                span class="faint cut" { "session " a class="u" href=(links::session(session)) { bdi { (visible(session)) } } }
            }
            span class="faint wide" { "trace " span class="mono" title=(plain(id)) dir="ltr" { (visible(&middle(id))) } }
            div class="end" {
                @if let Some(link) = &state.previous { a class="step" id="previous" href=(link) aria-label="Previous trace of this search" { kbd { "[" } } }
                @if let Some(link) = &state.next { a class="step" id="next" href=(link) aria-label="Next trace of this search" { kbd { "]" } } }
                a class="btn" href=(export) download { "Export" }
                form method="post" action={ "/traces/" (links::encode(id)) "/delete" } data-confirm="Delete this trace?" { button class="btn bare" { "Delete" } }
            }
        }
    }
}

/// Shortens an id to its beginning and its end.
fn middle(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    if letters.len() <= 18 {
        return id.to_owned();
    }
    let end = letters.iter().skip(letters.len().saturating_sub(8));
    letters.iter().take(8).chain(&['…']).chain(end).collect()
}

fn facts(view: &TraceView) -> Markup {
    let own = &view.row.summary;
    let first_error = view.spans.iter().find(|span| span.failed);
    let (feedback, evaluations): (Vec<_>, Vec<_>) = view.evaluations.iter().partition(|one| one.is_feedback);
    let failed = evaluations.iter().filter(|one| one.has_failed()).count();
    let passed = evaluations.iter().filter(|one| one.assessment.as_deref() == Some("pass")).count();
    let other = evaluations.len().saturating_sub(failed).saturating_sub(passed);
    let parts = [(passed, "pass"), (failed, "fail"), (other, "without verdict")];
    let verdicts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    html! {
        dl class="facts" {
            div { dt { "Started" } dd { (figures::time(own.start_ns, "%-d %b %H:%M:%S.%3f")) } }
            div { dt { "Duration" } dd { (figures::duration(own.duration_ns())) } }
            div { dt { "Spans" } dd { (figures::exact(own.spans)) @if count(view.spans.len()) < own.spans { " · first " (MAX_SPANS) " shown" } } }
            @if let Some(span) = first_error {
                div { dt { "Errors" } dd { a class="err u" href=(links::span(&view.row.trace, &span.span)) data-go=(span.span) { (own.errors) " · " bdi { (visible(&span.name)) } } } }
            }
            @if own.tokens_in.is_some() || own.tokens_out.is_some() {
                div { dt { "Tokens in → out" } dd { (figures::tokens(own.tokens_in, own.tokens_out, figures::exact)) } }
            }
            @if let Some(cost) = own.cost { div { dt { "Cost" } dd { (figures::cost(cost)) } } }
            @if let Some(ttft) = own.ttft_ns { div { dt { "First token to user" } dd { (figures::duration(ttft)) } } }
            @if !verdicts.is_empty() { div class="wide" { dt { "Evaluations" } dd { (verdicts.join(" · ")) } } }
            @for one in feedback.iter().take(2) { div class="wide" { dt { "Feedback" } dd { (visible(&one.label)) " " (visible(&one.value)) } } }
        }
    }
}

fn tools() -> Markup {
    html! {
        div class="tools" {
            label class="search" { span class="vh" { "Find in this trace" } input id="q" placeholder="Find in this trace" autocomplete="off"; kbd { "/" } }
            button class="btn bare" data-do="errors" { "Errors " kbd { "e" } }
            button class="btn bare" data-do="collapse" { "Collapse all" }
            span class="key" { i class="crit" {} "critical path" }
            span class="key" { i {} "waiting for the first token" }
        }
    }
}

/// The time axis: positions in percent of the column.
#[derive(Debug, Clone, Copy)]
struct Axis {
    start_ns: i64,
    whole_ns: i64,
}

impl Axis {
    fn at(self, ns: i64) -> String {
        figures::share(ns.saturating_sub(self.start_ns), self.whole_ns, 98.0)
    }

    fn wide(self, ns: i64) -> String {
        // A bar is never too narrow to be seen.
        let share = float(ns) * 98.0 / float(self.whole_ns.max(1));
        format!("{:.2}", share.clamp(0.3, 98.0))
    }

    /// Returns round times for the grid, in nanoseconds from the start.
    fn ticks(self) -> Vec<i64> {
        let tens = std::iter::successors(Some(1_i64), |ten| ten.checked_mul(10));
        let mut steps = tens.flat_map(|ten| [ten, ten.saturating_mul(2), ten.saturating_mul(5)]);
        let step = steps.find(|step| step.saturating_mul(5) >= self.whole_ns).unwrap_or(i64::MAX);
        (0..=5_i64).map(|number| step.saturating_mul(number)).take_while(|at| *at <= self.whole_ns).collect()
    }
}

fn waterfall(view: &TraceView, tree: &SpanTree<'_>, path: &[Interval<'_>], chosen: &str) -> Markup {
    let own = &view.row.summary;
    let axis = Axis { start_ns: own.start_ns, whole_ns: own.duration_ns().max(1) };
    let mut critical: HashMap<i64, Vec<&Interval<'_>>> = HashMap::new();
    for part in path {
        critical.entry(part.span.id).or_default().push(part);
    }
    let verdicts: HashMap<&str, bool> =
        view.evaluations.iter().filter_map(|one| Some((one.span.as_deref()?, one.has_failed()))).collect();
    html! {
        svg class="defs" width="0" height="0" aria-hidden="true" {
            defs { g id="grid" { @for tick in axis.ticks() { @let x = axis.at(axis.start_ns.saturating_add(tick)); line class="grid" x1={ (x) "%" } x2={ (x) "%" } y1="0" y2="28" {} } } }
        }
        table class="wf" role="treegrid" aria-label="Spans" {
            thead { tr {
                th class="c-span" { "Span" }
                th class="tl" {
                    svg class="axis" aria-hidden="true" { @for tick in axis.ticks() { text x={ (axis.at(axis.start_ns.saturating_add(tick))) "%" } dx="4" y="17" { (tick_text(tick)) } } }
                    span class="vh" { "Time" }
                }
                th class="num c-d" { "Duration" }
                th class="num c-t" { "Tokens" }
                th class="num c-c" { "Cost" }
            } }
            tbody {
                @for node in &tree.nodes() {
                    @if node.begins_orphans { (orphans(tree.orphans.len(), node.row)) }
                    (span_row(view, node, axis, critical.get(&node.row.id), chosen, verdicts.get(node.row.span.as_str())))
                }
            }
        }
    }
}

fn tick_text(ns: i64) -> String {
    let text = figures::duration(ns);
    text.replace(".00 ", " ").replace(".0 ", " ").replace(".50 ", ".5 ")
}

fn orphans(number: usize, first: &SpanRow) -> Markup {
    let parent = first.parent.as_deref().unwrap_or_default();
    let title = format!("Span {} was named as a parent and has not been received", plain(parent));
    html! {
        tr class="orph" {
            th scope="row" { span class="sp" { span class="note cut" title=(title) {
                @if number == 1 { "1 span whose parent was not received" } @else { (number) " spans whose parents were not received" }
            } } }
            td class="tl" { svg class="bar" aria-hidden="true" { use href="#grid" {} } }
            td class="num c-d" {} td class="num c-t" {} td class="num c-c" {}
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "a row is drawn from what the whole table knows")]
fn span_row(
    view: &TraceView,
    node: &Node<'_>,
    axis: Axis,
    critical: Option<&Vec<&Interval<'_>>>,
    chosen: &str,
    verdict: Option<&bool>,
) -> Markup {
    let row = node.row;
    let is_chosen = row.span == chosen;
    let level = node.guides.len().saturating_add(1);
    html! {
        tr data-span=(row.span) class={ (kind_class(&row.kind)) @if is_chosen { " on" } } tabindex=(if is_chosen { "0" } else { "-1" })
            aria-level=(level) aria-selected=(is_chosen) aria-expanded=[node.has_children.then_some("true")] data-err[row.failed] {
            th scope="row" {
                span class={ "sp" @if row.failed { " bad" } } {
                    (guides(&node.guides))
                    span class="kind" { (visible(&row.kind)) }
                    a class="nm cut" href=(links::span(&view.row.trace, &row.span)) title=(plain(&row.name)) tabindex="-1" { bdi { (visible(&row.name)) } }
                    @if row.failed { span class="flag" role="img" aria-label="error" { "\u{a0}✗" } }
                    @if let Some(number) = node.attempt { span class="tag" { "try " (number) } }
                    @if let Some(failed) = verdict { span class={ "tag" @if *failed { " bad" } } { @if *failed { "fail" } @else { "evaluated" } } }
                    span class="md cut" { @if let Some(model) = &row.model { bdi { (visible(model)) } } }
                }
            }
            td class="tl" { (bar(row, node.has_children, axis, critical)) }
            td class="num c-d" { (figures::duration(row.duration_ns)) }
            td class="num c-t soft" { (figures::tokens(row.tokens_in, row.tokens_out, figures::exact)) }
            td class="num c-c soft" { @if let Some(cost) = row.cost { (figures::cost(cost)) } }
        }
    }
}

fn guides(guides: &[bool]) -> Markup {
    let Some((own, above)) = guides.split_last() else { return html! {} };
    // Deeper than this the lines would leave no place for the name.
    let above = above.get(above.len().saturating_sub(MAX_GUIDES)..).unwrap_or_default();
    html! {
        @for goes_on in above { span class={ "i" @if *goes_on { " v" } } {} }
        span class={ "i " @if *own { "t" } @else { "l" } } {}
    }
}

fn bar(row: &SpanRow, has_children: bool, axis: Axis, critical: Option<&Vec<&Interval<'_>>>) -> Markup {
    let x = axis.at(row.start_ns);
    let class = if row.failed { "bad" } else { "k" };
    let (y, height) = if has_children && !row.failed && row.kind != "llm" { ("12", "4") } else { ("9", "10") };
    let wait = row.ttft_ns.filter(|ttft| *ttft > 0 && *ttft < row.duration_ns && !row.failed);
    // Segments that are narrower than a line would only be noise.
    let shown = |part: &&&Interval<'_>| part.end_ns.saturating_sub(part.start_ns) > axis.whole_ns / 400;
    html! {
        svg class="bar" aria-hidden="true" {
            use href="#grid" {}
            @if let Some(ttft) = wait {
                rect class="wait" x={ (x) "%" } y=(y) width={ (axis.wide(ttft)) "%" } height=(height) rx="2" {}
                rect class="k" x={ (axis.at(row.start_ns.saturating_add(ttft))) "%" } y=(y) width={ (axis.wide(row.duration_ns.saturating_sub(ttft))) "%" } height=(height) rx="2" {}
            } @else {
                rect class=(class) x={ (x) "%" } y=(y) width={ (axis.wide(row.duration_ns)) "%" } height=(height) rx="2" {}
            }
            @if let Some(parts) = critical {
                @for part in parts.iter().filter(shown) {
                    rect class="crit" x={ (axis.at(part.start_ns)) "%" } y="22" width={ (axis.wide(part.end_ns.saturating_sub(part.start_ns))) "%" } height="2" {}
                }
            }
        }
    }
}

const MAX_GUIDES: usize = 12;
