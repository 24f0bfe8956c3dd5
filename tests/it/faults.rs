//! Whatever the intake or the network does, every span ends once, and the ledger says how.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use llmobs_receiver::Answer;
use tracing_llmobs::LossReason::{self, Deadline, Rejected, TooLarge, Unauthorized};
use tracing_llmobs::{Evaluation, FlushError, Stats};

use crate::harness::{Pipeline, RawServer, Reaction, Request, SOON, bounded, item_ids, receiver, to, until};

/// The outcome of one flush: the number of requests, the number of retries among them, and the one reason for losses.
fn assert_outcome(
    what: &str,
    stats: &Stats,
    (delivered, requests, retries): (u64, u64, u64),
    lost: Option<LossReason>,
) {
    assert!(stats.is_balanced() && stats.pending == 0, "{what}: {stats:?}");
    assert_eq!((stats.delivered, stats.requests, stats.retries), (delivered, requests, retries), "{what}: {stats:?}");
    let expected = stats.accepted - delivered;
    assert_eq!((stats.lost_total(), stats.refused_total()), (expected, 0), "{what}: {stats:?}");
    if let Some(reason) = lost {
        assert_eq!(stats.lost(reason), expected, "{what}: {stats:?}");
    }
}

/// Two spans, one flush, and what the ledger says then.
fn two_spans_to(url: &str) -> Stats {
    let pipeline = Pipeline::start(to(url).request_timeout(Duration::from_millis(700)));
    pipeline.emit(2);
    // Lost items make it an error; the ledger says which.
    let _ = pipeline.guard.flush(SOON);
    pipeline.guard.handle().stats()
}

/// Two spans for an intake that never recovers: they stay until the end, and are lost for this reason then.
fn two_spans_in_vain(what: &str, url: &str, reason: LossReason) {
    let pipeline = Pipeline::start(to(url).request_timeout(Duration::from_millis(300)));
    pipeline.emit(2);
    let flushed = pipeline.guard.flush(Duration::from_millis(700));
    assert!(matches!(flushed, Err(FlushError::TimedOut { pending: 2, .. })), "{what}: {flushed:?}");
    let handle = pipeline.guard.handle();
    assert!(pipeline.guard.shutdown(Duration::from_millis(700)).is_err(), "{what}");
    let stats = handle.stats();
    assert!(stats.is_balanced() && stats.pending == 0 && stats.delivered == 0, "{what}: {stats:?}");
    assert_eq!(stats.lost(reason), 2, "{what}: {stats:?}");
}

/// Runs all rows side by side, since most of them only wait.
fn side_by_side<T: Send>(rows: Vec<T>, story: impl Fn(T) + Sync) {
    let story = &story;
    std::thread::scope(|scope| {
        for row in rows {
            scope.spawn(move || story(row));
        }
    });
}

#[test]
fn each_status_has_its_outcome() {
    // Requests, retries, and why the two spans are lost; after two such answers the intake takes everything.
    let rows = vec![
        (200, (1, 0, None)),
        (201, (1, 0, None)),
        (202, (1, 0, None)),
        (204, (1, 0, None)),
        (405, (1, 0, Some(Rejected))),
        (415, (1, 0, Some(Rejected))),
        // A refused request and a refused probe, then an accepted probe and the same bytes again.
        (301, (4, 1, None)),
        (401, (4, 1, None)),
        (403, (4, 1, None)),
        (404, (4, 1, None)),
        (408, (3, 2, None)),
        (425, (3, 2, None)),
        (429, (3, 2, None)),
        (500, (3, 2, None)),
        (502, (3, 2, None)),
        (503, (3, 2, None)),
        (504, (3, 2, None)),
        (599, (3, 2, None)),
    ];
    side_by_side(rows, |(status, (requests, retries, lost))| {
        let receiver = receiver();
        receiver.answer_next((0..2).map(|_| Answer::status(status)));
        let stats = two_spans_to(receiver.url());
        let delivered = if lost.is_none() { 2 } else { 0 };
        assert_outcome(&format!("status {status}"), &stats, (delivered, requests, retries), lost);
        assert_eq!(receiver.requests().len() as u64, requests);
        assert_eq!(receiver.spans().len() as u64, delivered);
    });
}

