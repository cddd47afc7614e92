//! The clients of Durable Functions, as its users install them, against a server that wants a key.
//!
//! What each of them does is said in `tests/e2e/clients`: start, status, events, suspend and resume, rewind, restart,
//! terminate, lists, purges, another task hub, entities.

use std::process::Stdio;

use e2e::clients::Client;
use e2e::{Server, guest};

const KEY: &str = "s3cret/+&/s3cret/+&";

#[test]
fn the_clients_of_durable_functions_find_what_they_expect() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), &[], &[("RONDO_KEY", KEY)]).unwrap();
    server.ok(&["deploy", guest("scenarios").unwrap().to_str().unwrap(), "--key", KEY]).unwrap();
    // One after the other: each counts what a purge by time and status deletes.
    for client in Client::ALL {
        let mut program = client.program().unwrap();
        program.args([server.url(), KEY]).stdin(Stdio::null());
        let output = program.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{client:?}: {said}\n{}", server.log());
    }
}
