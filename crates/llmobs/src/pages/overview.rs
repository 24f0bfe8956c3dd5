//! The overview: is it getting worse, where does the money go?

use maud::{Markup, html};

use super::figures;
use super::frame::{self, Frame};
use super::links::{self, ListState};
use super::text::{plain, visible};
use crate::number::{count, float};
use crate::store::aggregate::{ModelRow, quantile};
use crate::store::filter::Term;
use crate::store::query::{Counted, Facets, TraceRow};

/// The content of the overview.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    pub(crate) state: ListState,
    pub(crate) facets: Facets,
    pub(crate) models: Vec<ModelRow>,
    pub(crate) slowest: Vec<TraceRow>,
    pub(crate) costliest: Vec<TraceRow>,
    pub(crate) errors: Vec<(String, i64, String)>,
}

/// Writes the overview.
pub(crate) fn overview(frame: &Frame, view: &Overview) -> Markup {
    let bins = bins(&view.facets.traces);
    let main = html! {
        (spans(&view.state))
        div class="over" {
            h1 class="vh" { "Overview" }
            (band(view))
            div class="charts" { (traces_chart(&bins)) (latency_chart(&bins)) }
            div class="tables" {
                (models(view))
                (errors(view))
                (top(view, "Slowest", &view.slowest, |row| figures::duration(row.summary.duration_ns())))
                (top(view, "Costliest", &view.costliest, |row| row.summary.cost.map(figures::cost).unwrap_or_default()))
            }
        }
    };
    frame::page(frame, "Overview", "overview", &main)
}

fn spans(state: &ListState) -> Markup {
    let spans = [("", "All time"), ("1h", "Last hour"), ("24h", "Last 24 h"), ("7d", "Last 7 days")];
    html! {
        nav class="query" aria-label="Time" {
            @for (value, name) in spans {
                a class={ "btn" @if state.from == value { " on" } } href=(ListState { from: value.to_owned(), to: String::new(), ..state.clone() }.link_of("/overview")) aria-current=[(state.from == value).then_some("true")] { (name) }
            }
            a class="btn bare" href=(state.link()) { "Show the traces" }
        }
    }
}

fn band(view: &Overview) -> Markup {
    let traces = &view.facets.traces;
    let failed = count(traces.iter().filter(|trace| trace.has_failed).count());
    let all = count(traces.len());
    let mut durations: Vec<i64> = traces.iter().map(|trace| trace.duration_ns).collect();
    durations.sort_unstable();
    let calls = view.models.iter().fold(0_i64, |sum, model| sum.saturating_add(model.calls));
    html! {
        dl class="band" {
            div { dt { "Traces" } dd { (figures::exact(all)) @if view.facets.is_cut { small { "newest" } } } }
            div { dt { "Errors" } dd { (figures::exact(failed)) small { (figures::percent(failed, all)) } } }
            div { dt { "Model calls" } dd { (figures::exact(calls)) } }
            div { dt { "p50" } dd { (figures::duration(quantile(&durations, 50))) } }
            div { dt { "p95" } dd { (figures::duration(quantile(&durations, 95))) } }
            div { dt { "Tokens in → out" } dd { (figures::rough(view.facets.tokens_in)) small { "→ " (figures::rough(view.facets.tokens_out)) } } }
            div { dt { "Cost" } dd { (figures::cost(view.facets.cost)) } }
        }
    }
}

/// The traces of one part of the time.
#[derive(Debug, Clone, Default)]
struct Bin {
    start_ns: i64,
    durations: Vec<i64>,
    failed: usize,
}

fn bins(traces: &[Counted]) -> Vec<Bin> {
    let starts = traces.iter().map(|trace| trace.start_ns);
    let (Some(first), Some(last)) = (starts.clone().min(), starts.max()) else { return Vec::new() };
    let width_ns = (last.saturating_sub(first).max(1_000_000_000) / BINS).saturating_add(1);
    let mut bins: Vec<Bin> = (0..BINS)
        .map(|place| Bin { start_ns: first.saturating_add(width_ns.saturating_mul(place)), ..Bin::default() })
        .collect();
    for trace in traces {
        let place = trace.start_ns.saturating_sub(first).checked_div(width_ns).unwrap_or(0);
        if let Some(bin) = usize::try_from(place).ok().and_then(|place| bins.get_mut(place)) {
            bin.durations.push(trace.duration_ns);
            bin.failed = bin.failed.saturating_add(usize::from(trace.has_failed));
        }
    }
    for bin in &mut bins {
        bin.durations.sort_unstable();
    }
    bins
}

