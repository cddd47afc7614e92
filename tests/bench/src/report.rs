//! The table of the runs.

use crate::workload::Row;

/// Prints what the runs came to.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<20}{:<8}{:>8}{:>9}{:>9}{:>11}{:>10}{:>13}{:>8}{:>8}{:>9}{:>9}{:>9}",
        "workload",
        "store",
        "orch/s",
        "turns/s",
        "commits",
        "turns/sync",
        "CPU ms/o",
        "CPU s/kturn",
        "KiB/o",
        "B/turn",
        "RSS MiB",
        "p50 ms",
        "p99 ms"
    );
    for row in rows {
        let Row {
            workload,
            storage,
            orchestrations_per_second,
            turns_per_second,
            commits,
            turns_per_sync,
            syncs_per_orchestration: _,
            rows_per_orchestration: _,
            activities: _,
            cpu_ms_per_orchestration,
            cpu_seconds_per_1000_turns,
            kib_written_per_orchestration,
            bytes_written_per_turn,
            peak_memory_mib,
            p50_ms,
            p99_ms,
        } = row;
        let turns_per_sync = turns_per_sync.map_or_else(|| "-".to_owned(), |turns| format!("{turns:.1}"));
        println!(
            "{workload:<20}{:<8}{orchestrations_per_second:>8.0}{turns_per_second:>9.0}{commits:>9}\
             {turns_per_sync:>11}{cpu_ms_per_orchestration:>10.2}{cpu_seconds_per_1000_turns:>13.3}\
             {kib_written_per_orchestration:>8.1}{bytes_written_per_turn:>8.0}{peak_memory_mib:>9.0}{p50_ms:>9.2}\
             {p99_ms:>9.2}",
            storage.name(),
        );
    }
}
