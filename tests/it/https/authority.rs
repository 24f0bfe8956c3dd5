//! Certificates: who signs them, for whom, for how long, and the files that programs find them in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate in a file.
    pub(super) fn file(&self) -> Scratch {
        Scratch::file(&self.0.pem())
    }

    /// Issues the certificate of a server; valid from the first of January of one year to that of the other.
    pub(super) fn identity(&self, name: &str, years: (i32, i32)) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let chain = vec![certificate.der().clone()];
        let mut config = builder.with_no_client_auth().with_single_cert(chain, key.into()).unwrap();
        // Who could speak HTTP/2 would.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Identity(Arc::new(config))
    }

    /// Issues the certificate of a server, valid now.
    pub(super) fn valid(&self, name: &str) -> Identity {
        self.identity(name, (2020, 2100))
    }
}

/// A certificate with its key, as a server shows it.
#[derive(Clone)]
pub(super) struct Identity(pub(super) Arc<ServerConfig>);

/// A folder that is gone when nobody needs it, with one file in it.
pub(super) struct Scratch {
    folder: PathBuf,
    file: PathBuf,
}

impl Scratch {
    pub(super) fn file(text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("llmobs-{:x}", fastrand::u128(..)));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("certificates.pem");
        std::fs::write(&file, text).unwrap();
        Self { folder, file }
    }

    pub(super) fn path(&self) -> &str {
        text(&self.file)
    }

    pub(super) fn folder(&self) -> &str {
        text(&self.folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left over is in the folder for what may be lost.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
