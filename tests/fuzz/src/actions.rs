//! What a guest answers, down to the bytes of its memory.

use std::sync::LazyLock;

use engine::{
    Digest, EngineRevision, Execution, ExecutionId, ExecutionStarted, Guest, GuestError, GuestSource, HistoryChange,
    HistoryEvent, InstanceId, Message, Orchestration, Payload, Timestamp,
};
use wasm::LoadedComponent;

use crate::component::ENGINES;

/// Answers every turn with the memory that its input describes: two letters, `a` to `p`, for every byte from 0 on.
/// The list of lists of actions is at 0.
const GUEST: &str = r#"(module
    (memory (export "memory") 8)
    (global $free (mut i32) (i32.const 131072))
    ;; One definition, called "o", without a description.
    (data (i32.const 65536) "\08\00\01\00\01\00\00\00\18\00\01\00\01\00\00\00\00\00\00\00\00\00\00\00o")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
    (func (export "rondo:orchestration/orchestrator@0.1.0#describe") (result i32) (i32.const 65536))
    (func (export "rondo:orchestration/orchestrator@0.1.0#start") (param $execution i32) (result i32)
        (local $from i32) (local $to i32) (local $end i32)
        (local.set $from (i32.load offset=40 (local.get $execution)))
        (local.set $end (i32.add (local.get $from) (i32.load offset=44 (local.get $execution))))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
            (i32.store8 (local.get $to)
                (i32.or
                    (i32.shl (i32.sub (i32.load8_u (local.get $from)) (i32.const 97)) (i32.const 4))
                    (i32.sub (i32.load8_u offset=1 (local.get $from)) (i32.const 97))))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))
            (local.set $from (i32.add (local.get $from) (i32.const 2)))
            (br $next)))
        ;; Everything is fine: 0 at a place that nobody writes to.
        (i32.const 65600))
    (func (export "rondo:orchestration/orchestrator@0.1.0#run") (param i32 i32) (result i32) (i32.const 0)))"#;

/// More would overwrite what the guest itself has in its memory.
const BYTES_MAX: usize = 60_000;

static COMPONENT: LazyLock<LoadedComponent> = LazyLock::new(|| {
    let module = wat::parse_str(GUEST).expect("the guest is WebAssembly");
    let component = wasm::componentize(&module).unwrap_or_else(|reason| panic!("{reason}"));
    ENGINES.load(&component).unwrap_or_else(|error| panic!("{error}"))
});

/// Runs an orchestration whose guest answers with these bytes, now and a day later.
///
/// # Panics
/// What was recorded cannot be read back, or reads back as something else.
pub fn actions(data: &[u8]) {
    let input: String = data.iter().take(BYTES_MAX).flat_map(|byte| [byte >> 4, byte & 15]).map(letter).collect();
    let instance_id = InstanceId::new("fuzz").expect("a valid id");
    let mut orchestration = Orchestration::new(instance_id.clone());
    let mut history: Vec<HistoryEvent> = Vec::new();
    let start = Message::Start(Box::new(start(Payload::from(input))));
    for (now, inbox) in [(0, vec![start]), (86_400_000, Vec::new())] {
        let Ok(outcome) = orchestration.run(Timestamp::from_millis(now), EngineRevision::NEWEST, inbox, &mut Source)
        else {
            return;
        };
        match outcome.history {
            HistoryChange::None => {}
            HistoryChange::Append { events } => history.extend(events),
            HistoryChange::Replace { events } => history = events,
        }
        let (component, custom_status) = (outcome.state.component, outcome.state.custom_status.clone());
        let loaded = Orchestration::load(instance_id.clone(), history.clone(), component, custom_status)
            .unwrap_or_else(|error| panic!("{error}: {history:?}"));
        assert_eq!(loaded.state(), Some(&outcome.state));
    }
}

fn letter(nibble: u8) -> char {
    char::from(b'a' + nibble)
}

fn start(input: Payload) -> ExecutionStarted {
    ExecutionStarted {
        input: Some(input),
        ..ExecutionStarted::new(ExecutionId::from_bytes([7; 16]), "o", Timestamp::from_millis(0))
    }
}

struct Source;

impl GuestSource for Source {
    fn start(&mut self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((COMPONENT.start(execution)?, COMPONENT.digest()))
    }
}
