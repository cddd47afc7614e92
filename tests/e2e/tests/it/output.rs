//! What programs read: the JSON of every command keeps its members.

use e2e::{Server, guest};
use serde_json::Value;

/// The members of an object, or of the first of a list of them, in order.
fn members(value: &Value) -> String {
    let object = value.as_object().or_else(|| value.get(0)?.as_object());
    object.map(|object| object.keys().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

#[test]
fn the_json_of_every_command_keeps_its_members() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let component = guest("greeter_v1").unwrap();
    let file = folder.path().join("copy.wasm");
    let file = file.to_str().unwrap();
    let digest = server.json(&["deploy", component.to_str().unwrap()]).unwrap()["component"]["digest"].clone();
    let digest = digest.as_str().unwrap();
    let started = "executionId id purgeHistoryDeleteUri restartPostUri resumePostUri rewindPostUri sendEventPostUri \
                   statusQueryGetUri suspendPostUri terminatePostUri";
    let asked = "instanceId requested";
    let ended = "completedTime component createdTime customStatus elapsedMs executionId generation input instanceId \
                 lastEvent lastUpdatedTime name output revision runtimeStatus";
    for (command, expected) in [
        (&["deploy", component.to_str().unwrap()][..], "component released"),
        (&["components"], "activities bytes deployedTime digest grants name orchestrations"),
        (&["components", "activate", digest], "component released"),
        (&["components", "download", digest, file], "bytes file"),
        (&["start", "greet", "--id", "a", "--input", "\"you\""], started),
        (&["suspend", "a"], asked),
        (&["resume", "a"], asked),
        (&["raise-event", "a", "go"], asked),
        (&["wait", "a", "--timeout", "60s"], ended),
        (&["status", "a"], ended),
        (&["list"], ended),
        (&["history", "a"], "events executionId instanceId"),
        (&["restart", "a"], started),
        (&["purge", "a"], "instancesDeleted"),
        (&["purge", "--older-than", "48h"], "instancesDeleted"),
    ] {
        assert_eq!(members(&server.json(command).unwrap()), expected, "{command:?}");
    }
}
