//! A listener per service, which can be taken down.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::Service;
use super::exchange::Exchanges;

/// Connections that wait to be accepted; more than a test opens at once.
const BACKLOG: u32 = 1024;

/// Accepts connections for one service.
#[derive(Debug)]
pub(super) struct Listener {
    service: Service,
    address: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// The task that accepts, and owns all connections. A set of one, for it ends its task when it is dropped.
    Up(JoinSet<()>),
    /// The port is kept, but nobody listens: connections are refused.
    Down { _port: TcpSocket },
}

impl Listener {
    pub(super) async fn start(service: Service, exchanges: Arc<Exchanges>) -> Result<Self> {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = socket.local_addr()?;
        let listener = Self { service, address, state: Mutex::new(State::Down { _port: socket }) };
        listener.up(exchanges).await?;
        Ok(listener)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) async fn down(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if let State::Up(task) = &mut *state {
            task.shutdown().await;
            *state = State::Down { _port: bind(self.address)? };
        }
        Ok(())
    }

    pub(super) async fn up(&self, exchanges: Arc<Exchanges>) -> Result<()> {
        let mut state = self.state.lock().await;
        if let State::Down { .. } = &*state {
            // An empty set in its place lets go of the port.
            *state = State::Up(JoinSet::new());
            let listener = bind(self.address)?.listen(BACKLOG).context("listening")?;
            let mut task = JoinSet::new();
            task.spawn(accept(listener, self.service, exchanges));
            *state = State::Up(task);
        }
        Ok(())
    }
}

/// A socket on this address that does not listen.
fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of the listener before may linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address).with_context(|| format!("binding {address}"))?;
    Ok(socket)
}

/// Serves until it is dropped, and all connections with it.
async fn accept(listener: TcpListener, service: Service, exchanges: Arc<Exchanges>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, service, Arc::clone(&exchanges)));
                }
                // Out of file handles, or the client has gone again: give others a chance to run, and go on.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, service: Service, exchanges: Arc<Exchanges>) {
    // Only a matter of speed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| Arc::clone(&exchanges).serve(service, request));
    // An error here is a client that went away, or an exchange that wants the connection closed.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
