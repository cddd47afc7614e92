//! The only place that configures WebAssembly engines.
//!
//! Everything that could make two runs of an orchestrator differ is settled here: no threads, no shared memory, one
//! bit pattern for NaN, one meaning for relaxed SIMD, growth of memory bounded by us and not by the machine.

use std::num::NonZeroUsize;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::Options;
use crate::limits::{BACKTRACE_FRAMES_MAX, LINEAR_MEMORY_CLEARED_BYTES, STACK_BYTES_MAX, TABLE_CLEARED_BYTES};

/// Runs orchestrators: synchronous calls on the caller's own stack.
pub(crate) fn orchestrators(options: &Options) -> Config {
    let mut config = common();
    let mut pool = pool(options.orchestrators_max, options);
    pool.max_memory_size(options.orchestrator_memory_bytes_max);
    // Synchronous calls need no stack of their own.
    pool.total_stacks(0);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Runs activities: calls that can be suspended, each on a stack of its own.
pub(crate) fn activities(options: &Options) -> Config {
    let mut config = common();
    let mut pool = pool(options.activities_max, options);
    pool.max_memory_size(options.activity_memory_bytes_max);
    pool.total_stacks(options.activities_max);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.async_stack_size(2 * STACK_BYTES_MAX);
    config
}

/// Makes machine code for both, and runs nothing.
pub(crate) fn compiler() -> Config {
    common()
}

/// What decides over machine code is the same for both, so that a component is compiled once.
fn common() -> Config {
    let mut config = Config::new();
    // Determinism. Threads are not even compiled in.
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    config.shared_memory(false);
    // The canonical ABI needs linear memory; garbage collected heaps would be one more thing to bound.
    config.wasm_gc(false);
    config.wasm_function_references(false);
    config.wasm_exceptions(false);
    config.wasm_memory64(false);
    // Contract calls are synchronous; without this each one would pay for the machinery of asynchronous ones.
    config.concurrency_support(false);
    // Bounds.
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES_MAX);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
    config
}

fn pool(guests_max: u32, options: &Options) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(guests_max);
    // Python links some eighty modules into one guest, C and Rust two or three.
    pool.total_core_instances(guests_max.saturating_mul(80));
    pool.max_core_instances_per_component(200);
    pool.max_core_instance_size(8 * 1024 * 1024);
    pool.max_component_instance_size(16 * 1024 * 1024);
    // Nearly every guest has one memory and one or two tables. What has more counts for several guests.
    pool.total_memories(guests_max);
    pool.max_memories_per_component(4);
    pool.total_tables(guests_max.saturating_mul(4));
    pool.max_tables_per_component(40);
    pool.max_tables_per_module(10);
    pool.table_elements(options.table_elements_max);
    pool.total_gc_heaps(0);
    keep_resident(&mut pool);
    pool
}

/// How a used slot is made clean for the next guest: its first bytes by hand, the others by giving their pages back.
///
/// Never by asking the kernel which pages were written (`PAGEMAP_SCAN`), though that is quicker. Wasmtime asks for those
/// that are written *and present*. A page that is swapped out is not present, nor is one that the kernel is just moving:
/// it compacts memory, balances it between nodes and splits large pages whenever it likes, swap or no swap. Such a page
/// stays as it is, and the next guest reads the heap of the one before. Under forced compaction, without swap, 227
/// written pages were missed in 8,160 scans of 8,192 pages.
fn keep_resident(pool: &mut PoolingAllocationConfig) {
    pool.pagemap_scan(Enabled::No);
    pool.linear_memory_keep_resident(LINEAR_MEMORY_CLEARED_BYTES);
    pool.table_keep_resident(TABLE_CLEARED_BYTES);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_cleaned_by_what_the_kernel_calls_written() {
        let mut pool = pool(1, &Options::default());
        // As somebody would do who does not know why.
        pool.pagemap_scan(Enabled::Yes);
        keep_resident(&mut pool);
        assert!(matches!(pool.get_pagemap_scan(), Enabled::No));
    }
}
