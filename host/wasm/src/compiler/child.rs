//! What the process does that compiles.

use std::io::{self, Read, Write as _};
use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::CompilerLimits;
use crate::config;
use crate::limits::{COMPILER_INPUT_BYTES_MAX, COMPILER_THREADS_MAX};

/// The first byte of an answer: machine code follows.
pub(super) const CODE: u8 = 0;
/// The first byte of an answer: it cannot be compiled, and the reason follows.
pub(super) const PROBLEM: u8 = 1;

/// Reads a component from standard input and writes its machine code to standard output, within limits that hold for the
/// whole process from now on.
///
/// # Errors
/// The limits cannot be set, or the host is gone.
pub fn compile(limits: CompilerLimits) -> io::Result<()> {
    start_threads()?;
    take_limits(limits)?;
    let component = match read() {
        // As everywhere else in this process where memory is short.
        Err(error) if error.kind() == io::ErrorKind::OutOfMemory => std::process::abort(),
        read => read?,
    };
    let compiled =
        wasmtime::Engine::new(&config::compiler()).and_then(|engine| engine.precompile_component(&component));
    let (kind, answer) = match compiled {
        Ok(code) => (CODE, code),
        Err(error) => (PROBLEM, format!("{error:#}").into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[kind])?;
    out.write_all(&answer)?;
    out.flush()
}

/// Without memory for their stacks the compiler would panic, which says nothing of the component.
fn start_threads() -> io::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(COMPILER_THREADS_MAX);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(io::Error::other)
}

fn take_limits(limits: CompilerLimits) -> io::Result<()> {
    let CompilerLimits { memory_bytes_max, cpu_seconds_max } = limits;
    let limit = |max| Rlimit { current: Some(max), maximum: Some(max) };
    setrlimit(Resource::Data, limit(memory_bytes_max))?;
    // Kills for good one second after it has told.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_seconds_max), maximum: Some(cpu_seconds_max + 1) })?;
    // An image of what was compiled is of no use.
    setrlimit(Resource::Core, limit(0))?;
    // The host goes first: it has work to do.
    rustix::process::nice(5)?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // A machine that runs out of memory ends this process before others. Not every container lets it say so.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }
    Ok(())
}

fn read() -> io::Result<Vec<u8>> {
    let mut component = Vec::new();
    io::stdin().lock().take(COMPILER_INPUT_BYTES_MAX + 1).read_to_end(&mut component)?;
    if component.len() as u64 > COMPILER_INPUT_BYTES_MAX {
        Err(io::ErrorKind::FileTooLarge.into())
    } else {
        Ok(component)
    }
}