/// Writes the frame of a chart: title, grid with numbers, times below.
fn chart(title: &str, label: &str, bins: &[Bin], most: &str, inner: &Markup) -> Markup {
    let step = usize::try_from(BINS / 4).unwrap_or(1);
    let times: Vec<String> = bins.iter().step_by(step).map(|bin| figures::time(bin.start_ns, "%-d %b %H:%M")).collect();
    html! {
        figure class="chart" {
            h2 { (title) }
            svg role="img" aria-label=(label) {
                line class="grid" x1="8%" x2="100%" y1="104" y2="104" {} text x="7%" y="108" text-anchor="end" { "0" }
                line class="grid" x1="8%" x2="100%" y1="8" y2="8" {} text x="7%" y="12" text-anchor="end" { (most) }
                @for (place, time) in times.iter().enumerate() { text x={ (figures::share(count(place), 4, 92.0).parse::<f64>().unwrap_or(0.0) + 8.0) "%" } y="121" { (time) } }
                svg x="8%" y="8" width="92%" height="96" viewBox="0 0 600 96" preserveAspectRatio="none" { (inner) }
            }
        }
    }
}

fn traces_chart(bins: &[Bin]) -> Markup {
    let most = count(bins.iter().map(|bin| bin.durations.len()).max().unwrap_or(0)).max(1);
    let failed: usize = bins.iter().map(|bin| bin.failed).sum();
    let width = 600.0 / float(BINS);
    let height = |number: usize| float(count(number)) * 96.0 / float(most);
    let inner = html! {
        @for (place, bin) in bins.iter().enumerate() {
            @let x = format!("{:.1}", float(count(place)) * width + 1.0);
            @let (all, bad) = (height(bin.durations.len()), height(bin.failed));
            rect class="n" x=(x) y=(format!("{:.1}", 96.0 - all)) width=(format!("{:.1}", width - 2.0)) height=(format!("{all:.1}")) {}
            @if bin.failed > 0 { rect class="e" x=(x) y=(format!("{:.1}", 96.0 - bad)) width=(format!("{:.1}", width - 2.0)) height=(format!("{bad:.1}")) {} }
        }
    };
    chart("Traces", &format!("Traces over time; {failed} with errors, in red"), bins, &figures::rough(most), &inner)
}

fn latency_chart(bins: &[Bin]) -> Markup {
    let most = bins.iter().map(|bin| quantile(&bin.durations, 95)).max().unwrap_or(0).max(1);
    let line = |percent: usize| {
        let shown = bins.iter().enumerate().filter(|(_, bin)| !bin.durations.is_empty());
        let points = shown.map(|(place, bin)| {
            let x = (float(count(place)) + 0.5) * 600.0 / float(BINS);
            let y = 96.0 - float(quantile(&bin.durations, percent)) * 96.0 / float(most);
            format!("{x:.1} {y:.1}")
        });
        format!("M{}", points.collect::<Vec<_>>().join(" L"))
    };
    let inner = html! {
        @if bins.iter().any(|bin| !bin.durations.is_empty()) {
            path class="ln2" d=(line(95)) vector-effect="non-scaling-stroke" {}
            path class="ln" d=(line(50)) vector-effect="non-scaling-stroke" {}
        }
    };
    chart(
        "Latency of traces: p50, and p95 in grey",
        "Latency p50 and p95 over time",
        bins,
        &figures::duration(most),
        &inner,
    )
}

fn models(view: &Overview) -> Markup {
    html! {
        section {
            h2 { "Models" }
            table class="models" {
                thead { tr { th { "Model" } th class="num c-n" { "Calls" } th class="num c-n" { "Errors" } th class="num c-tok" { "Tokens" } th class="num c-dur" { "p50" } th class="num c-dur" { "p95" } th class="num c-cost" { "Cost" } } }
                tbody {
                    @for row in view.models.iter().take(12) {
                        tr {
                            td class="cut" title=(plain(&row.model)) { a href=(view.state.with_filter(view.state.filter.toggled(&Term::new("model", &row.model))).link()) { bdi { (visible(&row.model)) } } }
                            td class="num" { (figures::rough(row.calls)) }
                            td class={ "num" @if row.errors > 0 { " err" } } { (figures::rough(row.errors)) }
                            td class="num soft" { (figures::rough(row.tokens_in)) " → " (figures::rough(row.tokens_out)) }
                            td class="num" { (figures::duration(row.median_ns)) }
                            td class="num" { (figures::duration(row.p95_ns)) }
                            td class="num" { (row.cost.map_or_else(|| "no price".to_owned(), figures::cost)) }
                        }
                    }
                }
            }
        }
    }
}

fn errors(view: &Overview) -> Markup {
    html! {
        section {
            h2 { "What fails" }
            @if view.errors.is_empty() { p class="faint" { "Nothing failed." } }
            table { tbody {
                @for (error, number, trace) in &view.errors {
                    tr { td class="cut" title=(plain(error)) { a href=(links::trace(trace, "")) { bdi { (visible(error)) } } } td class="num c-n" { (figures::exact(*number)) } }
                }
            } }
        }
    }
}

fn top(view: &Overview, title: &str, rows: &[TraceRow], number: impl Fn(&TraceRow) -> String) -> Markup {
    html! {
        section {
            h2 { (title) }
            table { tbody {
                @for row in rows {
                    tr { td class="cut" { a href=(links::trace(&row.trace, &view.state.query())) { b { bdi { (visible(&row.summary.name)) } } " " span class="soft" { bdi { (visible(&row.summary.preview)) } } } } td class="num c-dur" { (number(row)) } }
                }
            } }
        }
    }
}

const BINS: i64 = 48;
