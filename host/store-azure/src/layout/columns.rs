//! Entities, column by column.

mod read;
mod write;

pub(super) use read::Reader;
pub(super) use write::Writer;

/// A text column that lists the columns of a row that have no value, whatever they hold: a merge cannot remove one.
pub(crate) const ABSENT: &str = "RondoAbsent";
/// A text column that lists the columns of a merged row whose values are in blobs: names of older blobs may stay behind.
pub(super) const IN_BLOBS: &str = "RondoInBlobs";
/// Appended to the name of a time's column: the milliseconds of one that `Edm.DateTime` cannot express.
const EXACT: &str = "Ms";

/// The column for the exact form of a time.
fn exact_column(column: &str) -> String {
    match column.strip_prefix("Rondo") {
        Some(_) => format!("{column}{EXACT}"),
        None => format!("Rondo{}{EXACT}", column.trim_start_matches('_')),
    }
}
