//! The table of cold resumes.

use super::Resume;

/// Prints the times, and below each what it costs more for each event that the size above does not have.
pub(crate) fn print(rows: &[Resume]) {
    println!(
        "{:<20}{:<8}{:>8}{:>12}{:>14}{:>9}{:>11}",
        "workload", "store", "events", "total ms", "read+decode", "fold", "replay"
    );
    let mut smaller: Option<&Resume> = None;
    for row in rows {
        let Resume { storage, events, total_ms, parts } = row;
        println!(
            "{:<20}{:<8}{events:>8}{total_ms:>12.2}{:>14.2}{:>9.2}{:>11.2}",
            "W4 cold resume",
            storage.name(),
            parts.read_ms,
            parts.fold_ms,
            parts.replay_ms,
        );
        if let Some(smaller) = smaller.filter(|smaller| smaller.storage == *storage) {
            let more = (events - smaller.events) as f64;
            let slope = |ms: f64, less: f64| (ms - less) * 1_000.0 / more;
            println!(
                "{:<28}{:>8}{:>12.2}{:>14.2}{:>9.2}{:>11.2}",
                "",
                "µs/event",
                slope(*total_ms, smaller.total_ms),
                slope(parts.read_ms, smaller.parts.read_ms),
                slope(parts.fold_ms, smaller.parts.fold_ms),
                slope(parts.replay_ms, smaller.parts.replay_ms),
            );
        }
        smaller = Some(row);
    }
}
