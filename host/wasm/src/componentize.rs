//! Makes a component of what a language's compiler wrote.

use std::borrow::Cow;
use std::fmt::Display;

use wasmparser::Parser;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::file::{ACTIVITY, ORCHESTRATOR, Outline, version_of};
use crate::{Reason, reasons};

/// The contract: the files of `wit/` by name.
pub const WIT: [(&str, &str); 4] = [
    ("activity.wit", include_str!("../../../wit/activity.wit")),
    ("orchestrator.wit", include_str!("../../../wit/orchestrator.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// The system interface of toolchains that know nothing of components.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Serves it without importing anything.
const PREVIEW1_ADAPTER: &str = include_str!("componentize/preview1.wat");

/// Makes a component of a core module; a component stays as it is.
///
/// A module that does not say which world it belongs to gets the one whose functions it exports. What it imports from
/// WASI preview 1 is linked to an adapter that reaches nothing, so that the component does not import it.
///
/// # Errors
/// The file is not WebAssembly, exports neither interface of the contract, or does not fit its world.
pub fn componentize(file: &[u8]) -> Result<Cow<'_, [u8]>, Reason> {
    if file.is_empty() {
        return Err(reasons::empty());
    }
    if !file.starts_with(b"\0asm") {
        return Err(reasons::not_wasm(file));
    }
    if Parser::is_component(file) {
        return Ok(Cow::Borrowed(file));
    }
    let Outline { exports, imports, has_component_type, .. } =
        Outline::read(file).map_err(|error| reasons::malformed(&error.to_string()))?;
    let mut module = Cow::Borrowed(file);
    if !has_component_type {
        let world = world_of(&exports).ok_or_else(|| reasons::wrong_exports(&exports))?;
        let (resolve, world) = contract(world).map_err(cannot_wrap)?;
        embed_component_metadata(module.to_mut(), &resolve, world, StringEncoding::UTF8).map_err(cannot_wrap)?;
    }
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).map_err(cannot_wrap)?;
    if imports.iter().any(|import| import.split('.').next() == Some(PREVIEW1)) {
        let adapter = wat::parse_str(PREVIEW1_ADAPTER).map_err(cannot_wrap)?;
        encoder = encoder.adapter(PREVIEW1, &adapter).map_err(cannot_wrap)?;
    }
    encoder.encode().map(Cow::Owned).map_err(cannot_wrap)
}

/// With the causes, which errors of the tools show in their alternate form.
fn cannot_wrap(error: impl Display) -> Reason {
    reasons::cannot_wrap(&format!("{error:#}"))
}

/// The world of a module, by the functions it exports: `INTERFACE@VERSION#FUNCTION`.
fn world_of(exports: &[String]) -> Option<&'static str> {
    let has = |interface| exports.iter().any(|export| version_of(export, interface).is_some());
    match (has(ORCHESTRATOR), has(ACTIVITY)) {
        (true, true) => Some("application"),
        (true, false) => Some("orchestrations"),
        (false, true) => Some("activities"),
        (false, false) => None,
    }
}

