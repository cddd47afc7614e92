//! Times as text.

use engine::Timestamp;
use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};

use super::limits::TIME_MS_MAX;

const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// The nearest time that DurableTask can express.
pub(super) fn clamped(time: Timestamp) -> Timestamp {
    time.min(Timestamp::from_millis(TIME_MS_MAX))
}

/// `2026-07-01T10:00:00.123Z`, of a time that is [`clamped`] first.
pub(crate) fn iso(time: Timestamp) -> String {
    let ms = i64::try_from(clamped(time).as_millis()).expect("the year 9999 is within reach");
    let time = EPOCH.checked_add(SignedDuration::from_millis(ms)).expect("no later than the year 9999");
    format!("{time:.3}Z")
}

/// Reads what DurableTask writes: ISO 8601, UTC unless it says otherwise. Digits finer than milliseconds are dropped.
pub(super) fn from_iso(text: &str) -> Option<Timestamp> {
    let ms = match text.strip_suffix('Z').unwrap_or(text).parse::<DateTime>() {
        Ok(time) if !has_offset(text) => time.duration_since(EPOCH).as_millis(),
        _ => i128::from(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
    };
    u64::try_from(ms).ok().map(Timestamp::from_millis)
}

/// Whether something like `+02:00` follows the time of day. A civil time would be read without looking at it.
fn has_offset(text: &str) -> bool {
    text.split_once(['T', 't', ' ']).is_some_and(|(_, time)| time.contains(['+', '-']))
}

/// The exact form of any time: as [`iso`], or the milliseconds where that would lose something.
pub(super) fn exact(time: Timestamp) -> String {
    if clamped(time) == time { iso(time) } else { time.as_millis().to_string() }
}

/// Reads [`exact`].
pub(super) fn from_exact(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok().map(Timestamp::from_millis)
    } else {
        from_iso(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> Option<u64> {
        from_iso(text).map(Timestamp::as_millis)
    }

    #[test]
    fn times_are_written_as_dotnet_reads_them() {
        assert_eq!(iso(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(Timestamp::from_millis(1_782_900_000_123)), "2026-07-01T10:00:00.123Z");
        assert_eq!(iso(Timestamp::from_millis(u64::MAX)), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_of_dotnet_are_read() {
        assert_eq!(ms("2026-07-01T10:00:00.1234567Z"), Some(1_782_900_000_123));
        assert_eq!(ms("2026-07-01T12:00:00.1234567+02:00"), Some(1_782_900_000_123));
        assert_eq!(ms("2026-07-01T08:00:00-02:00"), Some(1_782_900_000_000));
        assert_eq!(ms("2026-07-01T10:00:00"), Some(1_782_900_000_000));
        assert_eq!(ms("9999-12-31T23:59:59.9999999Z"), Some(TIME_MS_MAX));
        for text in ["", "Z", "0001-01-01T00:00:00", "yesterday", "12"] {
            assert_eq!(ms(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_has_an_exact_form(ms in any::<u64>(), shift in 0..64_u32) {
            let time = Timestamp::from_millis(ms >> shift);
            prop_assert_eq!(from_exact(&exact(time)), Some(time));
        }

        #[test]
        fn no_text_makes_reading_panic(text in any::<String>(), near in "[0-9TZ:.+-]{0,30}") {
            let _ = (from_exact(&text), from_exact(&near));
        }
    }
}
