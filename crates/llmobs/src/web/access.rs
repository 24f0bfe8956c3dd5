//! Access: who may read pages, and who may send.
//!
//! The viewer listens on loopback without a password, and every page that is open in a browser of the machine reaches it. A
//! page that rebinds its name to 127.0.0.1 sends its name as `Host`; a page that posts sends its `Origin`. Both are refused.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};

/// The rules that the command line sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    /// Host names that are accepted beside addresses and `localhost`.
    pub(crate) hosts: Vec<String>,
    /// The secret that every request from another machine carries; `None` when only loopback can connect.
    pub(crate) token: Option<String>,
    /// Networks whose machines may send without the token.
    pub(crate) ingest: Vec<Network>,
}

/// A request as access sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor<'a> {
    pub(crate) address: IpAddr,
    pub(crate) headers: &'a HeaderMap,
    /// The authority of the address line, which HTTP/1.1 rarely has.
    pub(crate) authority: Option<&'a str>,
    /// True for requests of SDKs.
    pub(crate) is_sender: bool,
    /// True for requests that carry data or change something.
    pub(crate) is_change: bool,
}

/// The reason why a request is refused.
pub(crate) type Refusal = (StatusCode, String);

impl Access {
    /// Checks a request.
    pub(crate) fn check(&self, visitor: Visitor<'_>) -> Result<(), Refusal> {
        let text = |name| visitor.headers.get(name).map(|value| value.to_str().unwrap_or("(not text)"));
        let host = text(header::HOST).or(visitor.authority);
        if let Some(host) = host.filter(|host| !self.is_own_host(host)) {
            let reason = format!("host {host:?} is not an address or localhost; allow it with --allow-host {host}");
            return Err((StatusCode::FORBIDDEN, reason));
        }
        if let Some(origin) = text(header::ORIGIN).filter(|origin| !is_same(origin, host)) {
            return Err((StatusCode::FORBIDDEN, format!("pages of {origin:?} may not use this viewer")));
        }
        let is_strange =
            matches!(text(header::HeaderName::from_static("sec-fetch-site")), Some("cross-site" | "same-site"));
        if is_strange && (visitor.is_sender || visitor.is_change) {
            return Err((StatusCode::FORBIDDEN, "pages of other sites may not use this viewer".to_owned()));
        }
        if visitor.is_sender && visitor.is_change && is_simple(text(header::CONTENT_TYPE)) {
            let reason = "the content type is not application/json, application/msgpack or application/x-protobuf";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, reason.to_owned()));
        }
        self.check_token(visitor)
    }

    fn check_token(&self, visitor: Visitor<'_>) -> Result<(), Refusal> {
        let Some(token) = &self.token else { return Ok(()) };
        let address = visitor.address.to_canonical();
        if address.is_loopback() || (visitor.is_sender && self.ingest.iter().any(|network| network.contains(address))) {
            return Ok(());
        }
        if credentials(visitor.headers).any(|own| is_equal(own, token)) {
            return Ok(());
        }
        let reason = if visitor.is_sender {
            "send the token as DD-API-KEY, or start the viewer with --allow-ingest and the network of the sender"
        } else {
            "this page needs the token: open it once with ?token=…"
        };
        Err((StatusCode::UNAUTHORIZED, reason.to_owned()))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let name = without_port(host);
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        address.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Returns whether this is the token. Takes the same time wherever the texts differ.
    pub(crate) fn is_token(&self, text: &str) -> bool {
        self.token.as_deref().is_some_and(|token| is_equal(text, token))
    }
}

/// Returns the secrets that a request carries: the key of an SDK, a bearer token, the cookie that the pages set.
fn credentials(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let cookie = cookie(headers, TOKEN_COOKIE);
    [text("dd-api-key"), bearer, cookie].into_iter().flatten()
}

/// Returns the value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

pub(crate) const TOKEN_COOKIE: &str = "llmobs_token";