#[test]
fn while_the_key_is_refused_no_content_is_uploaded() {
    for status in [401, 403, 404] {
        let wire = RawServer::start(move |_| Reaction::status(status));
        let pipeline = Pipeline::start(to(&wire.url));
        pipeline.emit_input(1_000);
        until("the first request is refused", || {
            !wire.requests().is_empty() || pipeline.guard.flush(Duration::ZERO).is_ok()
        });
        for _ in 0..20 {
            pipeline.emit_input(1_000);
            let _ = pipeline.guard.flush(Duration::from_millis(100));
        }
        let requests = wire.requests();
        assert!((2..8).contains(&requests.len()), "status {status}: {} requests in two seconds", requests.len());
        let probe = |request: &Request| !String::from_utf8_lossy(request.body()).contains("span_id");
        assert!(requests[1..].iter().all(probe), "status {status}: only the first request has spans");
        let handle = pipeline.guard.handle();
        assert_eq!((handle.stats().pending, handle.stats().lost_total()), (21, 0));
        let began = Instant::now();
        assert!(pipeline.guard.shutdown(SOON).is_err());
        assert!(began.elapsed() < SOON / 2, "nobody waits for a receiver that refuses everything");
        let reason = if status == 404 { Rejected } else { Unauthorized };
        assert_eq!(handle.stats().lost(reason), 21);
    }
}

#[test]
fn an_invalid_event_costs_itself_and_two_requests_a_level() {
    const EVENTS: usize = 64;
    for poison in [0, 17, 63] {
        let pipeline_ids: Arc<Mutex<Vec<String>>> = Arc::default();
        let ids = Arc::clone(&pipeline_ids);
        let wire = RawServer::answering(move |request| {
            let sent = item_ids(request.body());
            let mut all = ids.lock().unwrap();
            if all.is_empty() {
                all.clone_from(&sent);
            }
            if sent.contains(&all[poison]) { Reaction::status(400) } else { Reaction::status(202) }
        });
        let pipeline = Pipeline::start(to(&wire.url));
        pipeline.emit(EVENTS);
        let _ = pipeline.guard.flush(SOON);
        let stats = pipeline.guard.handle().stats();
        assert_eq!((stats.delivered, stats.lost(Rejected)), (EVENTS as u64 - 1, 1), "{stats:?}");
        assert!(stats.requests <= 1 + 2 * 6 + 2, "{stats:?}");
    }
    let wire = RawServer::start(|_| Reaction::status(400));
    let pipeline = Pipeline::start(to(&wire.url));
    pipeline.emit(300);
    let _ = pipeline.guard.flush(SOON);
    let stats = pipeline.guard.handle().stats();
    assert_eq!((stats.delivered, stats.lost(Rejected)), (0, 300), "{stats:?}");
    assert!(
        stats.requests <= 1 + 2 * 8 + 2,
        "an intake that calls everything invalid is not asked about each: {stats:?}"
    );
}

#[test]
fn an_intake_that_calls_everything_too_large_is_asked_once_a_level() {
    let wire = RawServer::start(|_| Reaction::status(413));
    let pipeline = Pipeline::start(to(&wire.url));
    pipeline.emit(5_000);
    let _ = pipeline.guard.flush(SOON);
    let stats = pipeline.guard.handle().stats();
    assert_eq!((stats.delivered, stats.lost(TooLarge)), (0, 5_000), "{stats:?}");
    assert!(stats.requests < 60, "{stats:?}");
}

#[test]
fn a_retry_has_the_same_bytes_and_comes_through() {
    let rows = vec![
        vec![Answer::status(503)],
        vec![Answer::status(408), Answer::status(500)],
        vec![Answer::status(425), Answer::closed()],
        vec![Answer::status(429).header("x-ratelimit-reset", "0.05"), Answer::status(504)],
        vec![Answer::closed(), Answer::closed().stored(true)],
    ];
    side_by_side(rows, |answers| {
        let receiver = receiver();
        let failures = answers.len() as u64;
        receiver.answer_next(answers);
        let stats = two_spans_to(receiver.url());
        assert_outcome("retried", &stats, (2, failures + 1, failures), None);
        let bodies: Vec<Vec<u8>> = receiver.requests().into_iter().map(|request| request.body).collect();
        assert!(bodies.windows(2).all(|two| two[0] == two[1]), "all attempts are alike");
    });
}

