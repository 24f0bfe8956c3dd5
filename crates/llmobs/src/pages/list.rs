//! The list of traces.

use maud::{Markup, html};

use super::figures;
use super::frame::{self, Frame};
use super::kinds::kind_class;
use super::links::{self, ListState};
use super::list_facets;
use super::text::{plain, visible};
use crate::store::query::{Facets, Sort, TraceRow};

/// The content of the list.
#[derive(Debug, Default)]
pub(crate) struct ListView {
    pub(crate) state: ListState,
    pub(crate) rows: Vec<TraceRow>,
    pub(crate) facets: Facets,
    /// The row of the newest trace, behind which others are new.
    pub(crate) newest: i64,
    /// The place behind the last row; `None` at the end.
    pub(crate) next: Option<String>,
    pub(crate) is_first_page: bool,
    pub(crate) now_ms: i64,
}

/// Writes the list.
pub(crate) fn list(frame: &Frame, view: &ListView) -> Markup {
    let main = html! {
        (search(&view.state))
        div class="list" {
            (list_facets::aside(&view.state, &view.facets))
            div class="rows" id="rows" data-newest=(view.newest) data-query=(view.state.query()) {
                (list_facets::histogram(&view.state, &view.facets))
                @if view.rows.is_empty() { (nothing(&view.state)) } @else { (table(view)) }
                (status(view))
            }
        }
    };
    frame::page(frame, "Traces", "traces", &main)
}

/// Writes the row with the search.
pub(crate) fn search(state: &ListState) -> Markup {
    let spans =
        [("", "All time"), ("15m", "Last 15 min"), ("1h", "Last hour"), ("24h", "Last 24 h"), ("7d", "Last 7 days")];
    let is_other = !spans.iter().any(|(value, _)| *value == state.from);
    html! {
        form class="query" role="search" method="get" action="/traces" {
            label class="search" {
                span class="vh" { "Search" }
                input id="q" name="q" value=(plain(&state.filter.text())) autocomplete="off" spellcheck="false"
                    placeholder="Search in prompts and answers, or has:error  duration:>5s  cost:>0.01  model:…";
                kbd { "/" }
            }
            select name="from" class="btn" aria-label="Time" data-submit {
                @for (value, name) in spans { option value=(value) selected[state.from == value] { (name) } }
                @if is_other { option value=(state.from) selected { "Chosen time" } }
            }
            @if !state.to.is_empty() { input type="hidden" name="to" value=(state.to); }
            @if state.sort != Sort::Start { input type="hidden" name="sort" value=(state.sort.as_str()); }
            button class="btn" { "Search" }
        }
    }
}

fn nothing(state: &ListState) -> Markup {
    html! {
        div class="first" {
            h1 { "Nothing matches." }
            @if !state.filter.terms.is_empty() {
                p class="lead" { "Without one of the filters:" }
                ul {
                    @for term in &state.filter.terms {
                        li { a class="u" href=(state.with_filter(state.filter.toggled(term)).link()) { "without " (visible(&term.text())) } }
                    }
                }
            }
            @if !state.from.is_empty() {
                p { a class="u" href=(ListState { from: String::new(), to: String::new(), ..state.clone() }.link()) { "Look at all times" } }
            }
        }
    }
}

fn table(view: &ListView) -> Markup {
    let header = |sort: Sort, name: &str, class: &str| {
        let link = ListState { sort, ..view.state.clone() }.link();
        let is_sorted = view.state.sort == sort;
        html! {
            th class=(class) aria-sort=[is_sorted.then_some("descending")] {
                a href=(link) { (name) @if is_sorted { " ↓" } }
            }
        }
    };
    html! {
        table class="tt" aria-label="Traces" {
            thead {
                tr {
                    th class="c-time" aria-live="polite" data-new { a href=(ListState { sort: Sort::Start, ..view.state.clone() }.link()) { "Started" @if view.state.sort == Sort::Start { " ↓" } } }
                    th { "Trace" }
                    th class="c-app" { "ml_app" }
                    th class="c-shape" { "Shape" }
                    th class="num c-n" { "Spans" }
                    (header(Sort::Duration, "Duration", "num c-dur"))
                    (header(Sort::Ttft, "TTFT", "num c-ttft"))
                    (header(Sort::Tokens, "Tokens", "num c-tok"))
                    (header(Sort::Cost, "Cost", "num c-cost"))
                }
            }
            tbody {
                @for (place, row) in view.rows.iter().enumerate() { (trace_row(row, place == 0, view)) }
            }
        }
        @if let Some(next) = &view.next {
            p class="pager" { a class="btn" rel="next" href=(next) { "Next 100" } }
        }
    }
}

