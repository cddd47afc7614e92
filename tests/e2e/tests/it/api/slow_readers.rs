//! Readers that ask for much and take nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use e2e::Server;

use super::deploy;

/// Readers of each kind at the same time.
const READERS: usize = 30;

/// Of one event, of which there are [`EVENTS`]: what is asked for is more than 20 MiB.
const EVENT_BYTES: usize = 256 * 1024;

const EVENTS: usize = 80;

const STREAM: &str = "/rondo/instances/a/history/stream";

/// How much the host may grow by all of them: a few events for each, and what the system's sockets take is not the
/// host's. What is asked for is ten times as much.
const GROWTH_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Asks, takes the first bytes of the answer, and then nothing.
fn ask(server: &Server, path: &str) -> TcpStream {
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n").unwrap();
    let mut first = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, *b"HTTP/1.1 200");
    stream
}

/// Takes all that there is now.
fn take(mut stream: TcpStream) {
    let mut taken = 0;
    let mut buffer = vec![0; 64 * 1024];
    while taken < EVENTS * EVENT_BYTES {
        match stream.read(&mut buffer).unwrap() {
            0 => panic!("the stream ended after {taken} bytes"),
            bytes => taken += bytes,
        }
    }
}

#[test]
fn followers_that_take_nothing_hold_no_memory_and_delay_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    deploy(&server, "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    let url = format!("{}/runtime/webhooks/durabletask/instances/a/raiseEvent/ignored", server.url());
    let body = format!("\"{}\"", "x".repeat(EVENT_BYTES));
    for _ in 0..EVENTS {
        assert_eq!(ureq::post(&url).header("content-type", "application/json").send(&body).unwrap().status(), 202);
    }
    // One that takes everything sees that all of it is recorded, and lets caches fill.
    take(ask(&server, STREAM));

    let before = server.resident_bytes().unwrap();
    let slow: Vec<TcpStream> = (0..READERS).map(|_| ask(&server, STREAM)).collect();
    // Whoever comes later is served, so the slow ones have had their time as well.
    take(ask(&server, STREAM));
    server.ok(&["start", "greet", "--id", "b", "--input", "\"you\""]).unwrap();
    let growth = server.resident_bytes().unwrap().saturating_sub(before);
    assert!(growth < GROWTH_BYTES_MAX, "{} MiB for {READERS} readers", growth >> 20);
    drop(slow);
}