fn is_equal(one: &str, other: &str) -> bool {
    let difference = one.bytes().zip(other.bytes()).fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && difference == 0
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

fn is_same(origin: &str, host: Option<&str>) -> bool {
    origin.strip_prefix("http://").is_some_and(|origin| Some(origin) == host)
}

/// Returns whether a browser sends this content type to another site without asking first.
fn is_simple(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
        .iter()
        .any(|simple| essence.eq_ignore_ascii_case(simple))
}

/// A network in CIDR notation, such as `172.16.0.0/12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Parses a network; a single address is one too.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(widest), |prefix| prefix.parse().ok())?;
        (prefix <= widest).then_some(Self { address, prefix })
    }

    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.prefix);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.prefix);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn check(access: &Access, address: &str, headers: &[(&str, &str)], is_sender: bool, is_change: bool) -> u16 {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
        let address = address.parse().unwrap();
        let visitor = Visitor { address, headers: &headers, authority: None, is_sender, is_change };
        access.check(visitor).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let access = Access { hosts: vec!["viewer.test".to_owned()], ..Access::default() };
        let json = ("content-type", "application/json");
        for (headers, is_sender, is_change, status) in [
            (vec![("host", "127.0.0.1:8126")], false, false, 200),
            (vec![("host", "localhost:8126")], false, false, 200),
            (vec![("host", "[::1]:8126")], false, false, 200),
            (vec![("host", "viewer.test")], false, false, 200),
            (vec![("host", "evil.test:8126")], false, false, 403),
            (vec![("host", "127.0.0.1:8126"), ("origin", "http://evil.test")], false, false, 403),
            (vec![("host", "127.0.0.1:8126"), ("origin", "null")], false, true, 403),
            (vec![("host", "127.0.0.1:8126"), ("origin", "http://127.0.0.1:8126")], false, true, 200),
            (vec![("host", "127.0.0.1:8126"), ("sec-fetch-site", "cross-site")], false, true, 403),
            (vec![("host", "127.0.0.1:8126"), ("sec-fetch-site", "cross-site")], false, false, 200),
            (vec![("host", "127.0.0.1:8126"), json], true, true, 200),
            (vec![("host", "127.0.0.1:8126"), ("content-type", "text/plain")], true, true, 415),
            (vec![("host", "127.0.0.1:8126")], true, true, 415),
        ] {
            assert_eq!(check(&access, "127.0.0.1", &headers, is_sender, is_change), status, "{headers:?}");
        }
    }

    #[test]
    fn other_machines_need_the_token_or_an_open_network() {
        let ingest = vec![Network::parse("172.16.0.0/12").unwrap()];
        let access = Access { token: Some("secret".to_owned()), ingest, ..Access::default() };
        let host = ("host", "10.0.0.1:8126");
        for (address, headers, is_sender, status) in [
            ("127.0.0.1", vec![host], false, 200),
            ("10.0.0.2", vec![host], false, 401),
            ("10.0.0.2", vec![host, ("authorization", "Bearer secret")], false, 200),
            ("10.0.0.2", vec![host, ("cookie", "a=b; llmobs_token=secret")], false, 200),
            ("10.0.0.2", vec![host, ("cookie", "llmobs_token=secreT")], false, 401),
            ("10.0.0.2", vec![host], true, 401),
            ("10.0.0.2", vec![host, ("dd-api-key", "secret")], true, 200),
            ("172.17.0.3", vec![host], true, 200),
            ("::ffff:172.17.0.3", vec![host], true, 200),
            ("172.17.0.3", vec![host], false, 401),
            ("172.32.0.1", vec![host], true, 401),
        ] {
            assert_eq!(check(&access, address, &headers, is_sender, false), status, "{address} {headers:?}");
        }
    }

    #[test]
    fn networks_are_parsed_strictly() {
        for text in ["10.0.0.0/33", "x", "10.0.0/8", "::/129", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!(Network::parse("fd00::/8").unwrap().contains("fd12::1".parse().unwrap()));
    }
}
