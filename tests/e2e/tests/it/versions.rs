//! A running instance keeps its code, and code that does not fit changes nothing.

use e2e::{Server, guest};
use serde_json::Value;

use crate::wait::until;

/// Two versions of one component, deployed when a test says so.
struct Versions {
    _folder: tempfile::TempDir,
    server: Server,
}

impl Versions {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).unwrap();
        Self { _folder: folder, server }
    }

    /// Deploys a version and answers with its digest.
    fn deploy(&self, version: u32) -> String {
        let file = guest(&format!("greeter_v{version}")).unwrap();
        let deployed = self.server.json(&["deploy", file.to_str().unwrap(), "--name", "greeter"]).unwrap();
        deployed["component"]["digest"].as_str().unwrap_or_else(|| panic!("no digest in {deployed}")).to_owned()
    }

    fn start(&self, orchestration: &str, id: &str) {
        self.server.ok(&["start", orchestration, "--id", id, "--input", "\"you\""]).unwrap();
    }

    fn status(&self, id: &str) -> Value {
        self.server.json(&["status", id]).unwrap()
    }

    /// Waits until the instance waits for its event.
    fn until_it_waits(&self, id: &str) {
        until(&self.server, id, |_| self.types(id).contains(&"EventAwaited".to_owned()));
    }

    fn history(&self, id: &str) -> Value {
        self.server.json(&["history", id]).unwrap()["events"].take()
    }

    fn types(&self, id: &str) -> Vec<String> {
        let history = self.history(id);
        history.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    fn go(&self, id: &str) {
        self.server.ok(&["raise-event", id, "go"]).unwrap();
    }

    fn output(&self, id: &str) -> String {
        self.server.ok(&["wait", id, "--timeout", "60s"]).unwrap();
        self.status(id)["output"].as_str().unwrap().to_owned()
    }
}

#[test]
fn instances_finish_on_the_digest_they_started_with() {
    let versions = Versions::new();
    let first = versions.deploy(1);
    versions.start("greet", "old");
    versions.until_it_waits("old");
    let second = versions.deploy(2);
    versions.start("greet", "new");
    versions.until_it_waits("new");

    versions.go("old");
    versions.go("new");
    assert_eq!(versions.output("old"), "hello you from the first version");
    assert_eq!(versions.output("new"), "welcome you from the second version");
    assert_eq!(versions.status("old")["component"], first);
    assert_eq!(versions.status("new")["component"], second);
}

#[test]
fn code_that_does_not_fit_holds_the_instance_until_code_that_fits_is_deployed() {
    let versions = Versions::new();
    let first = versions.deploy(1);
    versions.start("greet", "forced");
    versions.until_it_waits("forced");
    let second = versions.deploy(2);
    let before = versions.history("forced");

    versions.server.ok(&["migrate", "forced", "--to", &second]).unwrap();
    versions.go("forced");
    let held = until(&versions.server, "forced", |status| status["held"].is_object());
    assert_eq!(held["held"]["code"], "nondeterminism");
    let reason = held["held"]["message"].as_str().unwrap();
    assert!(reason.contains("hello") && reason.contains("welcome"), "both sides are named: {reason}");
    assert_eq!(held["runtimeStatus"], "Running");
    assert_eq!(versions.history("forced"), before, "the history is untouched");

    versions.deploy(1);
    assert_eq!(versions.output("forced"), "hello you from the first version");
    let status = versions.status("forced");
    assert_eq!(status["component"], first);
    assert!(status["held"].is_null(), "{status}");
}

#[test]
fn a_failed_instance_is_rewound_onto_better_code() {
    let versions = Versions::new();
    versions.deploy(1);
    versions.start("fragile", "f");
    let answer = versions.server.rondo(&["wait", "f", "--timeout", "60s"]).unwrap();
    assert_eq!(answer.code, 4, "{answer:?}");
    assert_eq!(versions.status("f")["failure"]["kind"], "checker-broken");
    let before = versions.history("f");

    let second = versions.deploy(2);
    versions.server.ok(&["migrate", "f", "--to", &second]).unwrap();
    versions.server.ok(&["rewind", "f", "--reason", "the checker is repaired"]).unwrap();
    // It was told, and stays failed until its next turn.
    until(&versions.server, "f", |status| status["runtimeStatus"] != "Failed");
    assert_eq!(versions.output("f"), "hello you, checked");
    let after = versions.history("f");
    let kept = &after.as_array().unwrap()[..before.as_array().unwrap().len()];
    assert_eq!(kept, &before.as_array().unwrap()[..], "the history is only added to");
    let hellos = versions.types("f").iter().filter(|kind| *kind == "TaskScheduled").count();
    assert_eq!(hellos, 2, "only what failed runs again");
}
