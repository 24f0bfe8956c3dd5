//! Spans that are told of afterwards, with times of their own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::info_span;
use tracing_llmobs::testing::{self, ManualClock};
use tracing_llmobs::{Annotation, LlmObsSpanExt, LossReason, Problem};
use tracing_subscriber::prelude::*;

use crate::harness::recording::{Recorder, only_span, problems, record};

const SECOND: u64 = 1_000_000_000;

/// Returns the time this many seconds after the start of the recorder's clock.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(ManualClock::EPOCH_NS) + Duration::from_secs(seconds)
}

fn before(seconds: u64) -> SystemTime {
    at(0) - Duration::from_secs(seconds)
}

#[test]
fn what_is_not_said_is_what_was_measured() {
    let none = Annotation::new;
    for (name, said, start, seconds) in [
        ("nothing", none(), at(0), 5),
        ("start", none().start_time(before(60)), before(60), 65),
        ("end", none().end_time(at(2)), at(0), 2),
        ("both", none().start_time(before(60)).end_time(before(30)), before(60), 30),
        ("end before start", none().start_time(before(30)).end_time(before(60)), before(30), 0),
        ("end before the measured start", none().end_time(before(1)), at(0), 0),
        ("start after the measured end", none().start_time(at(60)), at(60), 0),
        ("twice", none().start_time(before(60)).start_time(before(10)).end_time(at(0)), before(10), 10),
    ] {
        let (layer, recorder) = testing::recorder();
        let recorder = Recorder::new(recorder);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = info_span!("imported", llmobs.kind = "tool");
            assert!(span.annotate(said));
            recorder.clock().advance(Duration::from_secs(5));
            span.finish();
            recorder.clock().advance(Duration::from_secs(5));
        });
        let span = only_span(&recorder);
        let start_ns = u64::try_from(start.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap();
        assert_eq!((span.start_ns, span.duration_ns), (start_ns, seconds * SECOND), "{name}");
    }
}

#[test]
fn a_time_before_1970_is_refused() {
    let recorder = record(|| {
        let ancient = UNIX_EPOCH - Duration::from_secs(1);
        info_span!("a", llmobs.kind = "tool").annotate(Annotation::new().start_time(ancient).end_time(ancient));
    });
    assert_eq!(only_span(&recorder).start_ns, ManualClock::EPOCH_NS);
    assert_eq!(problems(&recorder), [(Problem::Annotation, 1)]);
}

#[test]
fn work_that_the_intake_would_not_take_any_more_is_counted() {
    let recorder = record(|| {
        let day = Duration::from_secs(24 * 60 * 60);
        let said = |past: Duration| Annotation::new().start_time(before(0) - past).end_time(before(0) - past);
        info_span!("old", llmobs.kind = "tool").annotate(said(day + Duration::from_secs(1)));
        info_span!("young", llmobs.kind = "tool").annotate(said(day));
    });
    assert_eq!(only_span(&recorder).name, "young");
    assert_eq!(recorder.handle().stats().lost(LossReason::TooOld), 1);
}
