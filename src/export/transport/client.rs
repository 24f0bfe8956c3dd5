//! The HTTP client: whatever another crate's features or the environment could switch on is switched off by name.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use super::tls;
use crate::config::{Address, Settings};
use crate::error::ConfigError;

/// The use of the proxy that the environment names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Only for https to another machine.
    Allowed,
    Never,
}

/// Builds a client for one address.
pub(super) fn build(address: &Address, proxy: Proxy, settings: &Settings) -> Result<Client, ConfigError> {
    let (is_tls, is_loopback) = match address {
        Address::Http(base) => (base.is_tls(), base.is_loopback()),
        Address::Unix(_) => (false, true),
    };
    let mut builder = tls::configure(Client::builder(), is_tls, settings)?
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.tuning.request_timeout)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(usize::from(settings.keep_idle_connections))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .no_hickory_dns()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    if proxy == Proxy::Never || !is_tls || is_loopback {
        builder = builder.no_proxy();
    }
    builder = through_socket(builder, address);
    builder.build().map_err(|source| ConfigError::Client { source: source.without_url().into() })
}

/// Returns the part of a URL before the path. A socket has no host, so any will do.
pub(super) fn base(address: &Address) -> &str {
    match address {
        Address::Http(base) => base.as_str(),
        Address::Unix(_) => "http://localhost",
    }
}

#[cfg(unix)]
fn through_socket(builder: ClientBuilder, address: &Address) -> ClientBuilder {
    match address {
        Address::Http(_) => builder,
        Address::Unix(path) => builder.unix_socket(path.as_path()),
    }
}

/// Leaves the builder as it is: the configuration has refused sockets on this platform.
#[cfg(not(unix))]
fn through_socket(builder: ClientBuilder, _address: &Address) -> ClientBuilder {
    builder
}

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// Less than what load balancers allow, so that we are the one who hangs up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
