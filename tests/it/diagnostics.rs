//! Diagnostics of the exporter: the loss that begins, once; the total at the end; never about its own lines.

use std::time::Duration;

use llmobs_receiver::Answer;
use tracing::{Event, Level, Subscriber};
use tracing_llmobs::{Builder, Guard, LossReason};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use crate::harness::{CollectedLog, LogLine, RawServer, Reaction, SOON, in_own_process, receiver, to, until};

/// Opens a span of ours for everything that the exporter says, as a subscriber of somebody's might.
struct Echo;

impl<S: Subscriber> Layer<S> for Echo {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "tracing_llmobs" {
            let span = tracing::info_span!("echo", llmobs.kind = "task");
            span.in_scope(|| tracing::error!(llmobs.output = "echo", error = "echo"));
        }
    }
}

/// Starts first and subscribes second, as programs do.
fn start(builder: Builder) -> (CollectedLog, Guard) {
    let (layer, guard) = builder.start().unwrap();
    let collected = CollectedLog::default();
    tracing_subscriber::registry().with(layer).with(collected.clone()).with(Echo).init();
    (collected, guard)
}

fn emit(spans: usize) {
    for _ in 0..spans {
        drop(tracing::info_span!("step", llmobs.kind = "task"));
    }
}

fn with<'a>(said: &'a [LogLine], words: &[&str]) -> Vec<&'a LogLine> {
    said.iter().filter(|said| words.iter().all(|word| said.text.contains(word))).collect()
}

#[test]
fn the_first_loss_is_said_at_once_and_the_rest_as_a_total_at_the_end() {
    if !in_own_process("diagnostics::the_first_loss_is_said_at_once_and_the_rest_as_a_total_at_the_end") {
        return;
    }
    let wire = RawServer::start(|_| Reaction::Stall);
    let builder = to(&wire.url).queue_max_items(10);
    let (collected, guard) = start(builder.request_timeout(Duration::from_millis(50)));
    let refused = || collected.ours(Level::WARN).into_iter().filter(|said| said.text.contains("reason=queue_items"));
    emit(1_000);
    until("the loss is said", || refused().count() > 0);
    for _ in 0..4 {
        emit(250);
        let _ = guard.flush(Duration::from_millis(200));
    }
    assert_eq!(refused().count(), 1, "{:#?}", collected.ours(Level::WARN));
    let handle = guard.handle();
    drop(guard);
    // No time to wait: what is said must have been said before the guard lets go.
    let said = collected.ours(Level::WARN);
    let stats = handle.stats();
    assert_eq!(stats.offered, 2_000, "what the exporter says is not captured: {stats:?}");
    let (delivered, refused, lost) = (stats.delivered, stats.refused_total(), stats.lost_total());
    assert!(stats.is_balanced() && delivered == 0 && refused > 0 && lost > 0, "{stats:?}");
    let total = [format!("delivered={delivered};"), format!("refused={refused};"), format!("lost={lost};")];
    assert_eq!(with(&said, &total.each_ref().map(String::as_str)).len(), 1, "{said:#?}");
    assert!(said.len() < 10, "{said:#?}");
}

#[test]
fn a_key_that_is_refused_is_an_error_that_says_where_to_look() {
    if !in_own_process("diagnostics::a_key_that_is_refused_is_an_error_that_says_where_to_look") {
        return;
    }
    let receiver = receiver();
    receiver.answer_next((0..40).map(|index| Answer::status(if index % 2 == 0 { 401 } else { 403 })));
    let (collected, guard) = start(to(receiver.url()));
    for _ in 0..10 {
        emit(1);
        let _ = guard.flush(Duration::from_millis(20));
    }
    let handle = guard.handle();
    assert_eq!((handle.stats().pending, handle.stats().lost_total()), (10, 0), "they wait for a key that is accepted");
    let _ = guard.shutdown(SOON);
    let said = collected.ours(Level::ERROR);
    let hints = with(&said, &["DD_API_KEY", "DD_SITE"]);
    assert!((1..=3).contains(&hints.len()), "{said:#?}");
    let said = collected.ours(Level::WARN);
    assert!(said.len() <= 6, "{said:#?}");
}

