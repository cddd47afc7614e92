//! A web page for activities that call one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result};

/// A server on the loopback address that answers every request with the same text, until the process ends.
#[derive(Debug)]
pub struct WebPage {
    address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl WebPage {
    /// Serves `body` on a free port.
    pub fn serve(body: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listening on a free port")?;
        let address = listener.local_addr().context("asking for the port")?;
        let served = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&served);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if answer(&stream, body).is_ok() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Ok(Self { address, served })
    }

    /// `host:port`, as an allow-list wants it.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Puts the page's address where `{page}` stands.
    pub fn fill_in(&self, text: &str) -> String {
        text.replace("{page}", &self.url())
    }

    /// How many requests have been answered.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: &TcpStream, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
