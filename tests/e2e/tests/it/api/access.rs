//! A server that other machines may reach: keys and TLS.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use e2e::{Server, guest};

/// The keys of a server.
const KEY: &str = "full-s3cret-of-this-server";
const READ_KEY: &str = "a-key-to-l00k-on-with";
const METRICS_KEY: &str = "a-key-for-the-m3trics";

/// What only activities are to see.
const SECRET: &str = "hunter2-hunter2";

/// Readers that take nothing.
const READERS: usize = 20;

/// Events in the history that they follow.
const EVENTS: usize = 60;

/// What each of them carries.
const EVENT_BYTES: usize = 1024 * 1024;

#[test]
fn a_server_with_tls_and_keys_is_used_with_its_authority_and_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let keys = [("RONDO_KEY", KEY), ("RONDO_READ_KEY", READ_KEY), ("RONDO_METRICS_KEY", METRICS_KEY)];
    let server = Server::start_in(folder.path(), &["--tls-cert", cert, "--tls-key", key], &keys).unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());

    let type_in =
        |args: &[&str], key: &str| server.rondo(&[args, &["--ca-cert", cert, "--key", key]].concat()).unwrap();
    let component = guest("greeter_v1").unwrap();
    let granted = format!("TOKEN={SECRET}");
    let deploy = ["deploy", component.to_str().unwrap(), "--env", &granted, "--output", "json"];
    let refused = type_in(&deploy, READ_KEY);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("reading only"), "{refused:?}");
    assert_eq!(type_in(&["list"], "wrong").code, 2);
    let deployed = type_in(&deploy, KEY);
    let listed = type_in(&["components", "--output", "json"], READ_KEY);
    let activated = type_in(&["components", "activate", &digest(&listed.stdout), "--output", "json"], KEY);
    for answer in [&deployed, &listed, &activated] {
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(answer.stdout.contains("TOKEN") && !answer.stdout.contains(SECRET), "{answer:?}");
    }
    assert_eq!(type_in(&["list"], READ_KEY).code, 0);
    let not_enough = type_in(&["list"], METRICS_KEY);
    assert!(not_enough.code == 2 && not_enough.stderr.contains("metrics only"), "{not_enough:?}");
    let started = type_in(&["start", "greet", "--id", "a", "--output", "json"], KEY);
    assert!(started.stdout.contains("\"statusQueryGetUri\":\"https://"), "{started:?}");
    let distrusted = server.rondo(&["list", "--key", KEY]).unwrap();
    assert_eq!(distrusted.code, 6, "nobody vouches for the certificate: {distrusted:?}");
    let shown = format!("{}{}", server.log(), started.stdout);
    assert!(!shown.contains(KEY) && !shown.contains(READ_KEY) && !shown.contains(SECRET), "{shown}");
}

/// The digest of the one component in a list.
fn digest(list: &str) -> String {
    let list: serde_json::Value = serde_json::from_str(list).unwrap();
    list[0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn readers_that_take_nothing_do_not_keep_others_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    server.ok(&["deploy", guest("greeter_v1").unwrap().to_str().unwrap()]).unwrap();
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    let data = folder.path().join("data.json");
    fs::write(&data, format!("\"{}\"", "x".repeat(EVENT_BYTES))).unwrap();
    for _ in 0..EVENTS {
        server.ok(&["raise-event", "a", "noise", "--data", &format!("@{}", data.display())]).unwrap();
    }
    // They are in the history, and what the host needs for that is in memory.
    crate::wait::until(&server, "a", |status| status["lastEvent"].as_u64().unwrap() > EVENTS as u64);
    server.ok(&["history", "a", "--output", "json"]).unwrap();
    let before = memory_bytes(server.pid());

    let address = server.url().strip_prefix("http://").unwrap();
    let readers: Vec<TcpStream> = (0..READERS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            write!(stream, "GET /rondo/instances/a/history/stream HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            // The head has come, and nothing more is ever read.
            stream.read_exact(&mut [0; 15]).unwrap();
            stream
        })
        .collect();
    server.ok(&["raise-event", "a", "go"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    let most = (0..20).map(|_| {
        server.ok(&["list"]).unwrap();
        memory_bytes(server.pid())
    });
    let grown = most.max().unwrap().saturating_sub(before);
    println!("{} readers that take nothing: {} MiB", readers.len(), grown / 1024 / 1024);
    // An event that was read, its text, and what is on its way to the socket; all of them would be ten times as much.
    assert!(grown < (READERS * EVENT_BYTES * 6) as u64, "{grown} bytes");
}

/// What the process has in memory.
fn memory_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
