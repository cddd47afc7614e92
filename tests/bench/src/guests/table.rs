//! The table of languages.

use super::Measured;

/// Prints a line for each language.
pub(crate) fn print(rows: &[Measured]) {
    println!(
        "{:<12}{:>10}{:>13}{:>10}{:>11}{:>13}{:>13}{:>16}",
        "language", "size KiB", "compile ms", "load ms", "start ms", "idle KiB", "linear KiB", "replay ms/1000"
    );
    for row in rows {
        println!(
            "{:<12}{:>10}{:>13.0}{:>10.1}{:>11.2}{:>13}{:>13}{:>16.2}",
            row.language(),
            row.size_bytes / 1_024,
            row.compile_ms,
            row.load_ms,
            row.start_ms,
            row.idle_bytes / 1_024,
            row.linear_bytes / 1_024,
            row.replay_ms,
        );
    }
}
