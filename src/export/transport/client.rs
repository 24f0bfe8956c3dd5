//! The HTTP client: whatever another crate's features or the environment could switch on is switched off by name.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{Address, Settings};
use crate::error::ConfigError;

/// Whether the proxy that the environment names may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Only for https to another machine.
    Allowed,
    Never,
}

/// A client for one address.
pub(super) fn build(address: &Address, proxy: Proxy, settings: &Settings) -> Result<Client, ConfigError> {
    let (is_tls, is_loopback) = match address {
        Address::Http(base) => (base.is_tls(), base.is_loopback()),
        Address::Unix(_) => (false, true),
    };
    let tls = tls(is_tls).map_err(|source| ConfigError::Client { source: source.into() })?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.request_timeout)
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

/// What stands before the path; a socket has no host, so any will do.
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

/// There are none here, and the configuration has refused them.
#[cfg(not(unix))]
fn through_socket(builder: ClientBuilder, _address: &Address) -> ClientBuilder {
    builder
}

/// TLS with a provider of our own, so that it matters neither whether the process has one nor which.
///
/// Without TLS the system's certificates are not even read, because that takes milliseconds.
fn tls(is_used: bool) -> Result<ClientConfig, rustls::Error> {
    let system = || rustls_native_certs::load_native_certs().certs;
    let roots = if is_used { trusted(system()) } else { RootCertStore::empty() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's certificates, or, in an image that has none, those of Mozilla.
fn trusted(system: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// Less than what load balancers allow, so that we are the one who hangs up.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_is_trusted_where_the_system_has_nothing_and_only_there() {
        let own = rcgen::generate_simple_self_signed([]).unwrap().cert.der().clone();
        let garbage = CertificateDer::from(b"garbage".to_vec());
        let mozilla = webpki_roots::TLS_SERVER_ROOTS;
        assert!(mozilla.len() > 1);
        for system in [vec![], vec![garbage.clone()]] {
            assert_eq!(trusted(system).roots, mozilla);
        }
        assert_eq!(trusted(vec![garbage, own]).len(), 1);
    }
}
