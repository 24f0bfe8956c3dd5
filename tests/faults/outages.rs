//! Outages at a steady rate: nothing is lost, and the first delivery comes soon after the intake is back.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::driver::{Driver, SOON, scaled, side_by_side, until};
use super::intake::{Answer, FaultIntake, Request, Script};
use super::oracle::Oracle;

/// Answers with `status` (0: not at all) while the outage lasts.
struct Sick {
    status: u16,
    is_over: Arc<AtomicBool>,
}

impl Script for Sick {
    fn answer(&self, _: &Request<'_>) -> Answer {
        match (self.is_over.load(Ordering::SeqCst), self.status) {
            (true, _) => Answer::status(202),
            (false, 0) => Answer::silence(),
            (false, status) => Answer::status(status),
        }
    }
}

const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs an outage: `begin` is the intake (`None`: nobody listens), `end` ends the outage and may return another intake.
fn outage(what: &str, url: &str, begin: Option<FaultIntake>, end: impl FnOnce() -> Option<FaultIntake>) {
    let length = Duration::from_millis(scaled("LLMOBS_OUTAGE_MS", 2_000) as u64);
    let rate = u32::try_from(scaled("LLMOBS_OUTAGE_RATE", 500)).unwrap();
    let mut driver = Driver::start(url, |builder| {
        builder.request_timeout(REQUEST_TIMEOUT).flush_interval(Duration::from_millis(100))
    });
    let handle = driver.handle();
    driver.emit_steadily(rate, Instant::now() + length);
    assert_eq!(handle.stats().delivered, 0, "{what}: the intake is away");
    let second = end();
    let recovered = Instant::now();
    driver.emit_steadily(rate, recovered + length / 4);
    // Waits double, so the next attempt comes within the length of the outage, and within 30 s after a long one.
    until("the first delivery", || handle.stats().delivered > 0);
    let wait = recovered.elapsed();
    let bound = (length * 2).min(Duration::from_secs(30)) + length / 4 + Duration::from_secs(3);
    assert!(wait < bound, "{what}: first delivery after {wait:?}");
    let Driver { guard, made, .. } = driver;
    guard.shutdown(SOON).unwrap_or_else(|error| panic!("{what}: {error}"));
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost_total()), (made.len() as u64, 0), "{what}: {stats:?}");
    let journal = [begin, second].into_iter().flatten().flat_map(|intake| intake.journal()).collect::<Vec<_>>();
    Oracle { what, request_timeout: REQUEST_TIMEOUT, most_in_flight: 8 }.check(&made, &journal, &stats);
}

#[test]
fn an_outage_of_any_kind_loses_nothing_and_ends_soon_after_the_intake_is_back() {
    let rows = [("503", 503), ("403", 403), ("404", 404), ("429", 429), ("stall", 0)];
    side_by_side(rows, rows.len(), |(what, status)| {
        let is_over = Arc::new(AtomicBool::new(false));
        let intake = FaultIntake::start(Sick { status, is_over: Arc::clone(&is_over) });
        let url = intake.url.clone();
        outage(what, &url, Some(intake), || {
            is_over.store(true, Ordering::SeqCst);
            None
        });
    });
}

/// Takes everything.
struct Healthy;

impl Script for Healthy {}

#[test]
fn nobody_listening_at_first_loses_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    outage("refused", &format!("http://{address}"), None, || {
        Some(FaultIntake::serve(TcpListener::bind(address).unwrap(), Healthy))
    });
}

#[test]
fn an_agent_that_restarts_again_and_again_loses_nothing() {
    let length = Duration::from_millis(scaled("LLMOBS_RESTART_MS", 700) as u64);
    let mut intake = FaultIntake::start(Healthy);
    let address = intake.url.strip_prefix("http://").unwrap().to_owned();
    let mut driver = Driver::start(&intake.url, |builder| builder.flush_interval(Duration::from_millis(50)));
    let handle = driver.handle();
    let mut journal = Vec::new();
    for _ in 0..2 {
        driver.emit_steadily(1_000, Instant::now() + length);
        until("a delivery", || intake.requests() > 0);
        journal.extend(intake.journal());
        let late = intake.requests();
        drop(intake);
        driver.emit_steadily(1_000, Instant::now() + length);
        assert!(handle.stats().pending > 0, "{late} requests before, and the rest waits");
        intake = FaultIntake::serve(TcpListener::bind(&address).unwrap(), Healthy);
    }
    let Driver { guard, made, .. } = driver;
    guard.shutdown(SOON).unwrap();
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost_total()), (made.len() as u64, 0), "{stats:?}");
    // Requests that ended between the look at the journal and the end of an intake are in no journal.
    journal.extend(intake.journal());
    let arrived: std::collections::HashSet<u64> = journal.iter().flat_map(|entry| entry.ids.iter().copied()).collect();
    assert!(made.len() - arrived.len() < 200, "{} of {} arrived", arrived.len(), made.len());
}
