//! Accepting connections, in the clear or through TLS, and serving HTTP on them.
//!
//! What `axum::serve` does, with the bounds that a server on a network needs: on connections, on the time until a
//! request's head is there, and on the handshake.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::limits::{ACCEPT_REST, CONNECTIONS_MAX, HEAD_TIMEOUT, TLS_HANDSHAKE_TIMEOUT};

/// What a server shows of itself.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// The server's certificate and those that vouch for it, in PEM; with it the server speaks TLS only
    #[arg(long = "tls-cert", env = "RONDO_TLS_CERT", value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long = "tls-key", env = "RONDO_TLS_KEY", value_name = "FILE", requires = "cert_file")]
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
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(TlsAcceptor::from(Arc::new(config))))
    }
}

/// Serves until `stopped`, then takes no more connections and finishes the requests that it has.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stopped: impl Future<Output = ()>,
) {
    let requests = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    tokio::pin!(stopped);
    loop {
        let (stream, permit) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &room) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule: some may be given back.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_REST).await;
                    continue;
                }
            },
        };
        // Messages of a followed history are small, and are to go out at once.
        let _ = stream.set_nodelay(true);
        let connection = Connection { http: http.clone(), router: router.clone(), watcher: requests.watcher() };
        tokio::spawn(connection.serve(stream, tls.clone(), permit));
    }
    drop(listener);
    requests.shutdown().await;
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

struct Connection {
    http: http1::Builder,
    router: Router,
    watcher: Watcher,
}

impl Connection {
    /// The permit is given back when the connection ends.
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>, _permit: OwnedSemaphorePermit) {
        let Some(tls) = tls else { return self.speak(stream).await };
        match tokio::time::timeout(TLS_HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let Self { http, router, watcher } = self;
        let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        if let Err(error) = watcher.watch(served).await {
            tracing::debug!(%error, "a connection ended early");
        }
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
