//! Components in all languages that have an SDK, each by itself and all in one application.

use std::path::Path;

use e2e::Server;
use guest_scenarios::Language;
use serde_json::{Value, json};

use crate::stored::{assert_replays, snapshots};
use crate::wait::until;

/// Compiling a component of Python takes its time.
const WAIT: &str = "120s";

fn deploy(server: &Server, language: Language) {
    let file = language.component_file();
    assert!(file.is_file(), "{} is missing: run `cargo xtask guests` first", file.display());
    server.ok(&["deploy", file.to_str().unwrap(), "--name", &format!("{language}_scenarios")]).unwrap();
}

fn start(server: &Server, name: &str, id: &str, input: &Value) {
    server.ok(&["start", name, "--id", id, "--input", &input.to_string()]).unwrap();
}

fn output(server: &Server, id: &str) -> Value {
    let answer = server.rondo(&["wait", id, "--timeout", WAIT]).unwrap();
    assert_eq!(answer.code, 0, "{id}: {answer:?}\n{}", server.log());
    server.json(&["status", id]).unwrap()["output"].clone()
}

/// Asserts that everything that is stored is decided again by the component it runs on.
fn assert_all_replay(data: &Path, languages: &[Language]) {
    let components: Vec<_> = languages.iter().map(|&language| guest_scenarios::load(language).unwrap()).collect();
    for snapshot in snapshots(data).values() {
        let state = &snapshot.row.state;
        let component = components.iter().find(|component| Some(component.digest()) == state.component);
        assert_replays(&state.instance_id, &snapshot.history, component.unwrap());
    }
}

/// Activities with retries, side by side, children, timers, events and continue-as-new, on a host that keeps nobody warm:
/// every turn is a replay.
fn runs_on_a_cold_host(language: Language) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--warm-memory", "0"]).unwrap();
    deploy(&server, language);
    let relay = format!("{language}_relay");
    let relayed = json!({
        "activities": [format!("{language}_stamp")], "children": [relay], "event": null, "value": "x"
    });
    let stories = [
        ("chain", json!(3), json!(16)),
        ("fan_out", json!(30), json!(8555)),
        ("parallel", json!(null), json!([4, 121])),
        ("retry", json!({ "succeed_on": 3 }), json!(3)),
        ("catch_fail", failure(), failure()),
        ("all_fails", json!(null), json!([1, 2, 3])),
        ("timeout_event", json!({ "ms": 50, "name": "never" }), json!("too late")),
        ("race", json!([3_600_000, 20, 7_200_000]), json!(1)),
        ("cancel", json!(null), json!(null)),
        ("child_options", json!(2), json!(9)),
        ("countdown", json!(3), json!("done")),
        (&relay, relayed, json!(format!("x<{language}><{language}>[{language}][{language}]"))),
    ];
    for (name, input, _) in &stories {
        start(&server, name, name, input);
    }
    start(&server, "wait_event", "waits", &json!("Go"));
    server.ok(&["raise-event", "waits", "GO", "--data", "{\"n\":1}"]).unwrap();
    start(&server, "fail_with", "fails", &failure());
    for (name, _, expected) in &stories {
        assert_eq!(output(&server, name), *expected, "{name}");
    }
    assert_eq!(output(&server, "waits"), json!({ "n": 1 }));
    until(&server, "fails", |status| status["runtimeStatus"] == "Failed");
    server.stop().unwrap();
    assert_all_replay(folder.path(), &[language]);
}

fn failure() -> Value {
    json!({ "details": "why", "kind": "rejected", "message": "by the bank", "non_retriable": true })
}

#[test]
fn rust_runs_on_a_cold_host() {
    runs_on_a_cold_host(Language::Rust);
}

#[test]
fn typescript_runs_on_a_cold_host() {
    runs_on_a_cold_host(Language::TypeScript);
}

#[test]
fn python_runs_on_a_cold_host() {
    runs_on_a_cold_host(Language::Python);
}

#[test]
fn go_runs_on_a_cold_host() {
    runs_on_a_cold_host(Language::Go);
}

#[test]
fn c_runs_on_a_cold_host() {
    runs_on_a_cold_host(Language::C);
}

/// One orchestration per language calls the activities of all languages, waits for an event, and then calls children in
/// all other languages, each of which calls the activities of all languages. The server is killed while they wait, and
/// again when they have gone on.
#[test]
fn kill_nine_does_not_part_an_application_of_many_languages() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    for language in Language::ALL {
        deploy(&server, language);
    }
    let stamps: Vec<_> = Language::ALL.iter().map(|language| format!("{language}_stamp")).collect();
    for language in Language::ALL {
        let children: Vec<_> = others(language).map(|other| format!("{other}_relay")).collect();
        let input = json!({ "activities": stamps, "children": children, "event": "go", "value": "x" });
        start(&server, &format!("{language}_relay"), language.name(), &input);
    }
    for language in Language::ALL {
        until(&server, language.name(), |_| awaits_an_event(&server, language.name()));
    }
    server.kill().unwrap();

    let server = Server::start(folder.path()).unwrap();
    for language in Language::ALL {
        server.ok(&["raise-event", language.name(), "go"]).unwrap();
    }
    // The first child has begun, none of them has made it through all languages yet.
    until(&server, Language::Rust.name(), |_| history(&server, "rust").contains("SubOrchestrationCreated"));
    server.kill().unwrap();

    let server = Server::start(folder.path()).unwrap();
    for language in Language::ALL {
        assert_eq!(output(&server, language.name()), expected(language), "{language}");
    }
    server.stop().unwrap();
    assert_all_replay(folder.path(), &Language::ALL);
}

fn others(language: Language) -> impl Iterator<Item = Language> {
    Language::ALL.into_iter().filter(move |&other| other != language)
}

fn expected(language: Language) -> String {
    let stamps = Language::ALL.map(|language| format!("<{language}>")).concat();
    let children: Vec<_> = others(language).map(|other| format!("{stamps}[{other}]")).collect();
    format!("x{stamps}{}[{language}]", children.concat())
}

fn history(server: &Server, id: &str) -> String {
    server.json(&["history", id]).unwrap().to_string()
}

fn awaits_an_event(server: &Server, id: &str) -> bool {
    history(server, id).contains("EventAwaited")
}