/// A unix time as HTTP writes it; the day of the week is not looked at by anybody.
fn http_date(unix_time: u64) -> String {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut days, mut year) = (unix_time / 86_400, 1970);
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut months = names.into_iter().zip(lengths);
    let (month, day) = loop {
        let (name, length) = months.next().unwrap();
        if days < length {
            break (name, days + 1);
        }
        days -= length;
    };
    let [hours, minutes, seconds] = [unix_time / 3_600 % 24, unix_time / 60 % 60, unix_time % 60];
    format!("Mon, {day:02} {month} {year} {hours:02}:{minutes:02}:{seconds:02} GMT")
}

/// The headers of an answer, made when it is given: the unix time is in them.
type Headers = fn(u64) -> String;

#[test]
fn nobody_is_asked_again_before_the_time_that_he_named() {
    let unix_time = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let rows: Vec<(u16, Headers, u64)> = vec![
        (429, |_| "retry-after: 2\r\n".into(), 2_000),
        (503, |_| "retry-after: 2\r\n".into(), 2_000),
        (429, |now| format!("retry-after: {}\r\n", http_date(now + 3)), 2_000),
        (429, |_| "x-ratelimit-reset: 2\r\n".into(), 2_000),
        // To the second: what is three seconds away on the clock may be two and a bit.
        (429, |now| format!("x-ratelimit-reset: {}\r\n", now + 3), 2_000),
        (429, |_| "x-ratelimit-reset: 2\r\nretry-after: 9\r\n".into(), 2_000),
        (429, |_| String::new(), 1_000),
    ];
    side_by_side(rows, |(status, headers, least)| {
        let wire = RawServer::start(move |index| {
            if index == 0 { Reaction::with(status, &headers(unix_time()), "{}") } else { Reaction::status(202) }
        });
        let stats = two_spans_to(&wire.url);
        assert_outcome("asked to wait", &stats, (2, 2, 1), None);
        let requests = wire.requests();
        let gap = requests[1].at - requests[0].at;
        let least = Duration::from_millis(least);
        // The server may be late in looking at its clock, and a busy machine may be late in anything.
        assert!(gap + Duration::from_millis(100) >= least, "{gap:?} is less than {least:?}");
        assert!(gap < least + Duration::from_secs(4), "{gap:?} is more than {least:?}");
    });
}

#[test]
fn what_is_too_large_is_sent_in_halves_until_only_the_culprit_is_lost() {
    let receiver = receiver();
    let statuses = [413, 202, 413, 413, 202];
    receiver.answer_next(statuses.map(Answer::status));
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(4);
    let _ = pipeline.guard.flush(SOON);
    assert_outcome("halved", &pipeline.guard.handle().stats(), (3, 5, 0), Some(TooLarge));
    let requests: Vec<Vec<String>> = receiver.requests().iter().map(|request| item_ids(&request.body)).collect();
    let all = requests[0].clone();
    let expected = [&all[..], &all[..2], &all[2..], &all[2..3], &all[3..]];
    assert_eq!(requests, expected);

    receiver.clear();
    receiver.answer_next((0..20).map(|_| Answer::status(413)));
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(5);
    let _ = pipeline.guard.flush(SOON);
    let stats = pipeline.guard.handle().stats();
    assert!((stats.lost(TooLarge), stats.pending) == (5, 0) && stats.requests <= 9, "{stats:?}");
}

