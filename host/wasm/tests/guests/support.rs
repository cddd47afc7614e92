//! Guests, and what they are given.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use engine::{Action, ActivityTask, Event, Execution, ExecutionId, Failure, Guest, GuestError, InstanceId, Payload};
use engine::{TaskId, Timestamp, Turn};
use wasm::{Engines, LoadedComponent, Options};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// The misbehaving ones.
pub(crate) static GUESTS: LazyLock<LoadedComponent> = LazyLock::new(|| load("guests"));
/// The one whose runtime insists on WASI.
pub(crate) static WASI_READER: LazyLock<LoadedComponent> = LazyLock::new(|| load("wasi_reader"));
/// The one that reaches out.
pub(crate) static HTTP_GETTER: LazyLock<LoadedComponent> = LazyLock::new(|| load("http_getter"));

static ENGINES: LazyLock<Engines> = LazyLock::new(|| Engines::new(options()).unwrap());

pub(crate) fn engines() -> &'static Engines {
    &ENGINES
}

/// As by default, but quick to lose patience.
pub(crate) fn options() -> Options {
    Options {
        turn_deadline: Duration::from_secs(2),
        activity_cpu_max: Duration::from_secs(1),
        orchestrators_max: 50,
        activities_max: 20,
        ..Options::default()
    }
}

fn load(name: &str) -> LoadedComponent {
    engines().load(&guest_file(name)).unwrap()
}

/// A guest that was built from `tests/guests`.
pub(crate) fn guest_file(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("RONDO_GUESTS_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/wasm32-unknown-unknown/guest"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; build the guests first: `cargo xtask guests`", path.display()))
}

pub(crate) fn execution(name: &str, input: Option<&str>) -> Execution {
    Execution {
        instance_id: InstanceId::new("test").unwrap(),
        execution_id: ExecutionId::from_bytes([7; 16]),
        name: name.to_owned(),
        version: None,
        input: input.map(Payload::from),
        tags: BTreeMap::new(),
        parent: None,
    }
}

pub(crate) fn start(name: &str) -> Box<dyn Guest> {
    start_with(name, None)
}

pub(crate) fn start_with(name: &str, input: Option<&str>) -> Box<dyn Guest> {
    GUESTS.start(&execution(name, input)).unwrap()
}

/// A turn at `now_ms`.
pub(crate) fn turn(now_ms: u64, events: Vec<Event>) -> Turn {
    Turn { now: Timestamp::from_millis(now_ms), events }
}

pub(crate) fn completed(task: u32, output: &str) -> Event {
    Event::ActivityCompleted { task: TaskId(task), output: Some(output.into()) }
}

/// The answer to a single turn without events.
pub(crate) fn run_once(guest: &mut dyn Guest) -> Result<Vec<Action>, GuestError> {
    let mut answer = guest.run(&[turn(1_000, Vec::new())])?;
    assert_eq!(answer.len(), 1);
    Ok(answer.remove(0))
}

/// How the orchestration `name` fails in its first turn.
pub(crate) fn failure_of(name: &str) -> Failure {
    failure(run_once(&mut *start(name)).unwrap_err())
}

pub(crate) fn failure(error: GuestError) -> Failure {
    match error {
        GuestError::Failed(failure) => failure,
        other => panic!("the guest should have failed: {other}"),
    }
}

pub(crate) fn activity(name: &str, input: Option<&str>) -> ActivityTask {
    ActivityTask {
        instance_id: InstanceId::new("test").unwrap(),
        execution_id: ExecutionId::from_bytes([7; 16]),
        task: TaskId(3),
        attempt: 2,
        name: name.to_owned(),
        input: input.map(Payload::from),
        trace_context: None,
    }
}

/// The text of the custom status that a turn set.
pub(crate) fn status(actions: &[Action]) -> &str {
    match actions {
        [Action::SetCustomStatus { status: Some(status) }] => status.as_str(),
        other => panic!("expected a custom status: {other:?}"),
    }
}

/// A world of the contract, and whatever `extra` adds to it.
fn world(inline: &str, world: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
    let package = resolve.push_str("inline.wit", inline).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    (resolve, world)
}

/// A core module for a world, whose functions all trap.
pub(crate) fn dummy(inline: &str) -> Vec<u8> {
    let (resolve, world) = world(inline, "guest");
    let mut module = wit_component::dummy_module(
        &resolve,
        world,
        wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// A core module that orchestrates, with `describe` as given in the text form of WebAssembly.
pub(crate) fn handmade(imports: &str, describe: &str, rest: &str) -> Vec<u8> {
    orchestrator(&format!(
        r#"{imports}
            (func (export "rondo:orchestration/orchestrator@0.1.0#describe") (result i32) {describe})
            (func (export "rondo:orchestration/orchestrator@0.1.0#start") (param i32) (result i32) unreachable)
            (func (export "rondo:orchestration/orchestrator@0.1.0#run") (param i32 i32) (result i32) unreachable)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            {rest}"#
    ))
}

/// A core module that orchestrates, all of it given in the text form of WebAssembly.
pub(crate) fn orchestrator(fields: &str) -> Vec<u8> {
    let mut module = wat::parse_str(format!("(module {fields})")).unwrap();
    let (resolve, world) =
        world("package test:guest; world guest { export rondo:orchestration/orchestrator@0.1.0; }", "guest");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// A core module that offers orchestrations of these names.
pub(crate) fn named(names: &[&str]) -> Vec<u8> {
    // The list at 1024, its elements from 2048 on, the names one after the other from 65536 on.
    let (mut elements, mut texts) = (String::new(), String::new());
    let mut at = 65_536;
    for name in names {
        for word in [at, name.len(), 0, 0] {
            elements.push_str(&escaped(&u32::try_from(word).unwrap().to_le_bytes()));
        }
        texts.push_str(&escaped(name.as_bytes()));
        at += name.len();
    }
    let list: String = [2_048, names.len()].map(|word| escaped(&u32::try_from(word).unwrap().to_le_bytes())).concat();
    handmade(
        "",
        "(i32.const 1024)",
        &format!(
            r#"(memory (export "memory") 2)
               (data (i32.const 1024) "{list}") (data (i32.const 2048) "{elements}") (data (i32.const 65536) "{texts}")"#
        ),
    )
}

/// Bytes as the text form of WebAssembly has them.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    })
}

/// The same as a component.
pub(crate) fn wrapped(module: &[u8]) -> Vec<u8> {
    ComponentEncoder::default().module(module).unwrap().encode().unwrap()
}