#[test]
fn a_loss_of_another_sort_does_not_wait_for_its_turn() {
    if !in_own_process("diagnostics::a_loss_of_another_sort_does_not_wait_for_its_turn") {
        return;
    }
    let receiver = receiver();
    receiver.answer_next([400, 400, 413, 405, 400].map(Answer::status));
    let (collected, guard) = start(to(receiver.url()));
    for _ in 0..5 {
        emit(1);
        let _ = guard.flush(SOON);
    }
    let said = || collected.ours(Level::WARN);
    for reason in ["rejected", "too_large"] {
        let word = format!("reason={reason};");
        until("every sort is said", || !with(&said(), &[&word]).is_empty());
        assert_eq!(with(&said(), &[&word]).len(), 1, "{:#?}", said());
    }
    drop(guard);
}

#[test]
fn failures_that_take_turns_are_said_once_each() {
    if !in_own_process("diagnostics::failures_that_take_turns_are_said_once_each") {
        return;
    }
    let receiver = receiver();
    let sorts = [Answer::status(503), Answer::closed(), Answer::status(500)];
    receiver.answer_next(sorts.into_iter().cycle().take(24));
    let (collected, guard) = start(to(receiver.url()));
    for _ in 0..8 {
        emit(1);
        let _ = guard.flush(SOON);
    }
    let said = collected.ours(Level::WARN);
    assert_eq!(with(&said, &["A request failed"]).len(), 3, "{said:#?}");
    assert_eq!(with(&collected.ours(Level::DEBUG), &["A request failed"]).len(), 24, "each is said to a debugger");
    drop(guard);
}

#[test]
fn a_healthy_life_is_silent_but_for_its_route() {
    if !in_own_process("diagnostics::a_healthy_life_is_silent_but_for_its_route") {
        return;
    }
    let receiver = receiver();
    let (collected, guard) = start(to(receiver.url()));
    emit(10);
    guard.flush(SOON).unwrap();
    emit(10);
    drop(guard);
    assert_eq!(receiver.spans().len(), 20);
    let said = collected.ours(Level::INFO);
    assert_eq!(with(&said, &["LLM spans of delivery are sent to"]).len(), 1, "{said:#?}");
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[test]
fn spans_that_are_open_at_the_end_are_mentioned() {
    if !in_own_process("diagnostics::spans_that_are_open_at_the_end_are_mentioned") {
        return;
    }
    let receiver = receiver();
    let (collected, guard) = start(to(receiver.url()));
    let open = tracing::info_span!("open", llmobs.kind = "task");
    emit(1);
    drop(guard);
    drop(open);
    assert_eq!(with(&collected.ours(Level::WARN), &["open_spans=1;"]).len(), 1);
}

#[test]
fn a_subscriber_that_panics_costs_no_span() {
    if !in_own_process("diagnostics::a_subscriber_that_panics_costs_no_span") {
        return;
    }
    let receiver = receiver();
    receiver.answer_next([400, 503, 202, 400].map(Answer::status));
    let (layer, guard) = to(receiver.url()).start().unwrap();
    tracing_subscriber::registry().with(layer).with(Panics).init();
    for _ in 0..3 {
        emit(1);
        let _ = guard.flush(SOON);
    }
    let handle = guard.handle();
    let _ = guard.shutdown(SOON);
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost(LossReason::Rejected), stats.lost_total()), (1, 2, 2), "{stats:?}");
}

struct Panics;

impl<S: Subscriber> Layer<S> for Panics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert!(event.metadata().target() != "tracing_llmobs", "a subscriber with a defect");
    }
}
