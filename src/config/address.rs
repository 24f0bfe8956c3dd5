//! Addresses of an agent or a stand-in for the intake, by a grammar that is narrower than that of URLs.
//!
//! A URL parser forgives (`http:\\h`, tabs, `@`, `0x7f.1`); what decides where an API key goes should not.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use super::given::excerpt;
use super::site::is_host;
use crate::error::ConfigError;

/// The address of an Agent, or of a stand-in for the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Http(BaseUrl),
    Unix(PathBuf),
}

impl Address {
    /// Reads `http://host:port/prefix`, `https://…` or `unix:///path`.
    pub(super) fn parse(setting: &'static str, text: &UrlText) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::Url { setting, value: text.shown(), problem };
        let (scheme, rest) = text.0.trim().split_once("://").ok_or_else(|| wrong(NO_SCHEME))?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => BaseUrl::parse(false, rest).map(Self::Http).map_err(wrong),
            "https" => {
                let address = BaseUrl::parse(true, rest).map(Self::Http).map_err(wrong)?;
                if HAS_TLS {
                    Ok(address)
                } else {
                    Err(ConfigError::TlsDisabled { setting, value: address.to_string() })
                }
            }
            "unix" => socket(rest).map(Self::Unix).map_err(wrong),
            _ => Err(wrong(NO_SCHEME)),
        }
    }

    /// A host that is reached by https at the usual port.
    pub(crate) fn https(host: &str) -> Self {
        Self::Http(BaseUrl { text: format!("https://{host}"), is_tls: true, is_loopback: false, has_path: false })
    }

    /// The agent at this host and port, which are known to be good.
    pub(super) fn http(host: &str, port: u16) -> Self {
        let is_loopback = is_loopback(host);
        Self::Http(BaseUrl { text: format!("http://{host}:{port}"), is_tls: false, is_loopback, has_path: false })
    }

    /// Returns whether content that is sent there can be read on the way.
    pub(crate) fn is_cleartext(&self) -> bool {
        match self {
            Self::Http(base) => !base.is_tls && !base.is_loopback && !base.is_unspecified(),
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(base) => f.write_str(&base.text),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// Scheme, host, port and path, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    text: String,
    is_tls: bool,
    is_loopback: bool,
    has_path: bool,
}

impl BaseUrl {
    fn parse(is_tls: bool, rest: &str) -> Result<Self, &'static str> {
        if rest.contains('@') {
            return Err("it has a user name or a password");
        }
        if rest.contains(['?', '#']) {
            return Err("it has a query or a fragment");
        }
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        if !is_path(path) {
            return Err("its path has `.`, `..` or unusual characters");
        }
        let (name, port) = split_port(authority);
        if name.contains(':') && !name.starts_with('[') {
            return Err("its IPv6 address is not in brackets");
        }
        let host = host(name)?;
        let port = port.map(self::port).transpose()?.map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = if is_tls { "https" } else { "http" };
        let text = format!("{scheme}://{host}{port}{path}");
        Ok(Self { text, is_tls, is_loopback: is_loopback(&host), has_path: !path.is_empty() })
    }

    /// The URL, to which a path that begins with a slash can be appended.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the scheme is https.
    pub(crate) const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Returns whether the host is this machine.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Returns whether the host is the unspecified address, which reaches this machine.
    fn is_unspecified(&self) -> bool {
        let host = self.text.split_once("://").map_or("", |(_, rest)| rest);
        ["0.0.0.0", "[::]"]
            .iter()
            .any(|any| host.strip_prefix(any).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
    }

    /// Returns whether there is a path.
    pub(crate) const fn has_path(&self) -> bool {
        self.has_path
    }
}

/// A URL as it was given; its `Debug` shows neither password nor query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UrlText(pub(crate) String);

impl UrlText {
    /// The URL without what could be secret: user name, password, query, fragment. A text that does not begin like an
    /// address may be a key that was pasted into the wrong setting, so nothing of it is shown.
    fn shown(&self) -> String {
        let scheme = self.0.split_once("://").map(|(scheme, _)| scheme.trim().to_ascii_lowercase());
        match scheme.filter(|scheme| matches!(scheme.as_str(), "http" | "https" | "unix")) {
            None => REDACTED.to_owned(),
            Some(scheme) if self.0.contains('@') => format!("{scheme}://{REDACTED}"),
            Some(_) => excerpt(self.0.split(['?', '#']).next().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

/// A host name or an IP address, as it stands in a URL; underscores are for the names of containers.
pub(super) fn host(name: &str) -> Result<String, &'static str> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(name).parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    let host = name.to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err("its host is no IP address");
    }
    if !is_host(&host.replace('_', "x")) {
        return Err("it has no usable host");
    }
    Ok(host)
}

/// A port other than 0.
pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0).ok_or("its port is no number from 1 to 65535")
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn is_path(path: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.~+:=,".contains(&byte);
    path.bytes().all(is_usual) && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

fn socket(path: &str) -> Result<PathBuf, &'static str> {
    if !cfg!(unix) {
        return Err("there are no unix sockets on this system");
    }
    if !path.starts_with('/') || path.chars().any(char::is_control) {
        return Err("it has no absolute path of a socket");
    }
    Ok(PathBuf::from(path))
}

/// `true` if this build can speak https.
pub(super) const HAS_TLS: bool = cfg!(feature = "tls");

/// Stands for a text that could hold a secret.
const REDACTED: &str = "<redacted>";
const NO_SCHEME: &str = "it does not begin with http://, https:// or unix://";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, ConfigError> {
        Address::parse("DD_TRACE_AGENT_URL", &UrlText(text.to_owned()))
    }

    #[test]
    fn an_address_is_brought_into_one_form() {
        let table = [
            ("http://localhost:8126", "http://localhost:8126", false),
            (" HTTP://LocalHost/ ", "http://localhost", false),
            ("http://127.0.0.53:1//", "http://127.0.0.53:1", false),
            ("http://[::1]:8126", "http://[::1]:8126", false),
            ("http://[0:0::1]", "http://[::1]", false),
            ("http://10.0.0.1:65535/a/b/", "http://10.0.0.1:65535/a/b", true),
            ("http://my_agent:8126", "http://my_agent:8126", true),
            ("http://localhost.evil.com", "http://localhost.evil.com", true),
            ("http://[2001:db8::1]:80/vcr/datadog", "http://[2001:db8::1]:80/vcr/datadog", true),
        ];
        for (text, expected, is_cleartext) in table {
            let address = parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.is_cleartext()), (expected, is_cleartext), "{text}");
        }
    }

    #[test]
    fn https_needs_the_feature() {
        let result = parse("HTTPS://gw.example.com/datadog");
        if HAS_TLS {
            let address = result.unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.is_cleartext()),
                ("https://gw.example.com/datadog", false)
            );
        } else {
            let error = result.unwrap_err().to_string();
            assert!(error.starts_with("DD_TRACE_AGENT_URL needs TLS") && error.contains("`tls`"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_an_absolute_path() {
        assert_eq!(parse("unix:///var/run/x.socket").unwrap(), Address::Unix("/var/run/x.socket".into()));
        for text in ["unix://", "unix://x.socket", "unix:/x", "unix:///x\u{0}", "unix:///x\ny"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_url_parser_would_forgive_is_refused() {
        let table = [
            "",
            "localhost:8126",
            "http:/localhost",
            "http:\\\\localhost",
            "ftp://localhost",
            "file:///etc",
            "http://",
            "http://:8126",
            "http://local host",
            "http://localhost:0",
            "http://localhost:65536",
            "http://localhost:+1",
            "http://localhost:",
            "http://localhost:8126:1",
            "http://localhost/?x=1",
            "http://localhost#x",
            "http://user@localhost",
            "http://user:secret@localhost",
            "http://localhost/../x",
            "http://localhost/./x",
            "http://localhost/%2e%2e",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.1",
            "http://256.0.0.1",
            "http://[::1",
            "http://::1]:80/\t",
            "http://[::g]",
            "http://[fe80::1%25eth0]",
            "http://fe80::1:80",
            "http://::1",
            "http://.",
            "http://a..b",
            "http://-a",
            "http://ﬁ.com",
            "http://localhost\r\nx:y",
            "http://evil.com\\@localhost",
            "http:// /",
        ];
        for text in table {
            let error = parse(text).map(|address| address.to_string()).expect_err(text);
            assert!(error.to_string().starts_with("DD_TRACE_AGENT_URL is not a usable URL: "), "{error}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_shown() {
        for text in [
            "http://user:secret@h",
            "http://u:se?secret@h",
            "secret@h",
            "secret",
            "secret://h",
            "secret://user@h",
            "ftp://h/secret",
            "http:/secret",
            "secret:8126",
            "http://h/?key=secret",
            "http://h#secret",
        ] {
            let error = parse(text).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", UrlText(text.to_owned()));
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
}
