//! Certificates that the exporter accepts, and the loss of spans if it accepts none.

use llmobs_receiver::Answer;
use tracing_llmobs::LossReason;

use super::{AGENTLESS, Authority, Ending, Front, SPANS};
use crate::harness::{RawServer, Reaction, SOON, receiver};

const UNKNOWN: &str = "cause=invalid peer certificate: UnknownIssuer;";

#[tokio::test(flavor = "multi_thread")]
async fn spans_arrive_by_http_1_over_tls_where_the_environment_names_the_authority() {
    let (authority, other) = (Authority::new("ours"), Authority::new("other"));
    let (trusted, untrusted) = (authority.file(), other.file());
    for (host, name, path, roots) in [
        ("localhost", Some("localhost"), "", vec![("SSL_CERT_FILE", trusted.path())]),
        ("127.0.0.1", None, "/prefix", vec![("SSL_CERT_FILE", trusted.path())]),
        ("localhost", Some("localhost"), "", vec![("SSL_CERT_DIR", trusted.folder())]),
        (
            "localhost",
            Some("localhost"),
            "",
            vec![("SSL_CERT_FILE", untrusted.path()), ("SSL_CERT_DIR", trusted.folder())],
        ),
    ] {
        let receiver = receiver();
        let front = Front::start(&authority.valid(host), receiver.url()).await;
        let origin = format!("https://{host}:{}{path}", front.port);
        let environment = [&roots[..], &[AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)]].concat();
        Ending::of(&environment).assert_delivered();
        assert_eq!(receiver.wait_for_requests(1, SOON).len(), 1);
        let request = receiver.requests().remove(0);
        assert_eq!(request.path, format!("{path}/api/v2/llmobs"));
        assert_eq!(request.header("dd-api-key"), Some("test-key"));
        let hellos = front.hellos();
        assert_eq!(hellos.len(), 1, "{hellos:?}");
        assert_eq!((hellos[0].name.as_deref(), hellos[0].is_content), (name, true));
        assert_eq!(hellos[0].protocols, ["http/1.1"], "nothing else is offered to a server that would like HTTP/2");
        if path.is_empty() {
            assert_eq!(receiver.spans().len(), SPANS);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_who_it_should_be_gets_nothing_and_the_cause_is_said() {
    let (authority, other) = (Authority::new("ours"), Authority::new("other"));
    let trusted = authority.file();
    for (identity, roots, cause) in [
        (&other.valid("localhost"), trusted.path(), UNKNOWN),
        (
            &authority.valid("elsewhere.invalid"),
            trusted.path(),
            "cause=invalid peer certificate: certificate not valid for name \"localhost\"",
        ),
        (
            &authority.identity("localhost", (2020, 2021)),
            trusted.path(),
            "cause=invalid peer certificate: certificate expired",
        ),
        (
            &authority.identity("localhost", (2100, 2101)),
            trusted.path(),
            "cause=invalid peer certificate: certificate not valid yet",
        ),
    ] {
        let receiver = receiver();
        let front = Front::start(identity, receiver.url()).await;
        let origin = format!("https://localhost:{}", front.port);
        let environment = [AGENTLESS, ("SSL_CERT_FILE", roots), ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)];
        Ending::of(&environment).assert_lost(LossReason::Deadline, cause);
        let hellos = front.hellos();
        assert!(hellos.len() >= 3, "it is tried again: {hellos:?}");
        assert!(hellos.iter().all(|hello| !hello.is_content), "{hellos:?}");
        assert!(receiver.requests().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_ends_ends_with_the_time_for_it() {
    let authority = Authority::new("ours");
    let (trusted, silent) = (authority.file(), RawServer::start(|_| Reaction::StallUnread));
    let origin = silent.url.replace("http://", "https://");
    let environment = [AGENTLESS, ("SSL_CERT_FILE", trusted.path()), ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)];
    Ending::of_brisk(&environment).assert_lost(LossReason::Deadline, "no answer in time");
    Ending::of_hurried(&environment).assert_all_lost(LossReason::Deadline);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_that_a_redirect_names_is_not_asked_and_gets_no_key() {
    let authority = Authority::new("ours");
    let (trusted, identity) = (authority.file(), authority.valid("localhost"));
    for status in [301, 302, 303, 307, 308] {
        let (receiver, other) = (receiver(), receiver());
        let elsewhere = Front::start(&identity, other.url()).await;
        let front = Front::start(&identity, receiver.url()).await;
        let location = format!("https://localhost:{}/api/v2/llmobs", elsewhere.port);
        receiver.answer_next((0..50).map(|_| Answer::status(status).header("location", location.clone())));
        let origin = format!("https://localhost:{}", front.port);
        let environment = [AGENTLESS, ("SSL_CERT_FILE", trusted.path()), ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)];
        Ending::of(&environment).assert_lost(LossReason::Rejected, "a redirect, which is not followed");
        assert!(!front.hellos().is_empty() && elsewhere.hellos().is_empty(), "only the intake itself is asked again");
        assert!(other.requests().is_empty());
    }
}
