//! The certificate of a server.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};

/// What a server shows of itself.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// The server's certificate and those that vouch for it, in PEM; with it the server speaks TLS only
    #[arg(long = "tls-cert", env = "RONDO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    cert_file: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(id = "tls_key", long = "tls-key", env = "RONDO_TLS_KEY", value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
}

impl TlsArgs {
    /// Reads the files; none without a certificate.
    pub(crate) fn acceptor(&self) -> Result<Option<TlsAcceptor>> {
        let (Some(cert_file), Some(key_file)) = (&self.cert_file, &self.key_file) else { return Ok(None) };
        let chain = CertificateDer::pem_file_iter(cert_file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.with_context(|| format!("reading the certificate in {}", cert_file.display()))?;
        let key = PrivateKeyDer::from_pem_file(key_file)
            .with_context(|| format!("reading the private key in {}", key_file.display()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .with_context(|| format!("using the certificate in {}", cert_file.display()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Some(TlsAcceptor::from(Arc::new(config))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_certificate_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cert.pem");
        std::fs::write(&file, "not a certificate").unwrap();
        let args = |key_file: PathBuf| TlsArgs { cert_file: Some(file.clone()), key_file: Some(key_file) };
        let error = format!("{:#}", args(file.clone()).acceptor().err().unwrap());
        assert!(error.contains("cert.pem"), "{error}");
        assert!(TlsArgs::default().acceptor().unwrap().is_none());
    }
}