fn contract(world: &str) -> Result<(Resolve, WorldId), String> {
    let mut sources = SourceMap::default();
    for (name, text) in WIT {
        sources.push_str(name, text);
    }
    let group = sources.parse().map_err(|(_, error)| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).map_err(|error| error.to_string())?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| error.to_string())?;
    Ok((resolve, world))
}

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Instance, Memory, MemoryType, Module, Store, TypedFunc, WasmParams};

    use super::*;
    use crate::{Engines, Options};

    /// An activity that keeps asking the system for things it may do without.
    const GUEST: &str = include_str!("componentize/guest.wat");

    #[test]
    fn a_module_that_wants_preview_1_becomes_a_component_that_imports_nothing() {
        let module = wat::parse_str(GUEST).unwrap();
        let component = componentize(&module).unwrap();
        let options = Options { orchestrators_max: 1, activities_max: 1, ..Options::default() };
        let inspection = Engines::new(options).unwrap().inspect(&component);
        assert_eq!((inspection.deployable, inspection.reasons), (true, vec![]));
        assert_eq!(inspection.imports, [""; 0]);
        assert_eq!(inspection.exports, ["rondo:orchestration/activity@0.1.0"]);
        assert_eq!(inspection.activities[0].name, "rest");
    }

    #[test]
    fn a_component_stays_as_it_is() {
        let component = wat::parse_str("(component)").unwrap();
        assert!(matches!(componentize(&component), Ok(Cow::Borrowed(bytes)) if bytes == component));
    }

    #[test]
    fn a_module_of_another_world_is_refused() {
        let module = wat::parse_str(r#"(module (func (export "main")))"#).unwrap();
        insta::assert_snapshot!(componentize(&module).unwrap_err().problem, @"the component exports `main`, and neither orchestrations nor activities");
    }

    #[test]
    fn a_function_of_the_contract_with_another_signature_is_refused() {
        let wrong = GUEST.replace(r#"describe") (result i32)"#, r#"describe") (result i64)"#);
        let wrong = wrong.replace("i32.const 64 ;; the list", "i64.const 64");
        assert_ne!(wrong, GUEST);
        let problem = componentize(&wat::parse_str(wrong).unwrap()).unwrap_err().problem;
        assert!(problem.contains("describe"), "{problem}");
    }

    #[test]
    fn every_world_is_in_the_contract() {
        for world in ["application", "orchestrations", "activities"] {
            contract(world).unwrap();
        }
    }

    /// The adapter beside a memory of its own.
    struct Adapter {
        store: Store<()>,
        memory: Memory,
        instance: Instance,
    }

    const BLOCK: usize = 0x100;
    const STDOUT: usize = BLOCK + 16;
    const BUFFER: usize = 0x200;
    const ANSWER: u32 = 0x300;

    impl Adapter {
        fn new() -> Self {
            let engine = Engine::default();
            let module = Module::new(&engine, wat::parse_str(PREVIEW1_ADAPTER).unwrap()).unwrap();
            let mut store = Store::new(&engine, ());
            let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
            let instance = Instance::new(&mut store, &module, &[memory.into()]).unwrap();
            Self { store, memory, instance }
        }

        /// One with a block whose clock says 5, and room for 8 bytes of output.
        fn attached() -> Self {
            let mut adapter = Self::new();
            adapter.write(BLOCK, &5_u64.to_le_bytes());
            adapter.write(BLOCK + 8, &7_u64.to_le_bytes());
            adapter.write(STDOUT, &u32::try_from(BUFFER).unwrap().to_le_bytes());
            adapter.write(STDOUT + 4, &8_u32.to_le_bytes());
            let attach: TypedFunc<u32, ()> =
                adapter.instance.get_typed_func(&mut adapter.store, "rondo_attach").unwrap();
            attach.call(&mut adapter.store, u32::try_from(BLOCK).unwrap()).unwrap();
            adapter
        }

        fn call(&mut self, function: &str, params: impl WasmParams) -> i32 {
            self.instance.get_typed_func(&mut self.store, function).unwrap().call(&mut self.store, params).unwrap()
        }

        fn write(&mut self, at: usize, bytes: &[u8]) {
            self.memory.write(&mut self.store, at, bytes).unwrap();
        }

        fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
            let mut bytes = [0; N];
            self.memory.read(&self.store, at, &mut bytes).unwrap();
            bytes
        }

        fn answer(&self) -> u64 {
            u64::from_le_bytes(self.bytes(ANSWER as usize))
        }

        fn random(&mut self) -> u64 {
            assert_eq!(self.call("random_get", (ANSWER, 8)), 0);
            self.answer()
        }

        /// Writes a text from two pieces.
        fn print(&mut self, fd: i32, text: &str) -> i32 {
            let length = u32::try_from(text.len()).unwrap();
            self.write(0x500, text.as_bytes());
            for (place, number) in [0x500, 2, 0x502, length - 2].into_iter().enumerate() {
                self.write(0x400 + 4 * place, &number.to_le_bytes());
            }
            self.call("fd_write", (fd, 0x400, 2, ANSWER))
        }
    }

    #[test]
    fn the_clock_of_a_block_is_what_it_says_and_without_one_it_stands_still() {
        let mut adapter = Adapter::new();
        assert_eq!((adapter.call("clock_time_get", (0, 0_i64, ANSWER)), adapter.answer()), (0, 1));
        let mut adapter = Adapter::attached();
        assert_eq!((adapter.call("clock_time_get", (1, 0_i64, ANSWER)), adapter.answer()), (0, 5));
    }

    #[test]
    fn random_numbers_follow_the_state_in_the_block() {
        let (mut one, mut same, mut other) = (Adapter::attached(), Adapter::attached(), Adapter::new());
        let first = one.random();
        assert_eq!(first, same.random());
        assert_ne!(first, one.random());
        assert_ne!(first, other.random());
        one.write(BLOCK + 8, &7_u64.to_le_bytes());
        assert_eq!(first, one.random());
    }

    #[test]
    fn output_is_kept_as_far_as_there_is_room_and_counted_beyond() {
        let mut adapter = Adapter::attached();
        assert_eq!((adapter.print(1, "hello"), adapter.answer()), (0, 5));
        assert_eq!((adapter.print(1, "there"), adapter.answer()), (0, 5));
        assert_eq!(adapter.bytes(BUFFER), *b"helloth\0", "the second piece found no room");
        assert_eq!(adapter.bytes(STDOUT + 8), 7_u32.to_le_bytes());
        assert_eq!(adapter.bytes(STDOUT + 12), 3_u32.to_le_bytes());
    }

    #[test]
    fn output_without_a_block_is_dropped_and_counts_as_written() {
        let mut adapter = Adapter::new();
        assert_eq!((adapter.print(2, "hello"), adapter.answer()), (0, 5));
    }

    #[test]
    fn a_sleep_is_over_at_once() {
        let mut adapter = Adapter::new();
        adapter.write(0x400, &42_u64.to_le_bytes());
        assert_eq!(adapter.call("poll_oneoff", (0x400, ANSWER, 1, 0x500)), 0);
        assert_eq!((adapter.answer(), adapter.bytes(0x500)), (42, 1_u32.to_le_bytes()));
        assert_eq!(adapter.call("poll_oneoff", (0x400, ANSWER, 0, 0x500)), 28);
    }

    #[test]
    fn only_standard_files_are_open() {
        let mut adapter = Adapter::attached();
        assert_eq!(adapter.print(0, "hello"), 8);
        assert_eq!(adapter.print(3, "hello"), 8);
        assert_eq!(adapter.call("fd_close", (1,)), 8);
        assert_eq!(adapter.call("fd_fdstat_get", (2, ANSWER)), 0);
        assert_eq!(adapter.call("fd_fdstat_get", (3, ANSWER)), 8);
        assert_eq!((adapter.call("fd_read", (0, 0, 0, ANSWER)), adapter.bytes(ANSWER as usize)), (0, [0; 4]));
    }
}
