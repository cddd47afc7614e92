//! How this program compiles components: by calling itself.

use std::path::PathBuf;

use wasm::{Compiler, CompilerLimits};

use crate::units;

/// The allocator takes a gigabyte from the system before the limit holds, and then nothing of that counts; with this it
/// takes it as it needs it.
const COUNT_ALL_MEMORY: (&str, &str) = ("MIMALLOC_ARENA_EAGER_COMMIT", "0");

/// The flags of a host.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CompilingArgs {
    /// Memory that compiling one component may take, for example 8GiB; without it 4GiB
    #[arg(long, value_parser = units::bytes, value_name = "SIZE")]
    compile_memory: Option<usize>,
}

impl CompilingArgs {
    pub(crate) fn compiler(&self) -> Compiler {
        let mut limits = CompilerLimits::default();
        if let Some(bytes) = self.compile_memory {
            limits.memory_bytes_max = bytes as u64;
        }
        Compiler { program: this_program(), args: vec!["compile".to_owned()], env: vec![COUNT_ALL_MEMORY], limits }
    }
}

/// The file that this process runs, also when another has taken its place since.
fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or_else(|_| "rondo".into()) }
}
