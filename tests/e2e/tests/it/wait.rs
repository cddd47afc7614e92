//! Waiting for what a server does by itself.

use std::thread;
use std::time::{Duration, Instant};

use e2e::Server;
use serde_json::Value;

/// How long anything may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Asks for an instance's status until it is as wanted, and answers with it.
pub(crate) fn until(server: &Server, id: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let status = server.json(&["status", id]).unwrap();
        if is_wanted(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{id} is not as wanted after {TIMEOUT:?}: {status:#}\n{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
}
