//! Routes through a proxy, and the bytes that the proxy sees.

use tracing_llmobs::LossReason;

use super::program::{BASIC, CREDENTIALS};
use super::{AGENT, AGENTLESS, Authority, Ending, Front, Identity, Proxy, SPANS, Scratch, Verdict};
use crate::harness::{RawServer, Reaction, receiver};

/// A name that nobody can look up; who reaches it has asked a proxy.
const FAR: &str = "intake.invalid";
/// This machine by an address that is not one of the loopback's, so that nobody takes it for this machine.
const ANY: &str = "0.0.0.0";

/// The variables that name a proxy for everything, in the way in which programs are usually told.
fn everywhere(proxy: &str) -> Vec<(&str, &str)> {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
        .map(|name| (name, proxy))
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn https_to_another_machine_goes_through_a_tunnel_that_shows_the_proxy_the_host_alone() {
    let authority = Authority::new("ours");
    let trusted = authority.file();
    let receiver = receiver();
    receiver.allow_host(FAR);
    let front = Front::start(&authority.valid(FAR), receiver.url()).await;
    let proxy = Proxy::start(Verdict::Through(front.port)).await;
    let bare = format!("127.0.0.1:{}", proxy.port);
    let known = format!("http://{CREDENTIALS}@{bare}/");
    let origin = format!("https://{FAR}");
    // TLS to the proxy, and within it TLS to the intake.
    let encrypted = Front::start(&authority.valid("localhost"), &proxy.url()).await;
    let encrypted = format!("https://localhost:{}", encrypted.port);
    let url = proxy.url();
    let table = [
        (vec![("HTTPS_PROXY", url.as_str())], false),
        (vec![("https_proxy", &url)], false),
        (vec![("ALL_PROXY", &url)], false),
        (vec![("HTTPS_PROXY", &bare)], false),
        (vec![("HTTPS_PROXY", &encrypted)], false),
        (vec![("HTTPS_PROXY", &known)], true),
        (vec![("HTTPS_PROXY", &known), ("NO_PROXY", "elsewhere.invalid,10.0.0.0/8")], true),
    ];
    for (index, (variables, is_known)) in table.into_iter().enumerate() {
        let fixed = [AGENTLESS, ("SSL_CERT_FILE", trusted.path()), ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)];
        Ending::of(&[&fixed, &variables[..]].concat()).assert_delivered();
        let heads = proxy.heads();
        assert_eq!((heads.len(), receiver.spans().len()), (index + 1, (index + 1) * SPANS), "{variables:?}");
        let head = heads[index].to_lowercase();
        assert!(head.starts_with(&format!("connect {FAR}:443 http/1.1\r\n")), "{head}");
        assert!(!head.contains("api") && !head.contains("test-key") && !head.contains("llmobs\r"), "{head}");
        assert_eq!(head.contains(&BASIC.to_lowercase()), is_known, "{head}");
        let hello = &front.hellos()[index];
        assert_eq!((hello.name.as_deref(), &hello.protocols[..]), (Some(FAR), &["http/1.1".to_owned()][..]));
    }
    for request in receiver.requests() {
        assert_eq!(request.header("dd-api-key"), Some("test-key"));
        assert_eq!(request.header("proxy-authorization"), None, "what is the proxy's is not for the intake");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_site_s_own_intake_is_reached_through_the_proxy_too() {
    let authority = Authority::new("ours");
    let (trusted, receiver) = (authority.file(), receiver());
    receiver.allow_host("llmobs-intake.nowhere.datadoghq.eu");
    let front = Front::start(&authority.valid("llmobs-intake.nowhere.datadoghq.eu"), receiver.url()).await;
    let proxy = Proxy::start(Verdict::Through(front.port)).await;
    let url = proxy.url();
    let environment =
        [AGENTLESS, ("SSL_CERT_FILE", trusted.path()), ("DD_SITE", "nowhere.datadoghq.eu"), ("HTTPS_PROXY", &url)];
    Ending::of(&environment).assert_delivered();
    assert_eq!((proxy.connections(), receiver.spans().len()), (1, SPANS));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_environment_excepts_and_what_is_not_for_a_proxy_is_reached_directly() {
    let authority = Authority::new("ours");
    let (trusted, receiver) = (authority.file(), receiver());
    let proxy = Proxy::start(Verdict::Silence).await;
    let (url, plain) = (proxy.url(), receiver.url().replace("127.0.0.1", ANY));
    let [any, local] = both(&authority, receiver.url()).await;
    let not_ours = format!("ftp://127.0.0.1:{}", proxy.port);
    let info = [("DD_TRACE_AGENT_URL", receiver.url()), ("DD_API_KEY", "")];
    let table = [
        // The control: all the others are like this one, but for one thing. Nothing arrives.
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any)], everywhere(&url), true),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any), ("NO_PROXY", ANY)], everywhere(&url), false),
        (
            vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any), ("no_proxy", "10.0.0.1, 0.0.0.0/8")],
            everywhere(&url),
            false,
        ),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &local)], everywhere(&url), false),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.url())], everywhere(&url), false),
        (vec![AGENT, ("DD_TRACE_AGENT_URL", receiver.url())], everywhere(&url), false),
        (vec![AGENT, ("DD_TRACE_AGENT_URL", &plain)], everywhere(&url), false),
        (vec![AGENT, ("DD_TRACE_AGENT_URL", &any)], everywhere(&url), false),
        (info.to_vec(), everywhere(&url), false),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any)], vec![("HTTP_PROXY", &url), ("http_proxy", &url)], false),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any)], everywhere(""), false),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any)], everywhere(":::"), false),
        (vec![AGENTLESS, ("DD_LLMOBS_OVERRIDE_ORIGIN", &any)], everywhere(&not_ours), false),
    ];
    for (settings, proxies, is_proxied) in table {
        receiver.clear();
        let before = proxy.connections();
        let environment = [&settings, &proxies[..], &[("SSL_CERT_FILE", trusted.path())]].concat();
        if is_proxied {
            Ending::of_brisk(&environment).assert_lost(LossReason::Deadline, "no answer in time");
        } else {
            Ending::of(&environment).assert_delivered();
        }
        let expected = if is_proxied { (true, 0) } else { (false, SPANS) };
        assert_eq!((proxy.connections() > before, receiver.spans().len()), expected, "{settings:?}");
    }
}

