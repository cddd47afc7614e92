//! The table of idle instances.

use super::{Fresh, Idle};

/// Prints what they came to.
pub(crate) fn print(idle: &Idle) {
    let Idle {
        instances,
        started_per_second,
        file_bytes_per_instance,
        memory_bytes_per_instance,
        warm,
        empty,
        full,
        memory_bytes_per_instance_after_start,
    } = idle;
    println!("W5 {instances} instances on SQLite that wait for an event\n");
    println!("{started_per_second:>10.0} a second were started and had their first turn");
    println!("{file_bytes_per_instance:>10.0} bytes of the file for each");
    println!(
        "{memory_bytes_per_instance:>10.0} bytes of memory for each, by the second half, on a host with {warm} guests"
    );
    println!("{memory_bytes_per_instance_after_start:>10.0} bytes of memory for each on a new host");
    println!(
        "\n{:<20}{:>10}{:>10}{:>12}{:>8}{:>12}",
        "a new host", "open ms", "ready ms", "KiB read", "loads", "RSS MiB"
    );
    for (name, fresh) in [("on an empty file", empty), ("on the full one", full)] {
        let Fresh { open_ms, ready_ms, read_bytes, loads, memory_bytes, wakes: _ } = fresh;
        let (kib, mib) = (*read_bytes as f64 / 1024.0, *memory_bytes as f64 / 1_048_576.0);
        println!("{name:<20}{open_ms:>10.1}{ready_ms:>10.1}{kib:>12.0}{loads:>8}{mib:>12.1}");
    }
    if let Some(wakes) = &full.wakes {
        println!(
            "\n{} of them woken, one at a time: p50 {:.2} ms, p99 {:.2} ms from the event to the durable answer",
            wakes.count, wakes.p50_ms, wakes.p99_ms
        );
    }
}
