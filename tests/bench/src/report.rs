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
            requests_per_orchestration: _,
            emulator_processor: _,
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

/// Prints what storage that is a service had to do, and who was busy with it.
pub(crate) fn print_service(rows: &[Row]) {
    println!(
        "\n{:<20}{:<8}{:>12}{:>12}{:>10}{:>14}",
        "of one core", "store", "requests/o", "requests/s", "host", "emulator"
    );
    let percent = |cores: f64| format!("{:.0} %", cores * 100.0);
    for row in rows {
        let Some(requests) = row.requests_per_orchestration else { continue };
        let rate = row.orchestrations_per_second;
        println!(
            "{:<20}{:<8}{requests:>12.1}{:>12.0}{:>10}{:>14}",
            row.workload,
            row.storage.name(),
            requests * rate,
            percent(row.cpu_ms_per_orchestration / 1_000.0 * rate),
            row.emulator_processor.map_or_else(|| "-".to_owned(), percent),
        );
    }
}
