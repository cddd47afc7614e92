//! A web page that answers nobody until enough have come.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often whoever waits is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A page on the loopback address.
pub(crate) struct Gate {
    address: SocketAddr,
    hall: Arc<Hall>,
}

#[derive(Default)]
struct Hall {
    /// How many have to be there at the same time.
    wanted: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The `idempotency-key` of each request that waits: two attempts of one activity are one visitor.
    waiting: BTreeSet<String>,
    /// The most that ever waited at the same time.
    most: usize,
}

impl Gate {
    /// Answers nobody until `wanted` activities ask at the same time, then everybody.
    pub(crate) fn new(wanted: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hall = Arc::new(Hall { wanted, state: Mutex::default() });
        let entrance = Arc::clone(&hall);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hall = Arc::clone(&entrance);
                thread::spawn(move || hall.receive(stream));
            }
        });
        Self { address, hall }
    }

    /// `host:port`, as an allow-list wants it.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// How many activities waited at the same time, at most.
    pub(crate) fn most(&self) -> usize {
        self.hall.state.lock().unwrap().most
    }
}

impl Hall {
    /// A visitor that goes away before it is answered is none any more; then there is nobody to tell of an error.
    fn receive(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut key = String::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? <= 2 {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("idempotency-key") {
                value.trim().clone_into(&mut key);
            }
        }
        let mut stream = reader.into_inner();
        stream.set_read_timeout(Some(LOOK_EVERY)).ok()?;
        while !self.lets_through(&key) {
            match stream.read(&mut [0]) {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                _ => {
                    self.state.lock().unwrap().waiting.remove(&key);
                    return None;
                }
            }
        }
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
        stream.write_all(answer.as_bytes()).ok()
    }

    fn lets_through(&self, key: &str) -> bool {
        let mut state = self.state.lock().unwrap();
        if state.most < self.wanted {
            state.waiting.insert(key.to_owned());
            state.most = state.most.max(state.waiting.len());
        }
        state.most >= self.wanted
    }
}
