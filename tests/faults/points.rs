//! A fault at every point of an exchange, in the first, a middle and the last request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::driver::{Driver, SOON, scaled, side_by_side, until};
use super::intake::{Answer, Cut, FaultIntake, How, Place, Request, Script};
use super::oracle::Oracle;

/// The request that meets the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Middle,
    Last,
}

/// Cuts one request, whose index may be set while the intake runs.
struct CutOnce {
    cut: Cut,
    index: Arc<AtomicUsize>,
}

impl Script for CutOnce {
    fn cut(&self, index: usize) -> Option<Cut> {
        (index == self.index.load(Ordering::SeqCst)).then_some(self.cut)
    }
}

const REQUEST_TIMEOUT: Duration = Duration::from_millis(800);
/// Small payloads, so that there are many requests.
const PAYLOAD_BYTES: usize = 40_000;

#[test]
fn a_fault_at_any_point_of_an_exchange_loses_nothing_and_the_ledger_agrees_with_the_journal() {
    let spans = scaled("LLMOBS_FAULT_SPANS", 1_120);
    let rows: Vec<(How, Place, Turn)> = [Turn::First, Turn::Middle, Turn::Last]
        .into_iter()
        .flat_map(|turn| Place::ALL.map(|place| (place, turn)))
        .flat_map(|(place, turn)| How::ALL.map(|how| (how, place, turn)))
        .collect();
    assert_eq!(rows.len(), 90);
    side_by_side(rows, 12, |(how, at, turn)| meet_fault(spans, Cut { how, at }, turn));
}

fn meet_fault(spans: usize, cut: Cut, turn: Turn) {
    let what = format!("{cut:?} in the {turn:?} request");
    let index = Arc::new(AtomicUsize::new(match turn {
        Turn::First => 0,
        Turn::Middle => 3,
        Turn::Last => usize::MAX,
    }));
    let intake = FaultIntake::start(CutOnce { cut, index: Arc::clone(&index) });
    let mut driver =
        Driver::start(&intake.url, |builder| builder.max_payload_bytes(PAYLOAD_BYTES).request_timeout(REQUEST_TIMEOUT));
    let handle = driver.handle();
    // In portions, so that the long form does not fill the queue.
    let last = spans / 20;
    let mut left = spans - last;
    while left > 0 {
        let portion = left.min(5_000);
        driver.emit(portion);
        left -= portion;
        until("the queue has room", || handle.stats().pending < 50_000);
    }
    driver.guard.flush(SOON).unwrap_or_else(|error| panic!("{what}: {error}"));
    if turn == Turn::Last {
        index.store(intake.requests(), Ordering::SeqCst);
    }
    driver.emit(last);
    let Driver { guard, made, .. } = driver;
    guard.shutdown(SOON).unwrap_or_else(|error| panic!("{what}: {error}"));
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost_total()), (spans as u64, 0), "{what}: {stats:?}");
    assert!(intake.requests() > index.load(Ordering::SeqCst), "{what}: the fault has happened");
    Oracle { what: &what, request_timeout: REQUEST_TIMEOUT, most_in_flight: 8 }.check(&made, &intake.journal(), &stats);
}

/// Answers the first requests with these statuses, then 202.
struct Statuses(Vec<(u16, &'static str)>, AtomicUsize);

impl Script for Statuses {
    fn answer(&self, _: &Request<'_>) -> Answer {
        let index = self.1.fetch_add(1, Ordering::SeqCst);
        self.0.get(index).map_or_else(|| Answer::status(202), |(status, headers)| Answer::with(*status, headers))
    }
}

#[test]
fn whatever_statuses_come_first_every_span_is_delivered_or_lost_for_a_counted_reason() {
    let wait = "retry-after: 1\r\n";
    let rows: Vec<Vec<(u16, &str)>> = vec![
        vec![(503, ""), (503, ""), (500, "")],
        vec![(429, wait)],
        vec![(503, wait), (429, "x-ratelimit-reset: 1\r\n")],
        vec![(401, ""), (403, "")],
        vec![(404, "")],
        vec![(202, ""), (408, ""), (425, ""), (504, "")],
        vec![(413, ""), (413, ""), (202, ""), (413, "")],
        vec![(400, ""), (400, ""), (202, ""), (400, ""), (400, "")],
        vec![(202, ""), (405, ""), (202, ""), (418, "")],
        vec![(307, "location: http://127.0.0.1:1/\r\n")],
    ];
    side_by_side(rows, 10, |statuses| {
        let what = format!("{statuses:?}");
        let intake = FaultIntake::start(Statuses(statuses, AtomicUsize::new(0)));
        let mut driver = Driver::start(&intake.url, |builder| builder.max_payload_bytes(PAYLOAD_BYTES));
        driver.emit(700);
        let handle = driver.handle();
        let Driver { guard, made, .. } = driver;
        // Lost spans make it an error; the ledger says which.
        let _ = guard.shutdown(SOON);
        Oracle { what: &what, request_timeout: SOON, most_in_flight: 8 }.check(
            &made,
            &intake.journal(),
            &handle.stats(),
        );
    });
}
