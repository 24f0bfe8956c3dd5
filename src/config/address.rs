//! Addresses of an agent or a stand-in for the intake, by a grammar that is narrower than that of URLs.
//!
//! A URL parser forgives (`http:\\h`, tabs, `@`, `0x7f.1`); what decides where an API key goes should not.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use super::given::excerpt;
use super::site::is_host;
use crate::ConfigError;

/// Where an agent, or a stand-in for the intake, listens.
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
            "https" => BaseUrl::parse(true, rest).map(Self::Http).map_err(wrong),
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

    /// Whether whatever is sent there can be read on the way.
    pub(crate) fn is_cleartext(&self) -> bool {
        match self {
            Self::Http(base) => !base.is_tls && !base.is_loopback,
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

    /// Whether it is https.
    pub(crate) const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether it is on this machine.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether there is something behind the host.
    pub(crate) const fn has_path(&self) -> bool {
        self.has_path
    }
}

/// A URL as it was given; its `Debug` shows neither password nor query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UrlText(pub(crate) String);

impl UrlText {
    /// The URL without what could be secret: user name, password, query, fragment.
    fn shown(&self) -> String {
        let scheme = self.0.find("://").and_then(|end| self.0.get(..end));
        if self.0.contains('@') {
            return format!("{}://<redacted>", excerpt(scheme.unwrap_or_default()));
        }
        excerpt(self.0.split(['?', '#']).next().unwrap_or_default())
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

const NO_SCHEME: &str = "it does not begin with http://, https:// or unix://";
