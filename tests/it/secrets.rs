//! Neither the API key nor what the application said to its model comes out anywhere but at the intake.

use std::time::Duration;

use llmobs_receiver::{Answer, Receiver};
use tracing::Level;
use tracing_llmobs::{Annotation, ApiKey, Builder, Guard, LlmObsSpanExt, Message};
use tracing_subscriber::Registry;
use tracing_subscriber::prelude::*;

use crate::harness::{CollectedLog, NEVER, RawServer, Reaction, SOON, in_own_process, receiver, to};

const KEY: &str = "canary-of-the-key";
const PROMPT: &str = "canary-of-the-prompt";

fn keyed(url: &str) -> Builder {
    let builder = Builder::without_environment().ml_app("secrets").agentless(true).api_key(KEY).override_origin(url);
    builder.flush_interval(NEVER).request_timeout(Duration::from_millis(300))
}

/// Spans with the canary wherever content can be.
fn emit() {
    for kind in ["llm", "task", "tool", "no kind at all"] {
        let span = tracing::info_span!("chat", llmobs.kind = kind);
        let messages = [Message::system(PROMPT), Message::user(PROMPT)];
        span.annotate(Annotation::new().input(messages).output(PROMPT).metadata(PROMPT, PROMPT).tag("t", PROMPT));
        span.annotate(Annotation::new().metric(PROMPT, f64::NAN).tag(" ", PROMPT).session_id(PROMPT));
    }
    // Content over the limit is left out, and that is said without showing it.
    tracing::info_span!("large", llmobs.kind = "task").annotate(Annotation::new().input(PROMPT.repeat(1_000)));
}

#[test]
fn nobody_in_the_process_ever_says_a_key_or_a_prompt() {
    if !in_own_process("secrets::nobody_in_the_process_ever_says_a_key_or_a_prompt") {
        return;
    }
    let receiver = receiver();
    let faults = faults(&receiver);
    let [echoing, redirecting, broken] = faults.each_ref().map(|wire| wire.url.as_str());
    // Without anybody there, in clear to a port that wants TLS, and by every road.
    let tls = format!("https://{}", receiver.url().strip_prefix("http://").unwrap());
    let urls = [receiver.url(), echoing, redirecting, broken, &tls, "http://127.0.0.1:9"];
    let mut guards = Vec::new();
    let mut layers = Vec::new();
    let mut builders: Vec<Builder> = urls.map(|url| keyed(url).max_event_bytes(5_000)).into();
    builders.push(keyed(receiver.url()).agentless(false));
    for builder in builders {
        let shown = format!("{builder:?} {builder:#?}");
        let (layer, guard) = builder.start::<Registry>().unwrap();
        assert!(!format!("{shown} {layer:?} {guard:?} {:?}", guard.handle()).contains("canary"));
        layers.extend(layer);
        guards.push(guard);
    }
    let collected = CollectedLog::default();
    tracing_subscriber::registry().with(layers).with(collected.clone()).init();
    let mut errors = Vec::new();
    for _ in 0..4 {
        emit();
        // Of what waits nothing is shown.
        assert!(!format!("{guards:?} {:?}", guards.iter().map(Guard::handle).collect::<Vec<_>>()).contains("canary"));
        // Those that time out are errors to show.
        errors.extend(guards.iter().filter_map(|guard| guard.flush(Duration::from_millis(500)).err()));
    }
    for guard in guards {
        errors.extend(guard.shutdown(Duration::from_millis(500)).err());
    }
    assert!(!format!("{errors:?}").contains("canary"));
    let said = collected.all();
    let from = |word: &str| said.iter().filter(|said| format!("{said:?}").contains(word)).count();
    assert!(from("hyper") + from("reqwest") > 0, "the client is heard: {said:#?}");
    assert!(
        collected.ours(Level::WARN).len() > 5 && from("A request failed") > 3,
        "{:#?}",
        collected.ours(Level::WARN)
    );
    for said in &said {
        assert!(!format!("{said:?}").contains("canary"), "{said:?}");
    }
    check_requests(&receiver);
}

/// Intakes that do something wrong, and say what they have heard while they do.
fn faults(receiver: &Receiver) -> [RawServer; 3] {
    let statuses = [202, 400, 403, 413, 413, 429, 503, 301].map(Answer::status);
    receiver.answer_next(statuses.into_iter().chain([Answer::closed(), Answer::status(202).delay(SOON)]));
    let echo = format!("{{\"errors\":[\"{KEY} {PROMPT}\"]}}");
    let echoing = RawServer::start(move |_| Reaction::with(400, &format!("x-echo: {KEY}\r\n"), &echo));
    let redirecting = RawServer::start(|_| Reaction::with(302, &format!("location: http://127.0.0.1:9/{KEY}\r\n"), ""));
    let broken = RawServer::start(|index| match index % 4 {
        0 => Reaction::ResetAfter(100),
        1 => Reaction::Answer(format!("{KEY} {PROMPT}\r\n\r\n")),
        2 => Reaction::Answer(format!("HTTP/1.1 {KEY} {PROMPT}\r\n\r\n")),
        _ => Reaction::Stall,
    });
    [echoing, redirecting, broken]
}

/// The canaries were there to be seen.
fn check_requests(receiver: &Receiver) {
    let requests = receiver.requests();
    assert!(requests.iter().any(|request| request.header("dd-api-key") == Some(KEY)));
    assert!(requests.iter().any(|request| String::from_utf8_lossy(&request.body).contains(PROMPT)));
    // An agent has a key of its own.
    let proxied = requests.iter().filter(|request| request.path.starts_with("/evp_proxy"));
    assert!(proxied.clone().count() > 0);
    for request in proxied {
        assert!(!format!("{:?}", request.headers).contains(KEY));
    }
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "a table of builders")]
fn what_can_be_shown_shows_no_key() {
    let key = ApiKey::from(KEY);
    assert!(!format!("{key:?} {key:#?}").contains("canary"));
    let errors = [
        Builder::without_environment().agentless(true).api_key(format!("{KEY}\u{e9}")),
        Builder::without_environment().agentless(true).api_key(format!("{KEY}\r\nx: y")),
        Builder::without_environment().agentless(true).api_key(KEY).override_origin("http://gateway.example"),
        Builder::without_environment().api_key("k").agent_url(format!("http://{KEY}:x@localhost")),
        Builder::without_environment().api_key("k").agent_url(format!("http://localhost/?key={KEY}")),
        Builder::without_environment().api_key("k").override_origin(format!("http://localhost/#{KEY}")),
    ];
    for builder in errors {
        let error = builder.start::<Registry>().unwrap_err();
        assert!(!format!("{error} {error:?} {error:#?}").contains("canary"), "{error:?}");
    }
    assert!(!format!("{:?}", to("http://127.0.0.1:9")).contains("test-key"));
}
