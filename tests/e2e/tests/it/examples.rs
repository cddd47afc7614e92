//! Every example does what its README says.

use std::fmt::Write as _;
use std::fs;

use e2e::{Example, Server, WebPage};
use serde_json::Value;

use crate::wait::until;

/// Fields that differ from run to run or from build to build: times, drawn ids, traces, the engine revision, and where an
/// event came to stand.
const VOLATILE: &[&str] = &[
    "id",
    "type",
    "at",
    "executionId",
    "created",
    "key",
    "fireAt",
    "retryAt",
    "component",
    "parent",
    "engineRevision",
    "traceParent",
    "traceState",
];

/// The history of a run as far as it is the same in every run.
///
/// What runs side by side may end in any order and in one turn or in several: so turns are left out, and what came in
/// between two decisions is sorted.
fn outline(history: &Value) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut facts = 0;
    for event in history["events"].as_array().unwrap() {
        let event = event.as_object().unwrap();
        let kind = event["type"].as_str().unwrap();
        if kind.starts_with("Orchestrator") {
            continue;
        }
        let mut line = kind.to_owned();
        for (name, value) in event.iter().filter(|(name, value)| !VOLATILE.contains(&name.as_str()) && !value.is_null())
        {
            write!(line, " {name}={value}").unwrap();
        }
        let is_fact = !kind.starts_with("Execution")
            && ["Completed", "Failed", "Fired", "Raised"].iter().any(|end| kind.ends_with(end));
        facts = if is_fact { facts + 1 } else { 0 };
        lines.push(line);
        let first = lines.len() - facts;
        lines[first..].sort();
    }
    lines.join("\n") + "\n"
}

fn run(name: &str) {
    let example = Example::all().unwrap().into_iter().find(|example| example.name == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let found = history_of(&example, &server);
    if std::env::var_os("RONDO_BLESS").is_some() {
        fs::write(&example.expected_history, &found).unwrap();
    }
    assert_eq!(found, expected_history(&example), "run with RONDO_BLESS=1 to accept it, then read the difference");
}

/// The history that the example's README shows.
pub(crate) fn expected_history(example: &Example) -> String {
    fs::read_to_string(&example.expected_history).unwrap_or_default()
}

/// Runs an example to its end, which must be the one that it promises, and answers with what it has recorded.
pub(crate) fn history_of(example: &Example, server: &Server) -> String {
    let name = &example.name;
    let page = WebPage::serve("Hello from a web page.\n").unwrap();
    let component = example.component().unwrap();
    server.ok(&["deploy", component.to_str().unwrap(), "--allow-http", &page.authority()]).unwrap();
    let input = page.fill_in(&example.run.input.to_string());
    server.ok(&["start", &example.run.orchestration, "--id", name, "--input", &input]).unwrap();
    for event in &example.run.events {
        // Of an event that is early, the history says so.
        until(server, name, |_| server.ok(&["history", name, "--output", "json"]).unwrap().contains("EventAwaited"));
        server.ok(&["raise-event", name, &event.name, "--data", &event.data.to_string()]).unwrap();
    }
    let answer = server.rondo(&["wait", name, "--timeout", "60s"]).unwrap();
    let status = server.json(&["status", name]).unwrap();
    assert_eq!(answer.code, 0, "{status:#}\n{}", server.log());
    let expected = page.fill_in(&example.run.output.to_string());
    assert_eq!(status["output"], serde_json::from_str::<Value>(&expected).unwrap());

    assert_eq!(example.calls_page(), page.served() > 0, "whether the page was really called");

    outline(&server.json(&["history", name]).unwrap()).replace(&page.url(), "{page}")
}

/// One test for each example; the last of them fails when one is forgotten.
macro_rules! examples {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_example_has_its_test() {
            let found: Vec<String> = Example::all().unwrap().into_iter().map(|example| example.name).collect();
            assert_eq!(found, [$(stringify!($name)),*]);
        }
    };
}

examples!(approval, chaining, fan_out, http_fetch, monitor, saga, sub_orchestrations);
