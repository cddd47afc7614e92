//! Accepting connections, in the clear or through TLS, and serving HTTP/1 and HTTP/2 on them.
//!
//! What `axum::serve` does, with the bounds that a server on a network needs: on connections of all and of one peer, on
//! what a client may keep waiting, and on what a connection holds in memory.

mod activity;
mod descriptors;
mod exchange;
mod peers;
mod room;
#[cfg(test)]
mod tests;
mod tls;
mod watched;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::activity::Patience;
use self::exchange::Exchanges;
use self::peers::Peers;
pub(crate) use self::room::Room;
use self::room::{Bounds, Place};
pub(crate) use self::tls::TlsArgs;
use self::watched::Watched;
use crate::limits::{
    ACCEPT_REST, HEAD_BYTES_MAX, HTTP2_ANSWER_BYTES_MAX, HTTP2_PING_INTERVAL, HTTP2_PING_TIMEOUT, HTTP2_STREAMS_MAX,
    IDLE_TIMEOUT, TLS_HANDSHAKE_TIMEOUT, UNSENT_BYTES,
};

/// How a server deals with those who connect to it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connections")]
pub(crate) struct EdgeArgs {
    /// Connections that one address may have at the same time (of IPv6 a network of 64 bits); by default half of all
    #[arg(long, env = "RONDO_PEER_CONNECTIONS", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..), value_name = "COUNT")]
    peer_connections: Option<usize>,
    /// A proxy before the server, as an address or a network such as 10.0.0.0/8; may be repeated
    ///
    /// It may have any number of connections, and is believed whom it speaks for in x-forwarded-for.
    #[arg(long = "trusted-proxy", env = "RONDO_TRUSTED_PROXY", value_delimiter = ',', value_parser = peers::proxies, value_name = "ADDRESS")]
    trusted_proxies: Vec<IpNet>,
}

/// What stands between clients and the API.
#[derive(Clone)]
pub(crate) struct Edge {
    /// All connections.
    pub(crate) room: Arc<Room>,
    peers: Arc<Peers>,
    patience: Patience,
    http: auto::Builder<TokioExecutor>,
}

impl Edge {
    /// With as many connections as the operating system allows.
    pub(crate) fn new(args: &EdgeArgs) -> Self {
        let bounds = Bounds::new(descriptors::connections_max(), args.peer_connections);
        Self::with(bounds, Peers { proxies: args.trusted_proxies.clone() }, Patience::default())
    }

    fn with(bounds: Bounds, peers: Peers, patience: Patience) -> Self {
        Self { room: Room::new(bounds), peers: Arc::new(peers), patience, http: http() }
    }
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(IDLE_TIMEOUT).max_buf_size(HEAD_BYTES_MAX);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_send_buf_size(HTTP2_ANSWER_BYTES_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        // A followed history may have nothing to say for long; whether its reader is there is found out like this.
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    http
}

/// Serves until `stopped`, then takes no more connections and finishes the requests that it has.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    edge: Edge,
    stopped: impl Future<Output = ()>,
) {
    let stopping = watch::Sender::new(false);
    let mut stopped = pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, as a rule: some may be given back.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let place = tokio::select! {
            () = &mut stopped => break,
            place = edge.room.admit(peer.ip(), &edge.peers) => place,
        };
        let Some(place) = place else {
            tracing::debug!(%peer, "a connection was not taken in: this address has too many");
            continue;
        };
        // Messages of a followed history are small, and are to go out at once.
        let _ = stream.set_nodelay(true);
        leave_unsent_here(&stream);
        let connection = Connection { edge: edge.clone(), router: router.clone(), peer, place };
        tokio::spawn(connection.serve(stream, tls.clone(), stopping.subscribe()));
    }
    drop(listener);
    stopping.send_replace(true);
    edge.room.empty().await;
}

/// Keeps what a client does not take out of the kernel's buffers, which would grow to megabytes for each connection and
/// hide for as long whether anything moves.
fn leave_unsent_here(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "the kernel buffers as much as it likes");
    }
}

/// One connection, which has its place as long as it lives.
struct Connection {
    edge: Edge,
    router: Router,
    peer: SocketAddr,
    place: Place,
}

impl Connection {
    async fn serve<S>(self, stream: S, tls: Option<TlsAcceptor>, stopping: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let peer = self.peer;
        let stream = Watched::new(stream, Arc::clone(self.place.activity()));
        let Some(tls) = tls else { return self.speak(stream, stopping).await };
        let accepted = tokio::select! {
            accepted = tokio::time::timeout(TLS_HANDSHAKE_TIMEOUT, tls.accept(stream)) => accepted,
            () = self.place.is_wanted() => return self.place.leaves(),
        };
        match accepted {
            Ok(Ok(stream)) => self.speak(stream, stopping).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn speak<S>(self, stream: S, mut stopping: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self { edge, router, peer, place } = self;
        let activity = Arc::clone(place.activity());
        let exchanges = Exchanges {
            router,
            activity: Arc::clone(&activity),
            peers: Arc::clone(&edge.peers),
            peer: peer.ip(),
            is_spare: place.is_spare,
        };
        let mut served = pin!(edge.http.serve_connection(TokioIo::new(stream), exchanges));
        let mut tick = tokio::time::interval(edge.patience.tick());
        let mut is_ending = false;
        loop {
            tokio::select! {
                served = served.as_mut() => {
                    if let Err(error) = served {
                        tracing::debug!(%peer, %error, "a connection ended early");
                    }
                    return;
                }
                _ = tick.tick() => {
                    if let Some(halt) = activity.halted(&edge.patience) {
                        tracing::debug!(%peer, ?halt, "a connection was closed: its client does nothing");
                        return place.halted(halt);
                    }
                }
                () = place.is_wanted() => {
                    if activity.idle_since().is_some() {
                        tracing::debug!(%peer, "an idle connection was closed to make room");
                        return place.leaves();
                    }
                    place.stays();
                }
                () = activity.last_answer.notified() => served.as_mut().graceful_shutdown(),
                _ = stopping.wait_for(|stopping| *stopping), if !is_ending => {
                    is_ending = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
