//! Below the waterfall: where the time went, what it cost.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::figures;
use super::kinds::kind_class;
use super::span_tree::Interval;
use super::text::{plain, visible};
use crate::store::row::SpanRow;

/// Writes both tables. Their parts add up to the numbers of the header.
pub(crate) fn sums(path: &[Interval<'_>], spans: &[SpanRow]) -> Markup {
    html! { div class="why" { (time(path)) (money(spans)) } }
}

fn time(path: &[Interval<'_>]) -> Markup {
    let mut kinds: BTreeMap<&str, i64> = BTreeMap::new();
    for part in path {
        let sum = kinds.entry(part.span.kind.as_str()).or_default();
        *sum = sum.saturating_add(part.end_ns.saturating_sub(part.start_ns));
    }
    let whole = kinds.values().fold(0_i64, |sum, own| sum.saturating_add(*own));
    let mut kinds: Vec<_> = kinds.into_iter().filter(|(_, ns)| *ns > 0).collect();
    kinds.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
    let mut left = 0_i64;
    html! {
        section aria-label="Where the time went" {
            h2 { "Where the time went " span { "critical path, " (figures::duration(whole)) } }
            svg class="stack" role="img" aria-label="Share of time by kind" {
                @for (kind, ns) in &kinds {
                    rect class={ "k " (kind_class(kind)) } x={ (figures::share(left, whole, 100.0)) "%" } width={ (figures::share(*ns, whole, 100.0)) "%" } height="10" rx="1" {}
                    @let () = left = left.saturating_add(*ns);
                }
            }
            table class="mini" {
                @for (kind, ns) in &kinds {
                    tr {
                        th scope="row" class="cut" { i class={ "swatch " (kind_class(kind)) } {} (visible(kind)) }
                        td class="num" { (figures::duration(*ns)) }
                        td class="num soft" { (figures::percent(*ns, whole)) }
                    }
                }
            }
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Usage {
    calls: i64,
    input: i64,
    cached: i64,
    output: i64,
    cost: Option<i64>,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
        if let Some(cost) = other.cost {
            self.cost = Some(self.cost.unwrap_or(0).saturating_add(cost));
        }
    }
}

fn money(spans: &[SpanRow]) -> Markup {
    let mut models: BTreeMap<&str, Usage> = BTreeMap::new();
    let mut sum = Usage::default();
    for span in spans.iter().filter(|span| span.tokens_in.is_some() || span.tokens_out.is_some() || span.cost.is_some())
    {
        let cached = span.tokens_cached.unwrap_or(0);
        let usage = Usage {
            calls: 1,
            input: span.tokens_in.unwrap_or(0).saturating_sub(cached).max(0),
            cached,
            output: span.tokens_out.unwrap_or(0),
            cost: span.cost,
        };
        models.entry(span.model.as_deref().unwrap_or("unknown model")).or_default().add(usage);
        sum.add(usage);
    }
    let cost = |usage: &Usage| usage.cost.map_or_else(|| "no price".to_owned(), figures::cost);
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by_key(|(_, usage)| std::cmp::Reverse((usage.cost, usage.input)));
    html! {
        section aria-label="What it cost" {
            h2 { "What it cost" }
            @if models.is_empty() { p class="faint" { "No span of this trace reports tokens." } } @else {
                table class="mini money" {
                    tr class="faint" { th scope="col" { "Model" } td class="num" { "new in" } td class="num" { "cached" } td class="num" { "out" } td class="num" { "cost" } }
                    @for (model, usage) in &models {
                        tr {
                            th scope="row" class="cut" title=(plain(model)) { bdi { (visible(model)) } " " span class="faint" { "×" (usage.calls) } }
                            @for number in [usage.input, usage.cached, usage.output] { td class="num soft" { (figures::exact(number)) } }
                            td class="num" { (cost(usage)) }
                        }
                    }
                    tr class="sum" {
                        th scope="row" { "Sum" }
                        @for number in [sum.input, sum.cached, sum.output] { td class="num" { (figures::exact(number)) } }
                        td class="num" { (cost(&sum)) }
                    }
                }
            }
        }
    }
}
