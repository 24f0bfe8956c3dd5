//! The facets beside the list and the histogram above it.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};

use super::figures;
use super::kinds::kind_class;
use super::links::ListState;
use super::text::{plain, visible};
use crate::number::{count, float};
use crate::store::filter::Term;
use crate::store::query::{Facets, top};

/// Writes the facets. Each is a link that adds or removes a term of the search.
pub(crate) fn aside(state: &ListState, facets: &Facets) -> Markup {
    let failed = count(facets.traces.iter().filter(|trace| trace.has_failed).count());
    let ok = count(facets.traces.len()).saturating_sub(failed);
    let mut by_key: BTreeMap<&str, HashMap<String, i64>> = BTreeMap::new();
    for (tag, count) in &facets.tags {
        if let Some((key, value)) = tag.split_once(':') {
            by_key.entry(key).or_default().insert(value.to_owned(), *count);
        }
    }
    let mut keys: Vec<_> = by_key.into_iter().filter(|(_, values)| values.len() <= MAX_VALUES).collect();
    // Tags that every deployment has come first.
    keys.sort_by_key(|(key, _)| (!["env", "service", "version"].contains(key), *key));
    html! {
        aside class="facets" id="facets" aria-label="Filters" {
            @if facets.is_cut { p class="more" { "of the newest " (figures::exact(count(facets.traces.len()))) } }
            h2 { "Status" }
            (facet(state, "ok", ok, &Term::new("status", "ok"), None))
            (facet(state, "error", failed, &Term::new("has", "error"), None))
            (group(state, "ml_app", "ml_app", &facets.apps))
            (group(state, "Root kind", "kind", &facets.kinds))
            (group(state, "Model", "model", &facets.models))
            @for (key, values) in keys.iter().take(MAX_KEYS) { (group(state, key, key, values)) }
        }
    }
}

fn group(state: &ListState, title: &str, key: &str, counts: &HashMap<String, i64>) -> Markup {
    let (shown, more) = top(counts, 6);
    html! {
        @if !shown.is_empty() {
            h2 class="cut" title=(plain(title)) { (visible(title)) }
            @for (name, count) in shown {
                (facet(state, name, count, &Term::new(key, name), (key == "kind").then(|| kind_class(name))))
            }
            @if more > 0 { span class="more" { (more) " more" } }
        }
    }
}

fn facet(state: &ListState, name: &str, count: i64, term: &Term, kind: Option<&str>) -> Markup {
    let is_on = state.filter.terms.contains(term);
    html! {
        @if count > 0 || is_on {
            a class="facet" href=(state.with_filter(state.filter.toggled(term)).link()) aria-pressed=(is_on) role="button" {
                span class="tick" aria-hidden="true" { @if is_on { "✓" } }
                span class="cut" title=(plain(name)) {
                    @if let Some(kind) = kind { i class={ "swatch " (kind) } {} }
                    bdi { (visible(name)) }
                }
                span class="faint" { (figures::exact(count)) }
            }
        }
    }
}

/// Draws the number of traces over the time that was counted, errors in red.
pub(crate) fn histogram(state: &ListState, facets: &Facets) -> Markup {
    let starts = facets.traces.iter().map(|trace| trace.start_ns);
    let (Some(first), Some(last)) = (starts.clone().min(), starts.max()) else { return html! {} };
    let span_ns = last.saturating_sub(first).max(1_000_000_000);
    let width_ns = (span_ns / BINS).saturating_add(1);
    let mut bins = BTreeMap::<i64, (i64, i64)>::new();
    for trace in &facets.traces {
        let (all, failed) =
            bins.entry(trace.start_ns.saturating_sub(first).checked_div(width_ns).unwrap_or(0)).or_default();
        *all = all.saturating_add(1);
        *failed = failed.saturating_add(i64::from(trace.has_failed));
    }
    let most = float(bins.values().map(|(all, _)| *all).max().unwrap_or(1)).max(1.0);
    let height = |count: i64| if count == 0 { 0.0 } else { (float(count) * 30.0 / most).max(2.0) };
    let zoom = |bin: i64| {
        let from = first.saturating_add(width_ns.saturating_mul(bin));
        let at = |ns: i64| (ns / 1_000_000).to_string();
        ListState { from: at(from), to: at(from.saturating_add(width_ns).saturating_add(1_000_000)), ..state.clone() }
            .link()
    };
    let format = if span_ns > 86_400_000_000_000 { "%-d %b %H:%M" } else { "%H:%M:%S" };
    html! {
        div class="histo" {
            svg viewBox="0 0 960 32" preserveAspectRatio="none" role="img" aria-label="Traces over time, errors in red" {
                @for (bin, (all, failed)) in &bins {
                    @let x = float(*bin) * 960.0 / float(BINS);
                    a href=(zoom(*bin)) tabindex="-1" aria-hidden="true" {
                        rect class="n" x=(format!("{x:.1}")) y=(format!("{:.1}", 32.0 - height(*all))) width="8" height=(format!("{:.1}", height(*all))) {}
                        @if *failed > 0 {
                            rect class="e" x=(format!("{x:.1}")) y=(format!("{:.1}", 32.0 - height(*failed))) width="8" height=(format!("{:.1}", height(*failed))) {}
                        }
                    }
                }
            }
            ol aria-hidden="true" {
                @for part in 0..=4_i64 { li { (figures::time(first.saturating_add((span_ns / 4).saturating_mul(part)), format)) } }
            }
        }
    }
}

const BINS: i64 = 96;
const MAX_KEYS: usize = 6;
/// A tag with more values is an id.
const MAX_VALUES: usize = 50;
