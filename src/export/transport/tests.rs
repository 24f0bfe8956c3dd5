use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::rig::{Answer, Rig};
use super::{Failure, Payload, Route, SendError, Transport};
use crate::config::{Config, Given, Settings, UrlText};

const SPANS: &str = "POST /evp_proxy/v2/api/v2/llmobs";
const INFO: &str = r#"{"endpoints": ["/v0.4/traces", "/evp_proxy/v2/"]}"#;

/// The settings: mode, key, agent, overriding address.
#[derive(Default)]
struct Setup<'a> {
    agentless: Option<bool>,
    key: bool,
    agent: Option<&'a str>,
    origin: Option<&'a str>,
}

impl Setup<'_> {
    fn settings(&self) -> Settings {
        let url = |url: &str| Given::new("url", UrlText(url.to_owned()));
        let config = Config {
            agentless: self.agentless.map(|value| Given::new("agentless", Ok(value))),
            api_key: self.key.then(|| Given::new("api_key", "test-key".into())),
            agent_url: self.agent.map(url),
            override_origin: self.origin.map(url),
            request_timeout: Some(Given::new("request_timeout", Ok(Duration::from_millis(400)))),
            info_timeout: Some(Given::new("info_timeout", Ok(Duration::from_millis(200)))),
            ..Config::default()
        };
        config.resolve().unwrap()
    }

    fn transport(&self) -> Transport {
        Transport::new(&self.settings()).unwrap()
    }
}

