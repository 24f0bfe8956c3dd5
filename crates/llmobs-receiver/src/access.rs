//! Access: requests that web pages make a browser send are refused.
//!
//! The receiver listens on loopback without a password, and so does every page that is open in a browser on the machine
//! reach it. Three rules keep pages out: the `Host` is a local one (a page that rebinds its name to 127.0.0.1 sends its
//! name), the `Origin` is the receiver itself or absent, and spans come with a content type that a browser does not send
//! without asking first.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

use super::endpoint::Endpoint;

/// Returns the status and the reason of a refusal; `None` for a request that is welcome.
pub(super) fn refusal(
    endpoint: Endpoint,
    authority: Option<&str>,
    headers: &HeaderMap,
    allowed_hosts: &[String],
) -> Option<(u16, String)> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("(not text)"));
    let host = text(header::HOST).or(authority);
    if let Some(host) = host.filter(|host| !is_local(host, allowed_hosts)) {
        let reason = format!("host {host:?} is not an address or localhost; allow it with Receiver::allow_host");
        return Some((403, reason));
    }
    if let Some(origin) = text(header::ORIGIN).filter(|origin| !is_own(origin, host)) {
        return Some((403, format!("requests of web pages are not taken, and this is one of {origin:?}")));
    }
    if text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site") {
        return Some((403, "requests of web pages are not taken".to_owned()));
    }
    let content_type = text(header::CONTENT_TYPE);
    if endpoint.takes_items() && content_type.is_none_or(is_sent_without_asking) {
        let reason =
            format!("content type {:?} is not application/json or application/msgpack", content_type.unwrap_or(""));
        return Some((415, reason));
    }
    None
}

/// Returns whether a host is an IP address, `localhost`, or one of `allowed`. An address cannot be rebound.
fn is_local(host: &str, allowed: &[String]) -> bool {
    let name = without_port(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || allowed.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Returns whether a page of the receiver itself has made the request.
fn is_own(origin: &str, host: Option<&str>) -> bool {
    origin.strip_prefix("http://").is_some_and(|origin| Some(origin) == host)
}

/// Returns whether a browser sends this content type to another origin without a preflight request.
fn is_sent_without_asking(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
        .iter()
        .any(|simple| essence.eq_ignore_ascii_case(simple))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(&str, &str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        refusal(Endpoint::Spans, None, &headers, &["intake.test".to_owned()]).map(|(status, _)| status)
    }

    #[test]
    fn requests_of_sdks_are_welcome() {
        for host in ["127.0.0.1:8126", "localhost:8126", "LOCALHOST", "[::1]:8126", "10.0.0.7", "intake.test:80"] {
            for content_type in ["application/json", "application/msgpack", "application/json; charset=utf-8"] {
                assert_eq!(status(&[("host", host), ("content-type", content_type)]), None, "{host} {content_type}");
            }
        }
        assert_eq!(status(&[("content-type", "application/json")]), None);
    }

    #[test]
    fn requests_that_a_web_page_can_cause_are_refused() {
        let json = ("content-type", "application/json");
        for (headers, refused) in [
            (&[("host", "evil.example"), json][..], 403),
            (&[("host", "evil.example:8126"), json], 403),
            (&[("host", "127.0.0.1.evil.example"), json], 403),
            (&[("host", "localhost.evil.example"), json], 403),
            (&[("host", "127.0.0.1:8126"), ("origin", "https://evil.example"), json], 403),
            (&[("host", "127.0.0.1:8126"), ("origin", "null"), json], 403),
            (&[("host", "127.0.0.1:8126"), ("origin", "http://localhost:3000"), json], 403),
            (&[("host", "127.0.0.1:8126"), ("sec-fetch-site", "cross-site"), json], 403),
            (&[("host", "127.0.0.1:8126")], 415),
            (&[("host", "127.0.0.1:8126"), ("content-type", "text/plain")], 415),
            (&[("host", "127.0.0.1:8126"), ("content-type", "Text/Plain; charset=utf-8")], 415),
            (&[("host", "127.0.0.1:8126"), ("content-type", "multipart/form-data; boundary=x")], 415),
        ] {
            assert_eq!(status(headers), Some(refused), "{headers:?}");
        }
        let own = [("host", "127.0.0.1:8126"), ("origin", "http://127.0.0.1:8126"), json];
        assert_eq!(status(&own), None);
    }
}
