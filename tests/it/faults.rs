//! Whatever the intake or the network does, every span ends once, and the ledger says how.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use llmobs_receiver::Answer;
use tracing_llmobs::LossReason::{self, Rejected, TooLarge, Unauthorized, Unreachable};
use tracing_llmobs::Stats;

use crate::harness::{Pipeline, RawServer, Reaction, SOON, bounded, item_ids, receiver, to, until};

/// What became of the spans of one flush: how many requests, how many retries of them, and the one reason for losses.
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
    pipeline.guard.flush(SOON).unwrap();
    pipeline.guard.handle().stats()
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
    let once = |lost| (1, 0, lost);
    let rows = vec![
        (200, once(None)),
        (201, once(None)),
        (202, once(None)),
        (204, once(None)),
        (400, once(Some(Rejected))),
        (404, once(Some(Rejected))),
        (405, once(Some(Rejected))),
        (415, once(Some(Rejected))),
        (422, once(Some(Rejected))),
        (401, once(Some(Unauthorized))),
        (403, once(Some(Unauthorized))),
        (301, once(Some(Rejected))),
        (408, (3, 2, Some(Unreachable))),
        (425, (3, 2, Some(Unreachable))),
        (429, (3, 2, Some(Unreachable))),
        (500, (3, 2, Some(Unreachable))),
        (502, (3, 2, Some(Unreachable))),
        (503, (3, 2, Some(Unreachable))),
        (504, (3, 2, Some(Unreachable))),
        (599, (3, 2, Some(Unreachable))),
    ];
    side_by_side(rows, |(status, (requests, retries, lost))| {
        let receiver = receiver();
        receiver.answer_next((0..5).map(|_| Answer::status(status)));
        let stats = two_spans_to(receiver.url());
        let delivered = if lost.is_none() { 2 } else { 0 };
        assert_outcome(&format!("status {status}"), &stats, (delivered, requests, retries), lost);
        assert_eq!(receiver.requests().len() as u64, requests);
        assert_eq!(receiver.spans().len() as u64, delivered);
    });
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
    pipeline.guard.flush(SOON).unwrap();
    assert_outcome("halved", &pipeline.guard.handle().stats(), (3, 5, 0), Some(TooLarge));
    let requests: Vec<Vec<String>> = receiver.requests().iter().map(|request| item_ids(&request.body)).collect();
    let all = requests[0].clone();
    let expected = [&all[..], &all[..2], &all[2..], &all[2..3], &all[3..]];
    assert_eq!(requests, expected);

    receiver.clear();
    receiver.answer_next((0..20).map(|_| Answer::status(413)));
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(5);
    pipeline.guard.flush(SOON).unwrap();
    assert_outcome("all too large", &pipeline.guard.handle().stats(), (0, 9, 0), Some(TooLarge));
}

#[test]
fn the_halves_are_retried_like_anything_else() {
    let receiver = receiver();
    receiver.answer_next([413, 503, 202, 403].map(Answer::status));
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(2);
    pipeline.guard.flush(SOON).unwrap();
    assert_outcome("halves", &pipeline.guard.handle().stats(), (1, 4, 1), Some(Unauthorized));
}

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = receiver();
    for status in [301, 302, 303, 307, 308] {
        let receiver = receiver();
        receiver.answer_next([Answer::status(status).header("location", format!("{}/api/v2/llmobs", elsewhere.url()))]);
        assert_outcome("redirect", &two_spans_to(receiver.url()), (0, 1, 0), Some(Rejected));
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_web_page_is_no_acknowledgement() {
    for content_type in ["text/html", "Text/HTML; charset=utf-8"] {
        let page = format!("content-type: {content_type}\r\n");
        let wire = RawServer::start(move |_| Reaction::with(200, &page, "<html>please log in</html>"));
        assert_outcome(content_type, &two_spans_to(&wire.url), (0, 3, 2), Some(Unreachable));
    }
}

#[test]
fn a_closed_port_is_tried_three_times_and_the_next_flush_tries_again() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let pipeline = Pipeline::start(to(&format!("http://{address}")));
    pipeline.emit(2);
    pipeline.guard.flush(SOON).unwrap();
    assert_outcome("refused", &pipeline.guard.handle().stats(), (0, 3, 2), Some(Unreachable));
    let Ok(receiver) = llmobs_receiver::Receiver::bind(address) else { return };
    pipeline.emit(3);
    pipeline.guard.flush(SOON).unwrap();
    assert_eq!((receiver.spans().len(), pipeline.guard.handle().stats().delivered), (3, 3));
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
    assert_outcome("always reset", &two_spans_to(&wire.url), (0, 3, 2), Some(Unreachable));
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
        assert_outcome(what, &two_spans_to(&wire.url), (0, 3, 2), Some(Unreachable));
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
fn after_an_outage_everything_new_arrives() {
    let receiver = receiver();
    receiver.answer_next((0..6).map(|_| Answer::status(503)));
    let pipeline = Pipeline::start(to(receiver.url()));
    for _ in 0..5 {
        pipeline.emit(1);
        pipeline.guard.flush(SOON).unwrap();
    }
    assert_outcome("outage", &pipeline.guard.handle().stats(), (3, 9, 4), Some(Unreachable));
}