fn payload(route: Route) -> Payload {
    Payload { route, body: r#"[{"event_type":"span"}]"#.into(), ends: Vec::new() }
}

async fn through_agent(url: &str) -> Result<(), SendError> {
    Setup { agentless: Some(false), agent: Some(url), ..Setup::default() }
        .transport()
        .send(&payload(Route::Spans))
        .await
}

/// The address of a port where nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn any_2xx_that_is_no_web_page_is_an_acknowledgement() {
    let page = "content-type: text/html; charset=utf-8\r\n";
    let table = [
        (Answer::status(200), None),
        (Answer::status(201), None),
        (Answer::with(202, "content-type: application/json\r\n", "{}"), None),
        (Answer::Bytes("HTTP/1.1 204 X\r\n\r\n".into()), None),
        (Answer::Bytes("HTTP/1.1 202 X\r\ncontent-length: 9\r\n\r\nhalf".into()), None),
        (Answer::Endless("HTTP/1.1 202 X\r\ntransfer-encoding: identity\r\n\r\n".into()), None),
        (Answer::with(200, page, "<html>please log in</html>"), Some(Failure::WebPage)),
        (Answer::Bytes("HTTP/1.1 100 X\r\n\r\nHTTP/1.1 202 X\r\ncontent-length: 0\r\n\r\n".into()), None),
        (
            Answer::Bytes("HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".into()),
            Some(Failure::Status(101)),
        ),
        (Answer::status(301), Some(Failure::Status(301))),
        (Answer::status(400), Some(Failure::Status(400))),
        (Answer::status(403), Some(Failure::Status(403))),
        (Answer::status(413), Some(Failure::Status(413))),
        (Answer::status(503), Some(Failure::Status(503))),
        (Answer::Bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n".into()), Some(Failure::Broken)),
        (Answer::Bytes(format!("HTTP/1.1 202 X\r\nx: {}\r\n\r\n", "x".repeat(1 << 20))), Some(Failure::Broken)),
        (Answer::Bytes(format!("HTTP/1.1 202 X\r\n{}\r\n", "x: y\r\n".repeat(10_000))), Some(Failure::Broken)),
        (Answer::Close, Some(Failure::Broken)),
        (Answer::Silence, Some(Failure::Timeout)),
        (Answer::Bytes("HTTP/1.1 20".into()), Some(Failure::Timeout)),
    ];
    for (index, (answer, expected)) in table.into_iter().enumerate() {
        let rig = Rig::always(answer).await;
        let began = Instant::now();
        let failure = through_agent(&rig.url).await.err().map(|error| error.failure);
        assert_eq!(failure, expected, "row {index}");
        assert_eq!(rig.targets(), [SPANS], "row {index}");
        assert!(began.elapsed() < Duration::from_secs(5), "row {index}");
    }
    let error = through_agent(&nobody().await).await.unwrap_err();
    assert_eq!(error.failure, Failure::Connect);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Rig::always(Answer::status(202)).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/elsewhere\r\n", other.url);
        let rig = Rig::always(Answer::with(status, &location, "")).await;
        let setup = Setup { agentless: Some(true), key: true, origin: Some(&rig.url), ..Setup::default() };
        let error = setup.transport().send(&payload(Route::Spans)).await.unwrap_err();
        assert_eq!(error.failure, Failure::Status(status));
        assert!(error.to_string().contains("redirect"), "{error}");
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn only_the_intake_gets_the_key_and_only_the_agent_the_subdomain() {
    let (spans, evaluations) = ("/api/v2/llmobs", "/api/intake/llm-obs/v2/eval-metric");
    for (agentless, route, subdomain, path) in [
        (true, Route::Spans, None, spans),
        (true, Route::Evaluations, None, evaluations),
        (false, Route::Spans, Some("llmobs-intake"), spans),
        (false, Route::Evaluations, Some("api"), evaluations),
    ] {
        let rig = Rig::always(Answer::status(202)).await;
        let setup = Setup { agentless: Some(agentless), key: true, origin: Some(&rig.url), ..Setup::default() };
        setup.transport().send(&payload(route)).await.unwrap();
        let request = rig.requests().remove(0);
        let prefix = if agentless { "" } else { "/evp_proxy/v2" };
        assert_eq!(request.target(), format!("POST {prefix}{path}"));
        assert_eq!(request.header("dd-api-key"), agentless.then_some("test-key"));
        assert_eq!(request.header("x-datadog-evp-subdomain"), subdomain);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("accept-encoding"), None);
        assert!(request.header("user-agent").unwrap().starts_with("tracing-llmobs/"));
        assert_eq!(request.body, r#"[{"event_type":"span"}]"#);
    }
}

#[tokio::test]
async fn a_path_is_a_prefix_of_the_agent_and_takes_the_place_of_it_when_it_overrides() {
    let rig = Rig::always(Answer::status(202)).await;
    let with_path = format!("{}/vcr/datadog/", rig.url);
    for (agentless, agent, origin, expected) in [
        (false, Some(&with_path), None, "POST /vcr/datadog/evp_proxy/v2/api/v2/llmobs"),
        (false, None, Some(&with_path), "POST /vcr/datadog/api/v2/llmobs"),
        (true, None, Some(&with_path), "POST /vcr/datadog/api/v2/llmobs"),
        (false, None, Some(&rig.url), SPANS),
        (true, None, Some(&rig.url), "POST /api/v2/llmobs"),
    ] {
        let (agent, origin) = (agent.map(String::as_str), origin.map(String::as_str));
        let setup = Setup { agentless: Some(agentless), key: true, agent, origin };
        setup.transport().send(&payload(Route::Spans)).await.unwrap();
        assert_eq!(rig.targets().pop().unwrap(), expected);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_as_good_as_a_port() {
    let path = std::env::temp_dir().join(format!("llmobs-{:x}.socket", fastrand::u64(..)));
    let missing = format!("unix://{}", path.display());
    assert_eq!(through_agent(&missing).await.unwrap_err().failure, Failure::Connect);
    let rig = Rig::on_socket(&path, Answer::with(200, "content-type: application/json\r\n", INFO));
    through_agent(&rig.url).await.unwrap();
    Setup { agentless: Some(true), key: true, origin: Some(&rig.url), ..Setup::default() }
        .transport()
        .send(&payload(Route::Spans))
        .await
        .unwrap();
    Setup { agent: Some(&rig.url), ..Setup::default() }.transport().send(&payload(Route::Spans)).await.unwrap();
    std::fs::remove_file(path).unwrap();
    assert_eq!(rig.targets(), [SPANS, "POST /api/v2/llmobs", "GET /info", SPANS]);
}

#[tokio::test]
async fn an_agent_is_one_if_it_says_so_in_time() {
    let info = |body: &str| Answer::with(200, "content-type: application/json\r\n", body);
    let table = [
        (info(INFO), true),
        (info(r#"{"endpoints": ["/evp_proxy/v2"]}"#), true),
        (info(r#"{"endpoints": ["/evp_proxy/v2/", "/evp_proxy/v4/", 7]}"#), true),
        (info(r#"{"endpoints": ["/evp_proxy/v4/"]}"#), false),
        (info(r#"{"endpoints": ["/evp_proxy/v20/", "/x/evp_proxy/v2/"]}"#), false),
        (info(r#"{"endpoints": "/evp_proxy/v2/"}"#), false),
        (info(r#"["/evp_proxy/v2/"]"#), false),
        (info(r#"{"endpoints": ["/evp_proxy/v2/""#), false),
        (info(&format!(r#"{{"endpoints": ["/evp_proxy/v2/"], "x": "{}"}}"#, "x".repeat(1 << 20))), false),
        (Answer::with(404, "", INFO), false),
        (Answer::with(500, "", INFO), false),
        (Answer::with(302, "location: /info\r\n", INFO), false),
        (Answer::Silence, false),
        (Answer::Close, false),
    ];
    for (index, (answer, is_agent)) in table.into_iter().enumerate() {
        let agent = Rig::start(move |request| match request.target() {
            "GET /info" => answer.clone(),
            _ => Answer::status(202),
        });
        let (agent, intake) = (agent.await, Rig::always(Answer::status(202)).await);
        let setup = Setup { key: true, agent: Some(&agent.url), origin: Some(&intake.url), ..Setup::default() };
        let transport = setup.transport();
        for _ in 0..2 {
            transport.send(&payload(Route::Spans)).await.unwrap();
        }
        let expected = if is_agent { SPANS } else { "POST /api/v2/llmobs" };
        assert_eq!(intake.targets(), [expected; 2], "row {index}");
        assert_eq!(agent.targets(), ["GET /info"], "row {index}: asked once, and nothing else");
    }
}

#[tokio::test]
async fn nobody_at_the_agents_address_means_agentless() {
    let intake = Rig::always(Answer::status(202)).await;
    let agent = nobody().await;
    let setup = Setup { key: true, agent: Some(&agent), origin: Some(&intake.url), ..Setup::default() };
    setup.transport().send(&payload(Route::Spans)).await.unwrap();
    assert_eq!(intake.requests()[0].header("dd-api-key"), Some("test-key"));
}

#[tokio::test]
async fn without_a_key_the_agent_is_asked_until_it_is_there() {
    let is_up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = std::sync::Arc::clone(&is_up);
    let agent = Rig::start(move |_| {
        if flag.load(std::sync::atomic::Ordering::SeqCst) { Answer::with(200, "", INFO) } else { Answer::status(503) }
    })
    .await;
    let transport = Setup { agent: Some(&agent.url), ..Setup::default() }.transport();
    let error = transport.send(&payload(Route::Spans)).await.unwrap_err();
    assert_eq!(error.failure, Failure::NoWay);
    assert!(error.to_string().contains("DD_API_KEY"), "{error}");
    is_up.store(true, std::sync::atomic::Ordering::SeqCst);
    transport.send(&payload(Route::Spans)).await.unwrap();
    assert_eq!(agent.targets(), ["GET /info", "GET /info", SPANS]);
}

#[tokio::test]
async fn nothing_is_said_in_clear_to_a_server_without_tls() {
    let rig = Rig::always(Answer::status(202)).await;
    let url = rig.url.replace("http://", "https://");
    let setup = Setup { agentless: Some(true), key: true, origin: Some(&url), ..Setup::default() };
    let error = setup.transport().send(&payload(Route::Spans)).await.unwrap_err();
    assert_eq!(error.failure, Failure::Connect);
    assert!(rig.requests().iter().all(|request| !request.head.contains("test-key")), "{:?}", rig.requests());
}

#[tokio::test]
async fn an_error_names_neither_url_nor_key() {
    let (refused, silent, closed) =
        (nobody().await, Rig::always(Answer::Silence).await, Rig::always(Answer::Close).await);
    for url in [&refused, &silent.url, &closed.url] {
        let origin = format!("{url}/secret-path");
        let setup = Setup { agentless: Some(true), key: true, origin: Some(&origin), ..Setup::default() };
        let transport = setup.transport();
        let error = transport.send(&payload(Route::Spans)).await.unwrap_err();
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        assert!(source.is_some(), "{text}");
        while let Some(error) = source {
            write!(text, " {error} {error:?}").unwrap();
            source = error.source();
        }
        assert!(!text.contains("secret-path") && !text.contains("test-key") && !text.contains("event_type"), "{text}");
        assert!(!format!("{transport:?}").contains("test-key"));
    }
}

#[tokio::test]
async fn what_the_receiver_asks_to_wait_is_read() {
    let huge = format!("retry-after: {}\r\n", "9".repeat(4_000));
    let table = [
        ("retry-after: 2\r\n", Some(2)),
        ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", Some(784_111_777)),
        ("x-ratelimit-reset: 3\r\nretry-after: 7\r\n", Some(3)),
        ("x-ratelimit-reset: soon\r\nretry-after: 7\r\n", Some(7)),
        ("x-ratelimit-reset: 1900000000\r\n", Some(1_900_000_000)),
        ("x-ratelimit-reset: -1\r\n", None),
        ("x-ratelimit-reset: 1e309\r\n", None),
        ("x-ratelimit-reset: NaN\r\n", None),
        ("retry-after: \u{e4}\r\n", None),
        (huge.as_str(), None),
        ("", None),
    ];
    for (headers, expected) in table {
        let rig = Rig::always(Answer::with(429, headers, "")).await;
        let error = through_agent(&rig.url).await.unwrap_err();
        assert_eq!(
            (error.failure, error.wait.map(|wait| wait.as_secs())),
            (Failure::Status(429), expected),
            "{headers}"
        );
    }
}

#[tokio::test]
async fn one_connection_is_kept_unless_the_process_is_frozen_in_between() {
    for (is_lambda, expected) in [(false, 1), (true, 3)] {
        let rig = Rig::always(Answer::with(202, "", "{}")).await;
        let setup = Setup { agentless: Some(false), agent: Some(&rig.url), ..Setup::default() };
        let settings = Settings { keep_idle_connections: !is_lambda, ..setup.settings() };
        let transport = Transport::new(&settings).unwrap();
        for _ in 0..3 {
            transport.send(&payload(Route::Spans)).await.unwrap();
        }
        assert_eq!(rig.connections(), expected, "frozen: {is_lambda}");
    }
}

proptest::proptest! {
    #[test]
    fn an_address_means_to_the_url_parser_what_it_means_to_us(
        text in "(http|https|HTTP)://(([a-z0-9_-]{1,4}[.]){0,2}[a-z0-9]{1,4}|[a-z0-9._@:/?#\\\\%\\[\\] -]{1,12})([.:][0-9a-fx]{1,5})?(/[a-zA-Z0-9._~%+-]{0,5}){0,3}",
    ) {
        let config = Config { agent_url: Some(Given::new("url", UrlText(text.clone()))), ..Config::default() };
        if let Ok(settings) = config.resolve() {
            let ours = settings.agent.to_string();
            let url = reqwest::Url::parse(&ours).unwrap();
            let host = url.host_str().unwrap();
            let authority = ours.split('/').nth(2).unwrap();
            proptest::prop_assert!(authority == host || authority.starts_with(&format!("{host}:")), "{ours} {url}");
            proptest::prop_assert!(ours.ends_with(url.path().trim_end_matches('/')), "{ours} {url}");
            proptest::prop_assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none());
        }
    }
}
