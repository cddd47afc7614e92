//! `rondo dev`: a folder of components that are deployed as they change.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Server, guest};

/// How long a change may take to be noticed and deployed.
const TIMEOUT: Duration = Duration::from_mins(1);

#[test]
fn a_changed_file_is_deployed_again_and_a_bad_one_does_no_harm() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greeter.wasm");
    fs::copy(guest("greeter_v1").unwrap(), &file).unwrap();
    let server = Server::dev(data.path(), folder.path()).unwrap();
    deployed(&server, 1);
    assert_eq!(greeting(&server, "one"), "hello you from the first version");

    fs::write(folder.path().join("broken.wasm"), "not a component").unwrap();
    fs::copy(guest("greeter_v2").unwrap(), &file).unwrap();
    deployed(&server, 2);
    assert_eq!(greeting(&server, "two"), "welcome you from the second version");
    server.stop().unwrap();
}

/// Waits until so many components have been deployed.
fn deployed(server: &Server, count: usize) {
    let deadline = Instant::now() + TIMEOUT;
    while server.json(&["components"]).unwrap().as_array().map(Vec::len) != Some(count) {
        assert!(Instant::now() < deadline, "nothing was deployed within {TIMEOUT:?}:\n{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
}

fn greeting(server: &Server, id: &str) -> String {
    server.ok(&["start", "greet", "--id", id, "--input", "\"you\""]).unwrap();
    server.ok(&["raise-event", id, "go"]).unwrap();
    server.ok(&["wait", id, "--timeout", "60s"]).unwrap();
    server.json(&["status", id]).unwrap()["output"].as_str().unwrap().to_owned()
}
