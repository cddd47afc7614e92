//! What is said about files.

use std::fmt::Write as _;

use wasm::{FileKind, Inspection};

use crate::support::*;

/// All reasons against a file, as people read them.
fn reasons(bytes: &[u8]) -> String {
    let inspection = engines().inspect(bytes);
    assert!(!inspection.deployable);
    let error = engines().load(bytes).map(drop).unwrap_err();
    assert_eq!(error.to_string(), inspection.reasons[0].to_string());
    inspection.reasons.iter().fold(String::new(), |mut text, reason| {
        writeln!(text, "{}\n-> {}", reason.problem, reason.remedy).unwrap();
        text
    })
}

#[test]
fn a_good_file_is_described() {
    let bytes = named(&["first", "second"]);
    let mut json = serde_json::to_value(engines().inspect(&bytes)).unwrap();
    assert_eq!(json["digest"], engine::Digest::of(&bytes).to_string());
    // These two follow the version of the encoder.
    json.as_object_mut().unwrap().retain(|key, _| key != "digest" && key != "size_bytes");
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
    {
      "activities": [],
      "deployable": true,
      "exports": [
        "rondo:orchestration/orchestrator@0.1.0"
      ],
      "imports": [],
      "kind": "core-module",
      "orchestrations": [
        {
          "description": "",
          "name": "first"
        },
        {
          "description": "",
          "name": "second"
        }
      ],
      "reasons": []
    }
    "#);
}

#[test]
fn a_component_is_as_good_as_its_module() {
    let module = named(&["one"]);
    let component = wrapped(&module);
    let (of_module, of_component) = (engines().inspect(&module), engines().inspect(&component));
    assert_eq!(of_module.kind, FileKind::CoreModule);
    assert_eq!(of_component.kind, FileKind::Component);
    assert_ne!(of_module.digest, of_component.digest, "the digest is the file's");
    assert_eq!(
        Inspection { kind: FileKind::Component, size_bytes: component.len(), digest: of_component.digest, ..of_module },
        of_component
    );
}

#[test]
fn what_a_component_offers_is_listed_by_kind() {
    let inspection = engines().inspect(&guest_file("guests"));
    assert!(inspection.deployable);
    let names = |definitions: &[wasm::Definition]| -> Vec<String> {
        definitions.iter().map(|definition| definition.name.clone()).collect()
    };
    assert!(names(&inspection.orchestrations).contains(&"chain".to_owned()));
    assert!(names(&inspection.activities).contains(&"echo".to_owned()));
    let component = engines().load(&guest_file("guests")).unwrap();
    assert_eq!(component.orchestrations(), inspection.orchestrations);
    assert_eq!(component.activities(), inspection.activities);
    assert_eq!(component.digest(), inspection.digest);
}

