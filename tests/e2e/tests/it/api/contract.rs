//! Whatever is sent, the server answers what its OpenAPI document says, and never with a 5xx.

use std::fs;
use std::process::{Command, Stdio};

use e2e::{Server, fuzzer};
use serde_json::json;

use super::{deploy, on_every_storage};

/// As long as one storage may be tried.
const SECONDS_MAX: &str = "100";

/// Cases of each kind for each call: as many as a slow machine manages in that time, so that all machines try the same.
/// `RONDO_FUZZ_CASES=100`, which is the fuzzer's own default, tries more.
fn cases() -> String {
    std::env::var("RONDO_FUZZ_CASES").unwrap_or_else(|_| "25".to_owned())
}

/// What the fuzzer cannot know: names of what there is, and times that keep nobody waiting.
fn settings(ended: &str, digest: &str) -> String {
    format!(
        r#"
[generation]
codec = "ascii"
deterministic = true
database = "none"

[parameters]
"path.name" = "greet"
"path.digest" = "{digest}"
"query.component" = "{digest}"
"query.timeout" = 0.05
"query.pollingInterval" = 0.01
"query.timeout_ms" = 20
"query.grants" = "{{}}"
"query.returnInternalServerErrorOnFailure" = false
"header.x-rondo-grants" = "{{}}"
"header.x-ms-continuation-token" = ""

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "410", "412", "413", "414", "422", "429"]

# A file may be no component, and an instance may not be as a call needs it: no schema can say so.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "410", "412", "413", "422", "429"]

# The fuzzer's texts for a path may hold control characters, which the document forbids there.
[[operations]]
include-path-regex = "[{{](id|event)[}}]"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "410", "412", "413", "429"]

# Of one that has ended, whatever the fuzzer has made up: the stream of another would go on.
[[operations]]
include-operation-id = "followHistory"
checks.negative_data_rejection.enabled = false
parameters = {{ "path.id" = "{ended}" }}
"#
    )
}

fn the_server_does_what_its_document_says(server: &Server) {
    deploy(server, "greeter_v1");
    server.ok(&["start", "greet", "--id", "ended", "--input", "\"you\""]).unwrap();
    server.ok(&["raise-event", "ended", "go", "--data", &json!(null).to_string()]).unwrap();
    server.ok(&["wait", "ended", "--timeout", "60s"]).unwrap();
    let digest = server.json(&["components"]).unwrap()[0]["digest"].as_str().unwrap().to_owned();

    let folder = tempfile::tempdir().unwrap();
    let settings_file = folder.path().join("schemathesis.toml");
    fs::write(&settings_file, settings("ended", &digest)).unwrap();
    let mut command = Command::new(fuzzer::install().unwrap());
    command
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(&settings_file)
        .args(["run", &format!("{}/rondo/openapi.json", server.url())])
        .args(["--seed", "1", "--no-color", "--request-timeout", "20", "--max-time", SECONDS_MAX])
        .args(["--max-examples", &cases()])
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Tested: 24"), "every call was tried");
}

on_every_storage!(the_server_does_what_its_document_says);
