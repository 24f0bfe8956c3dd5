//! Refusals cost themselves and few requests: poison events, refused keys, rate limits, one sick lane.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing_llmobs::{Evaluation, LossReason};

use super::driver::{Driver, SOON, side_by_side, until};
use super::intake::{Answer, FaultIntake, Request, Script};
use super::oracle::Oracle;

/// Refuses every request that has a poisoned span.
struct Poison(Arc<Mutex<HashSet<u64>>>);

impl Script for Poison {
    fn answer(&self, request: &Request<'_>) -> Answer {
        let poison = self.0.lock().unwrap();
        Answer::status(if request.ids.iter().any(|id| poison.contains(id)) { 400 } else { 202 })
    }
}

#[test]
fn poison_events_cost_themselves_and_two_requests_a_level() {
    // Spans, and which of them are poison.
    let spread = |spans: usize, count: usize| (0..count).map(|at| at * spans / count + 1).collect::<Vec<_>>();
    let rows: Vec<(usize, Vec<usize>)> = vec![
        (512, vec![0]),
        (512, vec![511]),
        (500, vec![123]),
        (1, vec![0]),
        (2, vec![1]),
        (512, vec![17, 18]),
        (512, vec![3, 400]),
        (512, spread(512, 8)),
        (900, spread(900, 10)),
    ];
    side_by_side(rows, 9, |(spans, poison)| {
        let what = format!("{poison:?} of {spans}");
        let ids: Arc<Mutex<HashSet<u64>>> = Arc::default();
        let intake = FaultIntake::start(Poison(Arc::clone(&ids)));
        let mut driver = Driver::start(&intake.url, |builder| builder);
        driver.emit(spans);
        *ids.lock().unwrap() = poison.iter().map(|at| driver.made[*at]).collect();
        let handle = driver.handle();
        let Driver { guard, made, .. } = driver;
        assert!(guard.shutdown(SOON).is_err(), "{what}: lost data is never Ok");
        let stats = handle.stats();
        assert_eq!(stats.lost(LossReason::Rejected), poison.len() as u64, "{what}: {stats:?}");
        Oracle { what: &what, request_timeout: SOON, most_in_flight: 8 }.check(&made, &intake.journal(), &stats);
        let a_poison = 2 * u64::from(spans.ilog2()) + 2;
        assert!(stats.requests <= 1 + poison.len() as u64 * a_poison, "{what}: {stats:?}");
    });
}

/// Always gives the same answer, to spans or to everything.
struct Always {
    answer: Answer,
    spans_only: bool,
    evaluations_only: bool,
}

impl Script for Always {
    fn answer(&self, request: &Request<'_>) -> Answer {
        let is_spans = request.path.ends_with("/llmobs");
        if self.spans_only && !is_spans || self.evaluations_only && is_spans {
            return Answer::status(202);
        }
        self.answer.clone()
    }
}

fn always(answer: Answer) -> Always {
    Always { answer, spans_only: false, evaluations_only: false }
}

#[test]
fn an_intake_that_refuses_everything_gets_few_requests_and_the_ledger_says_why() {
    let rows = [(400, LossReason::Rejected, 23), (413, LossReason::TooLarge, 30), (422, LossReason::Rejected, 23)];
    side_by_side(rows, 3, |(status, reason, most)| {
        let intake = FaultIntake::start(always(Answer::status(status)));
        let mut driver = Driver::start(&intake.url, |builder| builder);
        driver.emit(1_000);
        let handle = driver.handle();
        assert!(driver.guard.shutdown(SOON).is_err());
        let stats = handle.stats();
        assert_eq!((stats.lost(reason), stats.lost_total()), (1_000, 1_000), "{status}: {stats:?}");
        assert!(intake.requests() <= most, "{status}: {} requests", intake.requests());
    });
}

#[test]
fn no_request_comes_before_the_time_that_the_intake_named() {
    let rows = ["retry-after: 60\r\n", "x-ratelimit-reset: 60\r\n", "retry-after: 100000\r\n"];
    side_by_side(rows, 3, |headers| {
        for status in [429, 503] {
            let intake = FaultIntake::start(always(Answer::with(status, headers)));
            let mut driver = Driver::start(&intake.url, |builder| builder);
            driver.emit(10);
            let handle = driver.handle();
            assert!(driver.guard.flush(Duration::from_millis(1_500)).is_err());
            assert_eq!(intake.requests(), 1, "{status} {headers}");
            let stats = handle.stats();
            assert_eq!((stats.pending, stats.lost_total()), (10, 0), "the spans wait: {stats:?}");
            // A deadline before that time is no reason to wait for it.
            let began = Instant::now();
            assert!(driver.guard.shutdown(SOON).is_err());
            assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
            assert_eq!((intake.requests(), handle.stats().lost(LossReason::Deadline)), (1, 10));
        }
    });
}

#[test]
fn a_sick_lane_holds_up_no_other() {
    let sick = [Answer::silence(), Answer::status(503), Answer::with(429, "retry-after: 60\r\n"), Answer::status(403)];
    side_by_side(sick, 4, |answer| {
        for spans_only in [false, true] {
            let what = format!("{answer:?}, spans only: {spans_only}");
            let script = Always { answer: answer.clone(), spans_only, evaluations_only: !spans_only };
            let intake = FaultIntake::start(script);
            let mut driver = Driver::start(&intake.url, |builder| builder.flush_interval(Duration::from_millis(50)));
            let handle = driver.handle();
            for round in 1..=10_u64 {
                let evaluation = Evaluation::boolean("helpful", round % 2 == 0).span_with_tag("run", "7");
                handle.submit_evaluation(evaluation).unwrap();
                driver.emit(1);
                until(&what, || handle.stats().delivered == round);
            }
            assert_eq!((handle.stats().pending, handle.stats().lost_total()), (10, 0), "{what}");
            let _ = driver.guard.shutdown(Duration::ZERO);
        }
    });
}

/// Answers after a while, and knows how many requests are there at once.
struct Distant(Duration);

impl Script for Distant {
    fn answer(&self, _: &Request<'_>) -> Answer {
        Answer { after: self.0, ..Answer::status(202) }
    }
}

#[test]
fn a_distant_intake_gets_up_to_eight_requests_at_a_time() {
    let distance = Duration::from_millis(150);
    let intake = FaultIntake::start(Distant(distance));
    let mut driver = Driver::start(&intake.url, |builder| builder.max_payload_bytes(5_000));
    driver.emit(1_000);
    let handle = driver.handle();
    let Driver { guard, made, .. } = driver;
    guard.shutdown(SOON).unwrap();
    let journal = intake.journal();
    let at_once = |at: Instant| journal.iter().filter(|entry| entry.at <= at && at < entry.at + entry.took).count();
    let most = journal.iter().map(|entry| at_once(entry.at)).max().unwrap();
    assert!((4..=8).contains(&most), "{most} at once");
    Oracle { what: "distant", request_timeout: SOON, most_in_flight: 8 }.check(&made, &journal, &handle.stats());
}
