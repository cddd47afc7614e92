//! Clients that take connections and make no use of them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use e2e::Server;

use super::deploy;

/// What the server may have open: a quarter of what many systems allow, as the test must have more itself.
const DESCRIPTORS: usize = 256;

/// More than fit.
const IDLE_CONNECTIONS: usize = 300;

/// How long a request may take on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(ANSWER_TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(ANSWER_TIMEOUT)).unwrap();
    stream
}

#[test]
fn idle_connections_starve_neither_health_nor_storage() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with_descriptors(folder.path(), DESCRIPTORS, &["--peer-connections", "1000"]).unwrap();
    deploy(&server, "greeter_v1");
    // Half of them have said something, half nothing.
    let idle: Vec<TcpStream> = (0..IDLE_CONNECTIONS)
        .map(|number| {
            let mut stream = connect(&server);
            if number % 2 == 0 {
                let _ = stream.write_all(b"GET /rondo/hea");
            }
            stream
        })
        .collect();
    let begun = Instant::now();
    for id in 0..20 {
        let mut stream = connect(&server);
        stream.write_all(b"GET /rondo/health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        let id = format!("a{id}");
        server.ok(&["start", "greet", "--id", &id, "--input", "\"you\""]).unwrap();
        server.ok(&["raise-event", &id, "go"]).unwrap();
        server.ok(&["wait", &id]).unwrap();
    }
    println!("{} idle connections, 20 orchestrations and 20 probes: {:?}", idle.len(), begun.elapsed());
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    println!("{open} descriptors are open");
    assert!(open < DESCRIPTORS * 3 / 4, "{open}");
    assert!(!server.log().contains("was not accepted"), "{}", server.log());
}

#[test]
fn pipelined_requests_whose_answers_are_not_read_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let mut stream = connect(&server);
    let requests = "GET /rondo/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000);
    // The server stops reading when its answers are not read, and gives up after a while.
    stream.set_write_timeout(Some(Duration::from_mins(2))).unwrap();
    let begun = Instant::now();
    let refused = loop {
        if let Err(error) = stream.write_all(requests.as_bytes()) {
            break error;
        }
    };
    println!("{refused} after {:?}", begun.elapsed());
    assert!(matches!(refused.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{refused}");
    let stalled = server.metrics().unwrap().get("rondo_connections_closed_total{reason=\"stalled\"}");
    assert!(stalled >= 1.0, "{stalled}");
}