fn trace_row(row: &TraceRow, is_first: bool, view: &ListView) -> Markup {
    let own = &row.summary;
    let link = links::trace(&row.trace, &view.state.query());
    let has_failed = own.errors > 0;
    html! {
        tr class=(kind_class(&own.kind)) tabindex=(if is_first { "0" } else { "-1" }) data-href=(link) data-err[has_failed] {
            td class="c-time soft" title=(figures::time(own.start_ns, "%Y-%m-%d %H:%M:%S.%3f")) { (figures::list_time(own.start_ns, view.now_ms)) }
            td class="cut" {
                span class="flag" role="img" aria-label=[has_failed.then_some("error")] { @if has_failed { "✗" } }
                span class="kind w" { (visible(&own.kind)) }
                a class="name" href=(link) { bdi { (visible(&own.name)) } }
                @if let Some(error) = own.error.as_deref().filter(|_| has_failed) {
                    span class="err" { bdi { (visible(error)) } }
                } @else {
                    span class="soft" { bdi { (visible(&own.preview)) } }
                }
            }
            td class="c-app soft" title=(plain(&own.ml_app)) { bdi { (visible(&own.ml_app)) } }
            td class="c-shape" { (shape(&own.shape)) }
            td class="num c-n soft" { (figures::exact(own.spans)) }
            td class="num c-dur" { (figures::duration(own.duration_ns())) }
            td class="num c-ttft soft" { @if let Some(ttft) = own.ttft_ns { (figures::duration(ttft)) } }
            td class="num c-tok soft" { (figures::tokens(own.tokens_in, own.tokens_out, figures::rough)) }
            td class="num c-cost" { @if let Some(cost) = own.cost { (figures::cost(cost)) } }
        }
    }
}

/// Draws the marks of [`Summary`](crate::store::summary::Summary)'s shape.
fn shape(text: &str) -> Markup {
    let mark = |mark: &str| -> Option<Markup> {
        let mut parts = mark.split(' ');
        let (lane, kind) = (parts.next()?, parts.next()?);
        let (left, width): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (y, height) = match lane {
            "1" => ("3", "3"),
            "2" => ("8", "4"),
            _ => ("13", "4"),
        };
        let class = if kind == "e" { "e".to_owned() } else { format!("k {}", kind_class(kind)) };
        let tenth = |number: i64| format!("{}.{}", number / 10, number % 10);
        Some(html! { rect class=(class) x=(tenth(left)) y=(y) width=(tenth(width)) height=(height) {} })
    };
    html! {
        svg class="shape" viewBox="0 0 112 20" preserveAspectRatio="none" aria-hidden="true" {
            @for mark in text.split(';').filter_map(mark) { (mark) }
        }
    }
}

fn status(view: &ListView) -> Markup {
    let facets = &view.facets;
    let mut durations: Vec<i64> = facets.traces.iter().map(|trace| trace.duration_ns).collect();
    durations.sort_unstable();
    let quantile = |percent: usize| {
        let place = durations.len().saturating_sub(1).saturating_mul(percent) / 100;
        durations.get(place).copied().unwrap_or(0)
    };
    let failed = facets.traces.iter().filter(|trace| trace.has_failed).count();
    html! {
        div class="status" {
            @if facets.is_cut {
                span { "newest " (figures::exact(crate::number::count(facets.traces.len()))) " matches counted" }
            } @else {
                span { (figures::exact(crate::number::count(facets.traces.len()))) " traces" }
            }
            @if failed > 0 { span { (figures::exact(crate::number::count(failed))) " with errors" } }
            @if !durations.is_empty() {
                span { "p50 " (figures::duration(quantile(50))) }
                span { "p95 " (figures::duration(quantile(95))) }
                span { (figures::rough(facets.tokens_in)) " → " (figures::rough(facets.tokens_out)) " tokens" }
            }
            @if facets.cost > 0 { span { (figures::cost(facets.cost)) } }
            @if view.next.is_some() || !view.is_first_page { span { "shown " (view.rows.len()) } }
        }
    }
}
