//! What cannot be deployed is refused with words that help.

use std::fs;
use std::path::PathBuf;

use e2e::{Server, guest};
use guest_scenarios::Language;
use tempfile::TempDir;
use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// Deploys `bytes`, asserts that it is refused, and answers with what the user reads.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data")).unwrap();
    let file = write(&folder, bytes);
    let answer = server.rondo(&["deploy", file.to_str().unwrap()]).unwrap();
    assert_ne!(answer.code, 0, "{answer:?}");
    assert_eq!(answer.stdout, "", "nothing was deployed");
    let listed = server.json(&["components"]).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(0), "{listed}");
    answer.stderr
}

fn write(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let file = folder.path().join("file.wasm");
    fs::write(&file, bytes).unwrap();
    file
}

fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in:\n{text}");
    }
}

#[test]
fn a_text_file_is_not_webassembly() {
    assert_says(
        &refusal(b"#!/bin/sh\necho hello\n"),
        &["not WebAssembly", "looks like text", "upload the `.wasm` file"],
    );
}

#[test]
fn a_truncated_file_is_named_as_such() {
    let whole = fs::read(guest("chaining").unwrap()).unwrap();
    assert_says(&refusal(&whole[..whole.len() / 2]), &["breaks off", "build it again"]);
}

#[test]
fn a_core_module_without_type_section_is_told_how_to_be_built() {
    let empty_module = b"\0asm\x01\0\0\0";
    assert_says(&refusal(empty_module), &["component-type", "wit-bindgen"]);
}

#[test]
fn what_takes_too_much_to_compile_is_refused_and_the_host_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(&folder.path().join("data"), &["--compile-memory", "64MiB"]).unwrap();
    let large = server.rondo(&["deploy", Language::TypeScript.component_file().to_str().unwrap()]).unwrap();
    assert_ne!(large.code, 0, "{large:?}");
    assert_says(&large.stderr, &["compiling the component takes more than 64 MiB of memory", "limits for compiling"]);
    assert!(server.rondo(&["list"]).unwrap().code == 0, "the host lives");
}

#[test]
fn a_component_with_other_exports_is_told_what_is_expected() {
    let empty_component = b"\0asm\x0d\0\x01\0";
    assert_says(&refusal(empty_component), &["rondo:orchestration", "export"]);
}

#[test]
fn an_orchestrator_that_imports_sockets_is_told_to_use_an_activity() {
    let world = "package test:guest;
        package wasi:sockets@0.2.3 { interface network { open: func(); } }
        world guest {
            import wasi:sockets/network@0.2.3;
            export rondo:orchestration/orchestrator@0.1.0;
        }";
    assert_says(&refusal(&module_of(world)), &["wasi:sockets/network", "activity"]);
}

/// A core module for a world beside the contract, whose functions all trap.
fn module_of(world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
    let package = resolve.push_str("world.wit", world).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

#[test]
fn inspect_says_without_a_server_whether_a_file_is_deployable() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data")).unwrap();
    let good = server.rondo(&["inspect", guest("chaining").unwrap().to_str().unwrap()]).unwrap();
    assert_eq!(good.code, 0, "{good:?}");
    assert_says(&good.stdout, &["order", "quote", "deployable"]);
    let bad = server.rondo(&["inspect", write(&folder, b"hello").to_str().unwrap()]).unwrap();
    assert_eq!(bad.code, 1, "{bad:?}");
}

#[test]
fn a_rust_component_imports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    for name in ["chaining", "fan_out", "approval", "saga", "monitor", "sub_orchestrations", "workload"] {
        let seen = server.json(&["inspect", guest(name).unwrap().to_str().unwrap()]).unwrap();
        assert_eq!(seen["imports"].as_array().map(Vec::len), Some(0), "{name}: {seen}");
    }
}
