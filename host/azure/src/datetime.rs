//! `Edm.DateTime`: `2024-02-29T12:34:56.7890000Z`.
//!
//! Written with seven digits of a second as other writers of these tables do; read with any number of them.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

use crate::limits::TIME_MS_MAX;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Milliseconds since the Unix epoch as text. What is after the year 9999 counts as its last millisecond; it is refused
/// before.
pub(crate) fn format(ms: u64) -> String {
    let since = SignedDuration::from_millis(ms.min(TIME_MS_MAX).cast_signed());
    let time = EPOCH.checked_add(since).unwrap_or(DateTime::MAX);
    // Always a year of four digits, and always a dot: the fraction is padded.
    format!("{}0000Z", time.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// A time as milliseconds since the Unix epoch, UTC; what is finer is dropped, and what is earlier counts as the epoch.
/// None if it is not a time.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let time: DateTime = text.strip_suffix('Z')?.parse().ok()?;
    Some(u64::try_from(time.duration_since(EPOCH).as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_other_writers_do() {
        assert_eq!(format(0), "1970-01-01T00:00:00.0000000Z");
        assert_eq!(format(1_709_210_096_789), "2024-02-29T12:34:56.7890000Z");
        assert_eq!(format(1_709_210_096_007), "2024-02-29T12:34:56.0070000Z");
        assert_eq!(format(TIME_MS_MAX), "9999-12-31T23:59:59.9990000Z");
    }

    #[test]
    fn any_number_of_digits_is_read() {
        for (text, ms) in [
            ("2024-02-29T12:34:56Z", 1_709_210_096_000),
            ("2024-02-29T12:34:56.7Z", 1_709_210_096_700),
            ("2024-02-29T12:34:56.7890123Z", 1_709_210_096_789),
            ("9999-12-31T23:59:59.9999999Z", TIME_MS_MAX),
            ("1601-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        for text in ["", "Z", "soon", "2024-02-30T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29T12:34:56"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
