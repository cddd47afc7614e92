//! One HTTP request of an activity: finding the server, connecting, and the response.
//!
//! The addresses that are connected to are the ones that were looked at. A name that is resolved a second time may stand
//! for another address by then.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::addresses::is_public;
use crate::host_pattern::{Reach, Target};
use crate::limits::HTTP_STEP_TIMEOUT;

/// The rest of an exchange once the response's head is there: whoever has it moves the bodies.
pub(super) type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Sends a request to where it may go.
pub(super) async fn exchange(
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
    target: &Target,
    reach: Reach,
) -> Result<(Response<WasiBody>, Rest), Error> {
    let step = |timeout: Option<Duration>| timeout.unwrap_or(HTTP_STEP_TIMEOUT);
    let connect_timeout = step(options.and_then(|options| options.connect_timeout));
    let first_byte_timeout = step(options.and_then(|options| options.first_byte_timeout));
    let between_bytes_timeout = step(options.and_then(|options| options.between_bytes_timeout));
    let is_tls = request.uri().scheme() == Some(&Scheme::HTTPS);
    let connected = timeout(connect_timeout, connect(target, reach, is_tls));
    let stream = connected.await.map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, mut connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Only a proxy wants to know the server's name here; for the server it is in a header.
    *request.uri_mut() = request.uri().path_and_query().map_or_else(Uri::default, origin_form);
    let mut is_moving = true;
    let sent = timeout(first_byte_timeout, async {
        let mut response = std::pin::pin!(sender.send_request(request));
        tokio::select! {
            biased;
            response = &mut response => Ok::<_, Error>(response?),
            ended = &mut connection => {
                is_moving = false;
                ended?;
                Ok(response.await?)
            }
        }
    });
    let response = sent.await.map_err(|_| Error::ConnectionReadTimeout)??;
    let response = response.map(|body| Timed::new(body, between_bytes_timeout).boxed_unsync());
    let rest = async move { if is_moving { connection.await.map_err(Error::from) } else { Ok(()) } };
    Ok((response, Box::new(rest)))
}

fn origin_form(path: &PathAndQuery) -> Uri {
    Uri::from(path.clone())
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect(target: &Target, reach: Reach, is_tls: bool) -> Result<Box<dyn Stream>, Error> {
    let addresses = addresses(target, reach).await?;
    let stream = TcpStream::connect(&*addresses).await.map_err(Error::Connect)?;
    if !is_tls {
        return Ok(Box::new(stream));
    }
    let name = server_name(target.host())?;
    Ok(Box::new(TlsConnector::from(Arc::clone(&TLS)).connect(name, stream).await.map_err(Error::Tls)?))
}

/// The addresses of a server that may be reached.
async fn addresses(target: &Target, reach: Reach) -> Result<Vec<SocketAddr>, Error> {
    let found = tokio::net::lookup_host((target.host(), target.port())).await.map_err(Error::Connect)?;
    let found: Vec<SocketAddr> = found.collect();
    if found.is_empty() {
        return Err(Error::Connect(io::ErrorKind::NotFound.into()));
    }
    let allowed: Vec<SocketAddr> = match reach {
        Reach::Nowhere => Vec::new(),
        Reach::PublicAddresses => found.into_iter().filter(|address| is_public(address.ip())).collect(),
        Reach::AnyAddress => found,
    };
    if allowed.is_empty() { Err(Error::DestinationIpProhibited) } else { Ok(allowed) }
}

fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => Ok(ServerName::from(address)),
        Err(_) => Ok(ServerName::try_from(host)?.to_owned()),
    }
}

/// Trusts the certificate authorities that browsers know.
static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions of TLS that it is built with");
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
});

/// A body of which the next bytes must come in time.
struct Timed {
    body: Incoming,
    pause_max: Duration,
    /// Made when there first is something to wait for, as most bodies are there at once.
    waits: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(body: Incoming, pause_max: Duration) -> Self {
        Self { body, pause_max, waits: None }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waits = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let pause_max = self.pause_max;
        let waits = self.waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause_max)));
        ready!(waits.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(uri: &str, reach: Reach) -> Result<Vec<SocketAddr>, String> {
        let target = Target::of(&uri.parse().unwrap()).unwrap();
        addresses(&target, reach).await.map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn a_private_address_is_only_reached_under_a_name_that_was_written_out() {
        let prohibited = Err("DestinationIpProhibited".to_owned());
        for uri in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://169.254.169.254:1/", "http://localhost:1/"] {
            assert_eq!(found(uri, Reach::PublicAddresses).await, prohibited, "{uri}");
            assert_eq!(found(uri, Reach::Nowhere).await, prohibited, "{uri}");
            assert!(found(uri, Reach::AnyAddress).await.is_ok(), "{uri}");
        }
        assert_eq!(found("http://1.1.1.1:1/", Reach::PublicAddresses).await, Ok(vec!["1.1.1.1:1".parse().unwrap()]));
    }
}
