use super::*;
use crate::clock::Clock;
use crate::export::batch::Batcher;
use crate::export::encode::Frame;

fn batch(first: u64, items: usize, now: Instant) -> PendingBatch {
    let mut batcher = Batcher::new(Frame::SPANS, 1_000_000);
    for _ in 0..items {
        let written: Result<_, ()> = batcher.push(|out| {
            out.extend_from_slice(b"{}");
            Ok(())
        });
        assert!(written.is_ok());
    }
    PendingBatch::new(batcher.take().unwrap(), first, now)
}

/// Asks until a request is to be sent; returns when, and the batch (`None` for a probe).
fn next_request(lane: &mut Lane, mut now: Instant) -> (Instant, Option<PendingBatch>) {
    loop {
        match lane.next(now) {
            Step::Send(batch) => return (now, Some(batch)),
            Step::Probe => return (now, None),
            Step::WaitUntil(until) => now = until,
            other @ (Step::End(..) | Step::Split(..) | Step::Idle) => panic!("{other:?}"),
        }
    }
}

#[test]
fn after_hours_of_outage_the_next_attempt_is_at_most_thirty_seconds_away() {
    let began = Clock::System.instant();
    for verdict in [Verdict::Retry { asked: None }, Verdict::Refused] {
        let mut lane = Lane::default();
        lane.push(batch(0, 3, began));
        let (mut now, mut requests) = (began, 0_u32);
        while now.saturating_duration_since(began) < Duration::from_secs(10 * 60 * 60) {
            let (at, sent) = next_request(&mut lane, now);
            assert!(at.saturating_duration_since(now) <= Duration::from_secs(30), "{verdict:?}");
            (now, requests) = (at, requests + 1);
            let epoch = lane.epoch();
            match sent {
                Some(batch) => drop(lane.fail(batch, verdict, epoch, now, 1.0)),
                None => lane.probed(Some(verdict), now, 1.0),
            }
        }
        assert!((1_000..1_300).contains(&requests), "one in thirty seconds: {requests}, {verdict:?}");
        assert_eq!(lane.backlog(), (1, 3), "everything is still there");
    }
}

#[test]
fn a_batch_waits_a_day_and_not_longer() {
    let began = Clock::System.instant();
    let mut lane = Lane::default();
    lane.push(batch(0, 3, began));
    let (_, sent) = next_request(&mut lane, began);
    let epoch = lane.epoch();
    drop(lane.fail(sent.unwrap(), Verdict::Retry { asked: None }, epoch, began, 0.0));
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(matches!(lane.next(began + day), Step::Send(_)));
    let mut lane = Lane::default();
    lane.push(batch(0, 3, began));
    let too_late = began + day + Duration::from_secs(1);
    assert!(matches!(lane.next(too_late), Step::End(_, LossReason::TooOld)));
}

#[test]
fn a_batch_that_failed_goes_before_those_that_came_later() {
    let now = Clock::System.instant();
    let mut lane = Lane::default();
    for first in 0..3 {
        lane.push(batch(first, 1, now));
    }
    let (_, sent) = next_request(&mut lane, now);
    let epoch = lane.epoch();
    drop(lane.fail(sent.unwrap(), Verdict::Retry { asked: None }, epoch, now, 0.0));
    let firsts: Vec<u64> = lane.waiting.iter().map(|batch| batch.first).collect();
    assert_eq!(firsts, [0, 1, 2]);
}