/// TLS in front of this server, by the address that is not the loopback's and by the one that is.
async fn both(authority: &Authority, behind: &str) -> [String; 2] {
    let start = async |host: &str| {
        let identity: Identity = authority.valid(host);
        format!("https://{host}:{}", Front::start(&identity, behind).await.port)
    };
    [start(ANY).await, start("127.0.0.1").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_s_socket_is_behind_no_proxy() {
    let proxy = Proxy::start(Verdict::Silence).await;
    let folder = Scratch::file("");
    let path = format!("{}/agent.socket", folder.folder());
    let agent = RawServer::on_socket(path.as_ref(), |_| Reaction::status(202));
    let url = proxy.url();
    for way in [AGENT, AGENTLESS] {
        let settings = [way, ("DD_TRACE_AGENT_URL", &agent.url), ("DD_LLMOBS_OVERRIDE_ORIGIN", &agent.url)];
        Ending::of(&[&settings, &everywhere(&url)[..]].concat()).assert_delivered();
    }
    assert_eq!((proxy.connections(), agent.requests().len()), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_opens_no_tunnel_costs_the_spans_and_shows_nothing() {
    let redirect = "HTTP/1.1 302 X\r\nlocation: https://canary.invalid/\r\ncontent-length: 0\r\n\r\n";
    for (verdict, scheme, cause) in [
        (
            Verdict::Says("HTTP/1.1 407 X\r\ncontent-length: 6\r\n\r\ncanary"),
            "http",
            "cause=tunnel error: proxy authorization required",
        ),
        (
            Verdict::Says("HTTP/1.1 503 X\r\ncontent-length: 6\r\n\r\ncanary"),
            "http",
            "cause=tunnel error: unsuccessful",
        ),
        (Verdict::Says(redirect), "http", "cause=tunnel error: unsuccessful"),
        (Verdict::Says("SSH-2.0-OpenSSH_9.6\r\n\r\n"), "http", "cause=tunnel error: unsuccessful"),
        (Verdict::Says(""), "http", "cause=tunnel error: unexpected end of file"),
        (Verdict::Silence, "http", "no answer in time"),
        (Verdict::Silence, "https", "no answer in time"),
        (Verdict::Silence, "socks5", ""),
    ] {
        let proxy = Proxy::start(verdict).await;
        let url = format!("{scheme}://{CREDENTIALS}@127.0.0.1:{}", proxy.port);
        let origin = format!("https://{FAR}/secret-path");
        let environment = [AGENTLESS, ("HTTPS_PROXY", &url), ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin)];
        let ending = match verdict {
            Verdict::Silence => Ending::of_brisk(&environment),
            Verdict::Through(_) | Verdict::Says(_) => Ending::of(&environment),
        };
        ending.assert_lost(LossReason::Deadline, cause);
        assert!(scheme == "socks5" || proxy.connections() >= 3, "it is tried again: {}", proxy.connections());
        for head in proxy.heads() {
            assert!(!head.contains("test-key") && !head.contains("secret-path"), "{head}");
        }
    }
}
