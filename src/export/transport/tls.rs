//! TLS of the HTTP client: its provider, its versions, and the certificates that it trusts.

use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::config::Settings;
use crate::error::ConfigError;

/// Gives the client a TLS configuration of its own.
///
/// # Errors
///
/// [`ConfigError::Certificates`] if `SSL_CERT_FILE` names a file without a certificate that can be read.
pub(super) fn configure(
    builder: ClientBuilder,
    is_used: bool,
    settings: &Settings,
) -> Result<ClientBuilder, ConfigError> {
    // Reading the system's certificates takes milliseconds, so a client for http or a socket does not.
    let roots = if is_used { trusted(system(settings)?) } else { RootCertStore::empty() };
    let config = config(roots).map_err(|source| ConfigError::Client { source: source.into() })?;
    Ok(builder.tls_backend_preconfigured(config))
}

/// Builds the configuration with a provider named here, so that it does not matter which one the process has installed.
fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads the certificates that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else those of the system.
fn system(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    // An operator who names a file trusts only what is in it. Falling back to Mozilla's certificates when that file is
    // missing would trust everybody else instead, so it is an error.
    if let Some(file) = &settings.certificate_file {
        let named = rustls_native_certs::load_certs_from_paths(Some(&file.value), None);
        if RootCertStore::empty().add_parsable_certificates(named.certs).0 == 0 {
            let value = file.value.display().to_string();
            let source = named.errors.into_iter().next().map(Into::into);
            return Err(ConfigError::Certificates { setting: file.setting, value, source });
        }
    }
    Ok(rustls_native_certs::load_native_certs().certs)
}

/// Trusts the system's certificates, or, in an image that has none, those of Mozilla.
fn trusted(system: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Given};

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

    #[test]
    fn a_named_file_without_a_certificate_is_refused() {
        let folder = std::env::temp_dir().join(format!("llmobs-{:x}", fastrand::u128(..)));
        std::fs::create_dir(&folder).unwrap();
        let own = rcgen::generate_simple_self_signed([]).unwrap().cert.pem();
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let table = [("good", Some(own.as_str())), ("missing", None), ("empty", Some("")), ("garbage", Some(garbage))];
        for (name, text) in table {
            let file = folder.join(name);
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let certificate_file = Some(Given::new("SSL_CERT_FILE", file.to_str().unwrap().to_owned()));
            let settings = Config { certificate_file, ..Config::default() }.resolve().unwrap();
            let result = system(&settings).map_err(|error| error.to_string());
            assert_eq!(result.is_ok(), name == "good", "{name}");
            assert!(result.err().is_none_or(|error| error.starts_with("SSL_CERT_FILE names a file")), "{name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