#[test]
fn the_halves_are_retried_like_anything_else() {
    let receiver = receiver();
    receiver.answer_next([413, 503, 202, 405].map(Answer::status));
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(2);
    let _ = pipeline.guard.flush(SOON);
    assert_outcome("halves", &pipeline.guard.handle().stats(), (1, 4, 1), Some(Rejected));
}

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = receiver();
    for status in [301, 302, 303, 307, 308] {
        let receiver = receiver();
        receiver.answer_next([Answer::status(status).header("location", format!("{}/api/v2/llmobs", elsewhere.url()))]);
        assert_outcome("redirect", &two_spans_to(receiver.url()), (2, 3, 1), None);
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_web_page_is_no_acknowledgement() {
    for content_type in ["text/html", "Text/HTML; charset=utf-8"] {
        let page = format!("content-type: {content_type}\r\n");
        let wire = RawServer::start(move |_| Reaction::with(200, &page, "<html>please log in</html>"));
        two_spans_in_vain(content_type, &wire.url, Deadline);
    }
}

#[test]
fn spans_wait_for_a_closed_port_to_open() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let pipeline = Pipeline::start(to(&format!("http://{address}")));
    pipeline.emit(2);
    let flushed = pipeline.guard.flush(Duration::from_millis(500));
    assert!(matches!(flushed, Err(FlushError::TimedOut { pending: 2, .. })), "{flushed:?}");
    let Ok(receiver) = llmobs_receiver::Receiver::bind(address) else { return };
    pipeline.emit(3);
    assert_eq!(pipeline.guard.flush(SOON).unwrap().delivered(), 5);
    assert_eq!((receiver.spans().len(), pipeline.guard.handle().stats().delivered), (5, 5));
}

#[test]
fn a_reset_at_any_byte_costs_a_retry_and_nothing_else() {
    // What a request of these two spans has, to cut it everywhere.
    let whole = RawServer::scripted([]);
    let _ = two_spans_to(&whole.url);
    let request = whole.requests().remove(0);
    let (all, body) = (request.bytes.len(), request.body().len());
    let head = all - body;
    for cut in [1, head / 2, head, head + 1, head + body / 2, all - 1, usize::MAX] {
        let wire = RawServer::scripted([Reaction::ResetAfter(cut)]);
        let stats = two_spans_to(&wire.url);
        assert_outcome(&format!("reset after {cut} bytes"), &stats, (2, 2, 1), None);
        assert_eq!(item_ids(wire.requests()[1].body()).len(), 2);
    }
    let wire = RawServer::start(|_| Reaction::ResetAfter(1));
    two_spans_in_vain("always reset", &wire.url, Deadline);
}

#[test]
fn a_large_payload_that_is_cut_off_twice_is_sent_in_halves() {
    let wire = RawServer::scripted([Reaction::ResetAfter(10_000), Reaction::ResetAfter(10_000)]);
    let pipeline = Pipeline::start(to(&wire.url));
    for _ in 0..4 {
        pipeline.emit_input(100_000);
    }
    pipeline.guard.flush(SOON).unwrap();
    assert_outcome("cut off", &pipeline.guard.handle().stats(), (4, 4, 1), None);
    assert_eq!(item_ids(wire.requests()[2].body()).len(), 2);
}

