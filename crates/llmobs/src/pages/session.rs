//! Sessions: the list, and the turns of one in a column.

use llmobs_model::Content;
use maud::{Markup, html};

use super::conversation::content;
use super::figures;
use super::frame::{self, Frame};
use super::kinds::kind_class;
use super::links;
use super::text::{plain, visible};
use crate::store::aggregate::SessionRow;
use crate::store::query::TraceView;

/// Writes the list of sessions.
pub(crate) fn sessions(frame: &Frame, rows: &[SessionRow], now_ms: i64) -> Markup {
    let main = html! {
        @if rows.is_empty() {
            div class="first" { h1 { "No sessions" } p class="lead" { "A session is all traces in which a span names it: " span class="mono" { "session_id" } "." } }
        } @else {
            table class="tt" aria-label="Sessions" {
                thead { tr {
                    th class="c-time" { "Started" } th { "Session" } th class="c-app" { "ml_app" } th class="num c-n" { "Turns" }
                    th class="num c-dur" { "Lasted" } th class="num c-tok" { "Tokens" } th class="num c-cost" { "Cost" }
                } }
                tbody { @for (place, row) in rows.iter().enumerate() { (session_row(row, place == 0, now_ms)) } }
            }
        }
    };
    frame::page(frame, "Sessions", "sessions", &main)
}

fn session_row(row: &SessionRow, is_first: bool, now_ms: i64) -> Markup {
    let link = links::session(&row.session);
    let has_failed = row.errors > 0;
    html! {
        tr tabindex=(if is_first { "0" } else { "-1" }) data-href=(link) data-err[has_failed] {
            td class="c-time soft" { (figures::list_time(row.start_ns, now_ms)) }
            td class="cut" {
                span class="flag" role="img" aria-label=[has_failed.then_some("error")] { @if has_failed { "✗" } }
                a class="name" href=(link) { bdi { (visible(&row.session)) } }
                span class="soft" { bdi { (visible(&row.preview)) } }
            }
            td class="c-app soft" { bdi { (visible(&row.ml_app)) } }
            td class="num c-n soft" { (figures::exact(row.turns)) }
            td class="num c-dur" { (figures::duration(row.end_ns.saturating_sub(row.start_ns))) }
            td class="num c-tok soft" { (figures::rough(row.tokens_in)) " → " (figures::rough(row.tokens_out)) }
            td class="num c-cost" { @if row.cost > 0 { (figures::cost(row.cost)) } }
        }
    }
}

/// Renders a turn: a trace, with input and output of its root.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) view: TraceView,
    pub(crate) input: Option<Content>,
    pub(crate) output: Option<Content>,
}

/// Writes a session; turns are in the order of their starts.
pub(crate) fn session(frame: &Frame, id: &str, turns: &[Turn]) -> Markup {
    let errors = turns.iter().filter(|turn| turn.view.row.summary.errors > 0).count();
    let sum = |of: fn(&Turn) -> Option<i64>| turns.iter().filter_map(of).fold(0_i64, i64::saturating_add);
    let cost = sum(|turn| turn.view.row.summary.cost);
    let main = html! {
        div class="head" { a class="btn bare" id="back" href="/sessions" { "← Sessions" } h1 class="cut" title=(plain(id)) { bdi { (visible(id)) } } }
        dl class="facts" {
            div { dt { "Turns" } dd { (turns.len()) } }
            @if errors > 0 { div { dt { "With errors" } dd class="err" { (errors) } } }
            div { dt { "Tokens in → out" } dd { (figures::exact(sum(|turn| turn.view.row.summary.tokens_in))) " → " (figures::exact(sum(|turn| turn.view.row.summary.tokens_out))) } }
            @if cost > 0 { div { dt { "Cost" } dd { (figures::cost(cost)) } } }
        }
        div class="session" {
            nav class="turns" aria-label="Turns" { @for (place, turn) in turns.iter().enumerate() { (turn_link(place, turn)) } }
            div class="talk" tabindex="0" aria-label="Conversation" { @for (place, turn) in turns.iter().enumerate() { (turn_section(place, turn)) } }
            aside class="side" { h2 { "Growth of the context" } (growth(turns)) }
        }
    };
    frame::page(frame, id, "session", &main)
}

fn turn_link(place: usize, turn: &Turn) -> Markup {
    let (number, own) = (place.saturating_add(1), &turn.view.row.summary);
    html! {
        a href={ "#turn-" (number) } {
            span class="faint num" { (number) }
            span class="cut" { bdi { (visible(&own.preview)) } }
            span class="err" { @if own.errors > 0 { "✗" } }
            span class="sub" { (figures::duration(own.duration_ns())) " · " (figures::tokens(own.tokens_in, own.tokens_out, figures::exact)) }
        }
    }
}

fn turn_section(place: usize, turn: &Turn) -> Markup {
    let (number, own) = (place.saturating_add(1), &turn.view.row.summary);
    let trace = &turn.view.row.trace;
    let steps = turn.view.spans.iter().filter(|span| ["llm", "tool", "retrieval"].contains(&span.kind.as_str()));
    html! {
        section class="turn" id={ "turn-" (number) } {
            header {
                span { "Turn " (number) } span { (figures::time(own.start_ns, "%H:%M:%S")) }
                span class="end" { a class="u" href=(links::trace(trace, "")) { "trace" } }
            }
            @if let Some(input) = &turn.input { div class="msg" { div class="role" { "in" } div class="body" { (content(input, false)) } } }
            div class="msg" {
                div class="role" {}
                div class="body steps" {
                    @for span in steps.take(24) {
                        a class=(if span.failed { "error" } else { kind_class(&span.kind) }) href=(links::span(trace, &span.span)) {
                            @if span.failed { span class="err" { "✗ " (visible(&span.name)) " " (figures::duration(span.duration_ns)) } }
                            @else { i class="swatch" {} (visible(&span.name)) " " (figures::duration(span.duration_ns)) }
                        }
                    }
                    span class="faint" { (figures::duration(own.duration_ns())) @if let Some(cost) = own.cost { " · " (figures::cost(cost)) } }
                }
            }
            @if let Some(error) = own.error.as_deref().filter(|_| turn.output.is_none()) { div class="errbox" { bdi { (visible(error)) } } }
            @if let Some(output) = &turn.output { div class="msg out llm" { div class="role" { "out" } div class="body" { (content(output, true)) } } }
        }
    }
}

fn growth(turns: &[Turn]) -> Markup {
    let tokens: Vec<i64> = turns.iter().map(|turn| turn.view.row.summary.tokens_in.unwrap_or(0)).collect();
    let most = tokens.iter().copied().max().unwrap_or(0);
    html! {
        @if most == 0 { p class="faint" { "No span reports tokens." } } @else {
            table class="mini" {
                @for (place, own) in tokens.iter().enumerate() {
                    tr {
                        th scope="row" { "Turn " (place.saturating_add(1)) svg class="docbar" aria-hidden="true" { rect class="k llm" width={ (figures::share(*own, most, 100.0)) "%" } height="3" {} } }
                        td class="num" { (figures::exact(*own)) }
                    }
                }
            }
        }
    }
}
