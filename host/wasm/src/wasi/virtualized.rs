//! WASI for orchestrators: it links, it answers the same on every replay, and it reaches nothing.

use engine::ExecutionId;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasData, Linker, LinkerInstance, ResourceTable, ResourceType};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::clocks::{Clocks, HasClocks};
use super::output::{Line, Output};
use super::poll::{HasPollables, Pollables};
use super::streams::{HasStreams, Streams};
use super::{Interface, classify, random as numbers};
use crate::limits::RANDOM_BYTES_MAX;

/// The state behind one guest's virtual WASI.
///
/// Clocks say the current turn's `now`, and 0 before the first turn. Random numbers derive from the ids of the
/// execution. Arguments, environment and files are empty. What is printed is kept for the turn's log.
pub(crate) struct Virtual {
    wasi: WasiCtx,
    table: ResourceTable,
    output: Output,
    now_ms: u64,
}

impl Virtual {
    pub(crate) fn new(instance: &str, execution: ExecutionId) -> Self {
        let output = Output::kept();
        let wasi = WasiCtx::builder()
            .stdout(output.stdout())
            .stderr(output.stderr())
            .secure_random(numbers::stream(instance, execution, "secure"))
            .insecure_random(numbers::stream(instance, execution, "insecure"))
            .insecure_random_seed(numbers::seed(instance, execution))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        Self { wasi, table: ResourceTable::new(), output, now_ms: 0 }
    }

    /// The time of the turn that is about to run.
    pub(crate) fn set_now_ms(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// What was printed since this was last called.
    pub(crate) fn take_output(&self) -> Vec<Line> {
        self.output.take()
    }

    /// The last lines that were printed.
    pub(crate) fn last_output(&self) -> Vec<String> {
        self.output.last()
    }

    fn clocks(&mut self) -> Clocks<'_> {
        Clocks { now_ms: self.now_ms, table: &mut self.table }
    }
}

impl WasiView for Virtual {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Marks the resource table for the linker.
struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links every interface that is virtual for orchestrators: exactly those that [`classify`] calls so.
pub(crate) fn add_to_linker<T>(linker: &mut Linker<T>) -> wasmtime::Result<()>
where
    T: AsMut<Virtual> + Send + 'static,
{
    let l = linker;
    wasmtime_wasi::p2::bindings::io::error::add_to_linker::<T, HasTable>(l, |t| &mut t.as_mut().table)?;
    sync::io::poll::add_to_linker::<T, HasPollables>(l, |t| Pollables(&mut t.as_mut().table))?;
    sync::io::streams::add_to_linker::<T, HasStreams>(l, |t| Streams(&mut t.as_mut().table))?;
    clocks::monotonic_clock::add_to_linker::<T, HasClocks>(l, |t| t.as_mut().clocks())?;
    clocks::wall_clock::add_to_linker::<T, HasClocks>(l, |t| t.as_mut().clocks())?;
    random::random::add_to_linker::<T, WasiRandom>(l, |t| t.as_mut().random())?;
    random::insecure::add_to_linker::<T, WasiRandom>(l, |t| t.as_mut().random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(l, |t| t.as_mut().random())?;
    cli::environment::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::exit::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::stdin::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::stdout::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::stderr::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(l, |t| t.as_mut().cli())?;
    filesystem::preopens::add_to_linker::<T, WasiFilesystem>(l, |t| t.as_mut().filesystem())?;
    sync::filesystem::types::add_to_linker::<T, WasiFilesystem>(l, |t| t.as_mut().filesystem())
}

/// An orchestrator called something that only activities may use.
#[derive(Debug, thiserror::Error)]
#[error(
    "the orchestrator called `{function}` of `{interface}`, which only activities may use: move this call into an \
     activity, schedule that activity, and await its result"
)]
pub(crate) struct ActivityOnly {
    interface: String,
    function: String,
}

/// Links every import of `component` that only activities may use to a trap that says so.
///
/// Only those: a second definition of something virtual, under the component's exact version, would come before ours.
pub(crate) fn trap_activity_only<T: 'static>(linker: &mut Linker<T>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (interface, import) in component.component_type().imports(engine) {
        if classify(interface) != Interface::ActivityOnly {
            continue;
        }
        if let ComponentItem::ComponentInstance(instance) = import.ty {
            let mut traps = linker.instance(interface)?;
            for (item, export) in instance.exports(engine) {
                trap(&mut traps, interface, item, &export.ty)?;
            }
        }
    }
    Ok(())
}

fn trap<T: 'static>(
    traps: &mut LinkerInstance<'_, T>,
    interface: &str,
    item: &str,
    ty: &ComponentItem,
) -> wasmtime::Result<()> {
    match ty {
        ComponentItem::ComponentFunc(_) => {
            let (interface, function) = (interface.to_owned(), item.to_owned());
            traps.func_new(item, move |_, _, _, _| {
                Err(ActivityOnly { interface: interface.clone(), function: function.clone() }.into())
            })
        }
        ComponentItem::Resource(_) => traps.resource(item, resource(item), |_, _| Ok(())),
        _ => Ok(()),
    }
}

/// The type of the resource that an activity-only interface calls `name`.
///
/// Streams and the like are those of `wasi:io`, which is linked, so they have to be the same types. Nothing can ever
/// make one of the others, so these may all be one type.
fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "error" | "io-error" => ResourceType::host::<wasmtime_wasi::p2::bindings::io::error::Error>(),
        _ => ResourceType::host::<ActivityOnly>(),
    }
}