#[test]
fn a_file_that_is_not_webassembly() {
    insta::assert_snapshot!(reasons(b"export default async function(ctx) {}"), @r#"
    this is not WebAssembly: it looks like text and begins with "export default async fun", not with "\0asm"
    -> upload the `.wasm` file that your build wrote, not a source file or an archive
    "#);
    insta::assert_snapshot!(reasons(b""), @"
    the file is empty
    -> check that the build wrote it, and upload it again
    ");
}

#[test]
fn a_file_that_breaks_off() {
    let whole = guest_file("guests");
    insta::assert_snapshot!(reasons(&whole[..1_000]), @"
    the file breaks off after 1000 bytes, in the middle of something
    -> the build or the copying was interrupted: build it again and upload the whole file
    ");
    let component = wrapped(&whole);
    assert!(reasons(&component[..component.len() - 10]).starts_with("the file breaks off after"));
}

#[test]
fn no_prefix_of_a_file_makes_trouble() {
    // A tenth of all lengths, and all short ones. What is left of a component when only the custom sections at its
    // end are missing is as good as the whole.
    let whole = wrapped(&named(&["one"]));
    let offered = engines().inspect(&whole).orchestrations;
    for length in (0..64).chain((64..whole.len()).step_by(10)) {
        let inspection = engines().inspect(&whole[..length]);
        assert_eq!(inspection.deployable, inspection.reasons.is_empty(), "{length}");
        assert!(!inspection.deployable || inspection.orchestrations == offered, "{length}");
    }
    assert!(!engines().inspect(&whole[..whole.len() / 2]).deployable);
}

#[test]
fn a_file_that_is_damaged() {
    let mut bytes = named(&["one"]);
    bytes[9] = 0x77;
    assert!(!engines().inspect(&bytes).deployable);
}

#[test]
fn a_file_that_is_too_large() {
    let mut bytes = b"\0asm".to_vec();
    bytes.resize(wasm::limits::FILE_BYTES_MAX + 1, 0);
    insta::assert_snapshot!(reasons(&bytes), @"
    the file has 65 MiB, more than the 64 that are allowed
    -> build with optimisation and without debug information, and load large data at run time, in activities
    ");
}

#[test]
fn a_module_without_interfaces() {
    insta::assert_snapshot!(reasons(&wat::parse_str("(module)").unwrap()), @"
    this is a core module without a `component-type` section: it was built without an SDK or wit-bindgen, so it does not say which interfaces it has
    -> write it with one of the SDKs and build it as its guide says; in Rust: `cargo build --target wasm32-unknown-unknown`
    ");
    let preview1 = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#;
    insta::assert_snapshot!(reasons(&wat::parse_str(preview1).unwrap()), @"
    this is a core module without a `component-type` section: it was built without an SDK or wit-bindgen, so it does not say which interfaces it has
    -> it was built for wasm32-wasip1 (or with TinyGo's or Emscripten's default target): build it for wasm32-unknown-unknown or wasm32-wasip2
    ");
}

#[test]
fn a_module_with_holes() {
    let holes = r#"(import "env" "abort" (func)) (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;
    insta::assert_snapshot!(reasons(&handmade(holes, "unreachable", "")), @"
    the module imports `wasi_snapshot_preview1.proc_exit`, which is not offered
    -> build it for wasm32-unknown-unknown or wasm32-wasip2 instead of wasm32-wasip1, or turn it into a component yourself with an adapter: `wasm-tools component new --adapt`
    the module imports `env.abort`, which nobody offers
    -> these are functions that the linker did not find (a missing library or source file) or that a browser would offer: link what defines them, or build without what calls them
    ");
}

#[test]
fn a_component_of_another_world() {
    let other = dummy("package test:other; world guest { export greet: func() -> string; }");
    insta::assert_snapshot!(reasons(&other), @"
    the component exports `greet`, and neither orchestrations nor activities
    -> it must export `rondo:orchestration/orchestrator@0.1.0`, `rondo:orchestration/activity@0.1.0`, or both: write it with one of the SDKs and build it as its guide says; in Rust: `cargo build --target wasm32-unknown-unknown`
    ");
    insta::assert_snapshot!(reasons(&wat::parse_str("(component)").unwrap()), @"
    the component exports nothing, and neither orchestrations nor activities
    -> it must export `rondo:orchestration/orchestrator@0.1.0`, `rondo:orchestration/activity@0.1.0`, or both: write it with one of the SDKs and build it as its guide says; in Rust: `cargo build --target wasm32-unknown-unknown`
    ");
}

#[test]
fn a_component_for_another_version() {
    let later = "package rondo:orchestration@0.2.0;
        interface orchestrator { describe: func(); }
        world guest { export orchestrator; }";
    insta::assert_snapshot!(reasons(&dummy(later)), @"
    the component exports `rondo:orchestration/orchestrator@0.2.0`, and this host speaks version 0.1 of it
    -> build it with an SDK of the same version as this host, or deploy it to a host of its own version
    ");
}

#[test]
fn a_component_with_other_types() {
    // The right names, as an older or newer draft of the same version would have them.
    let text = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $e (export "describe" (func $f)) (export "start" (func $f)) (export "run" (func $f)))
        (export "rondo:orchestration/orchestrator@0.1.0" (instance $e)))"#;
    insta::assert_snapshot!(reasons(&wat::parse_str(text).unwrap()), @"
    the component's interfaces have the right names and other functions or types: failed to convert function to given type: type mismatch with results: expected 1-tuple, found 0-tuple
    -> it was built from changed or older `.wit` files: build it with an SDK of the same version as this host
    ");
}

#[test]
fn an_orchestrator_that_wants_the_network() {
    let guest = "package test:guest;
        package wasi:sockets@0.2.3 { interface network { open: func(); } }
        package wasi:http@0.2.3 { interface outgoing-handler { handle: func(); } }
        world guest {
            import wasi:sockets/network@0.2.3;
            import wasi:http/outgoing-handler@0.2.3;
            export rondo:orchestration/orchestrator@0.1.0;
        }";
    insta::assert_snapshot!(reasons(&dummy(guest)), @"
    the component only orchestrates, and imports `wasi:http/outgoing-handler@0.2.3`, `wasi:sockets/network@0.2.3`
    -> an orchestrator cannot use the network: do this in an activity, here or in another component; if the code does not use it and only the language's runtime brings it in, build without it (componentize-py and componentize-qjs: `--stub-wasi`; jco: `--disable all`; Rust: `--target wasm32-unknown-unknown`)
    ");
}

#[test]
fn imports_that_nobody_offers() {
    let guest = "package test:guest;
        package wasi:keyvalue@0.2.0 { interface store { open: func(); } }
        package acme:billing@1.0.0 { interface charge { charge: func(); } }
        world guest {
            import wasi:keyvalue/store@0.2.0;
            import acme:billing/charge@1.0.0;
            export rondo:orchestration/activity@0.1.0;
        }";
    insta::assert_snapshot!(reasons(&dummy(guest)), @"
    the component imports `wasi:keyvalue/store@0.2.0`, which this host does not offer
    -> this host offers the command line, clocks, files, random numbers and outbound HTTP of WASI 0.2; if the code does not use it and only the language's runtime brings it in, build without it (componentize-py and componentize-qjs: `--stub-wasi`; jco: `--disable all`; Rust: `--target wasm32-unknown-unknown`)
    the component imports `acme:billing/charge@1.0.0`, which this host does not offer
    -> a component may import parts of WASI 0.2 and nothing else: compose it with a component that exports this (`wac plug`), or build without what needs it
    ");
}

#[test]
fn names_that_cannot_be_used() {
    let long = "x".repeat(201);
    insta::assert_snapshot!(reasons(&named(&["", "a\nb", "twice", "twice", &long])), @r#"
    the component's `orchestrator` offers "": a name must not be empty
    -> choose a name of 1 to 200 bytes without control characters, and each name once
    the component's `orchestrator` offers "a\nb": the name holds a control character
    -> choose a name of 1 to 200 bytes without control characters, and each name once
    the component's `orchestrator` offers "twice": the name is there twice
    -> choose a name of 1 to 200 bytes without control characters, and each name once
    the component's `orchestrator` offers "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": the name is too long
    -> choose a name of 1 to 200 bytes without control characters, and each name once
    "#);
    insta::assert_snapshot!(reasons(&named(&[])), @"
    the component offers nothing
    -> register at least one orchestration or activity
    ");
}

#[test]
fn an_interface_may_be_empty_if_the_other_is_not() {
    let module = wat::parse_str(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 64) "\50\00\00\00\01\00\00\00")
            (data (i32.const 80) "\08\00\00\00\04\00\00\00\00\00\00\00\00\00\00\00")
            (data (i32.const 8) "rest")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export "rondo:orchestration/orchestrator@0.1.0#describe") (result i32) i32.const 256)
            (func (export "rondo:orchestration/orchestrator@0.1.0#start") (param i32) (result i32) unreachable)
            (func (export "rondo:orchestration/orchestrator@0.1.0#run") (param i32 i32) (result i32) unreachable)
            (func (export "rondo:orchestration/activity@0.1.0#describe") (result i32) i32.const 64)
            (func (export "rondo:orchestration/activity@0.1.0#run")
                (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))"#,
    );
    let inspection = engines().inspect(&wasm::componentize(&module.unwrap()).unwrap());
    assert_eq!((inspection.reasons, inspection.orchestrations), (vec![], vec![]));
    assert_eq!(inspection.activities[0].name, "rest");
}

#[test]
fn a_component_that_cannot_say_what_it_offers() {
    let memory = r#"(memory (export "memory") 1)"#;
    let exploding = format!("{memory} (func $explode unreachable)");
    insta::assert_snapshot!(reasons(&handmade("", "(call $explode) unreachable", &exploding)), @"
    asked what it offers, the component failed in `orchestrator`: the guest trapped: it panicked or aborted (`unreachable` was executed)
    wasm trap: wasm `unreachable` instruction executed
      at explode
      at function 0
    -> `describe`, and whatever runs before it (static initialisers, module-level code), must work without any input
    ");
    insta::assert_snapshot!(reasons(&handmade("", "(loop (br 0)) unreachable", memory)), @"
    asked what it offers, the component failed in `orchestrator`: the guest was interrupted after 2s, which is as long as one turn may take
    wasm trap: interrupt
      at function 0
    -> `describe`, and whatever runs before it (static initialisers, module-level code), must work without any input
    ");
    insta::assert_snapshot!(reasons(&handmade("", "(i32.const 65532)", memory)), @"
    asked what it offers, the component failed in `orchestrator`: the guest's answer cannot be read: pointer out of bounds of memory
    pointer out of bounds of memory
    -> `describe`, and whatever runs before it (static initialisers, module-level code), must work without any input
    ");
}

#[test]
fn a_component_that_wants_too_much_from_the_start() {
    // 5,000 pages are 312 MiB.
    insta::assert_snapshot!(reasons(&handmade("", "unreachable", r#"(memory (export "memory") 5000)"#)), @"
    the component needs more at its start than a guest may have: module memory does not fit in pooling allocator requirements: memory index 0 is unsupported in this pooling allocator configuration: memory has a minimum byte size of 327680000 which exceeds the limit of 0x10000000 bytes
    -> make its initial memory and tables smaller (for C: a smaller stack), or raise this host's limits for guests
    ");
}