#[test]
fn silence_and_nonsense_end_with_the_timeout_or_before() {
    let bytes = |text: &str| Reaction::Answer(text.to_owned());
    let rows = vec![
        ("stall", Reaction::Stall),
        ("stall, nothing read", Reaction::StallUnread),
        ("half a status", bytes("HTTP/1.1 20")),
        ("half a header", bytes("HTTP/1.1 202 X\r\ncontent-le")),
        ("another protocol", bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
        ("no version", bytes("HTTP 202\r\n\r\n")),
        ("zeros", Reaction::Endless(String::new())),
        ("a header without end", Reaction::Endless("HTTP/1.1 202 X\r\nx-".to_owned())),
        ("100 again and again", bytes(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(100))),
    ];
    side_by_side(rows, |(what, act)| {
        let began = Instant::now();
        let wire = RawServer::scripted([act.clone()]);
        assert_outcome(what, &two_spans_to(&wire.url), (2, 2, 1), None);
        let wire = RawServer::start(move |_| act.clone());
        two_spans_in_vain(what, &wire.url, Deadline);
        assert!(began.elapsed() < Duration::from_secs(10), "{what}: {:?}", began.elapsed());
    });
}

#[test]
fn the_status_counts_however_the_body_goes_on() {
    let endless =
        |status: u16| Reaction::Endless(format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n"));
    let broken =
        Reaction::AnswerThenReset("HTTP/1.1 202 X\r\ncontent-length: 9\r\n\r\nhalf".to_owned(), Duration::ZERO);
    let began = Instant::now();
    for (what, acts, outcome) in [
        ("endless 202", vec![endless(202)], (2, 1, 0)),
        ("endless 503", vec![endless(503)], (2, 2, 1)),
        ("202 and then a reset", vec![broken], (2, 1, 0)),
    ] {
        let wire = RawServer::scripted(acts);
        assert_outcome(what, &two_spans_to(&wire.url), outcome, None);
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn an_intake_that_resets_idle_connections_loses_nothing() {
    bounded(|| {
        let idle = Duration::from_millis(2);
        let wire = RawServer::start(move |_| {
            Reaction::AnswerThenReset("HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n".into(), idle)
        });
        let pipeline = Pipeline::start(to(&wire.url));
        for round in 1..=60 {
            pipeline.emit(1);
            pipeline.guard.flush(SOON).unwrap();
            // Half of them meet the dead connection, the others race with its death.
            if round % 2 == 0 {
                until("the connection is reset", || wire.resets() >= round);
            }
        }
        let stats = pipeline.guard.handle().stats();
        assert_eq!((stats.delivered, stats.lost_total(), stats.pending), (60, 0, 0), "{stats:?}");
    });
}

#[test]
fn an_outage_loses_nothing() {
    let outages: Vec<(&str, fn() -> Reaction)> = vec![
        ("503", || Reaction::status(503)),
        ("403", || Reaction::status(403)),
        ("404", || Reaction::status(404)),
        ("reset", || Reaction::ResetAfter(1)),
        ("stall", || Reaction::Stall),
    ];
    side_by_side(outages, |(what, act)| {
        let began = Instant::now();
        let wire =
            RawServer::start(
                move |_| if began.elapsed() < Duration::from_secs(3) { act() } else { Reaction::status(202) },
            );
        let builder =
            to(&wire.url).request_timeout(Duration::from_millis(500)).flush_interval(Duration::from_millis(100));
        let pipeline = Pipeline::start(builder);
        while began.elapsed() < Duration::from_secs(4) {
            pipeline.emit(20);
            std::thread::sleep(Duration::from_millis(40));
        }
        let flushed = pipeline.guard.flush(SOON);
        let stats = pipeline.guard.handle().stats();
        assert!(flushed.is_ok_and(|outcome| outcome.is_complete()), "{what}: {stats:?}");
        assert_eq!((stats.delivered, stats.refused_total(), stats.lost_total()), (stats.offered, 0, 0), "{what}");
    });
}

#[test]
fn a_sick_intake_of_evaluations_does_not_hold_up_spans() {
    let wire = RawServer::answering(|request| {
        let is_span = String::from_utf8_lossy(&request.bytes).starts_with("POST /api/v2/llmobs");
        if is_span { Reaction::status(202) } else { Reaction::Stall }
    });
    let pipeline = Pipeline::start(to(&wire.url).flush_interval(Duration::from_millis(50)));
    let handle = pipeline.guard.handle();
    for round in 1..=10 {
        let evaluation = Evaluation::boolean("helpful", round % 2 == 0).span_with_tag("run", "7");
        handle.submit_evaluation(evaluation).unwrap();
        pipeline.emit(5);
        until("the spans are delivered", || handle.stats().delivered == 5 * round);
    }
    assert_eq!(handle.stats().pending, 10);
}

#[test]
fn a_distant_intake_gets_several_requests_at_a_time() {
    const DISTANCE: Duration = Duration::from_millis(100);
    let answer = "HTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n";
    let wire = RawServer::start(move |_| Reaction::AnswerAfter(DISTANCE, answer.to_owned()));
    let pipeline = Pipeline::start(to(&wire.url).max_payload_bytes(20_000));
    for _ in 0..600 {
        pipeline.emit_input(1_000);
    }
    let began = Instant::now();
    pipeline.guard.flush(SOON).unwrap();
    let requests = pipeline.guard.handle().stats().requests;
    let times: Vec<Instant> = wire.requests().iter().map(|request| request.at).collect();
    let within =
        |from: &Instant| times.iter().filter(|at| *at >= from && at.duration_since(*from) < DISTANCE / 2).count();
    let most = times.iter().map(within).max().unwrap();
    assert!((4..=8).contains(&most), "{most} at once");
    let one_after_another = DISTANCE * u32::try_from(requests).unwrap();
    assert!(began.elapsed() < one_after_another / 2, "{:?} for {requests} requests", began.elapsed());
}
