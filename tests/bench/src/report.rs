//! The table.

use crate::workload::Row;

/// Prints what the runs came to.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<20}{:<8}{:>8}{:>9}{:>9}{:>11}{:>11}{:>11}{:>10}{:>9}{:>9}",
        "workload",
        "store",
        "orch/s",
        "turns/s",
        "commits",
        "turns/sync",
        "CPU ms/o",
        "KiB/o",
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
            cpu_ms_per_orchestration,
            kib_written_per_orchestration,
            peak_memory_mib,
            p50_ms,
            p99_ms,
        } = row;
        let storage = format!("{storage:?}").to_lowercase();
        let turns_per_sync = turns_per_sync.map_or_else(|| "-".to_owned(), |turns| format!("{turns:.1}"));
        println!(
            "{workload:<20}{storage:<8}{orchestrations_per_second:>8.0}{turns_per_second:>9.0}{commits:>9}\
             {turns_per_sync:>11}{cpu_ms_per_orchestration:>11.2}{kib_written_per_orchestration:>11.1}\
             {peak_memory_mib:>10.0}{p50_ms:>9.2}{p99_ms:>9.2}"
        );
    }
}
