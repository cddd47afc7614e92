//! Times as text: RFC 3339, UTC. Read is also what clients of Durable Functions write.

use engine::Timestamp;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The last millisecond that has a date with a year of four digits.
const LAST_MS: u64 = 253_402_300_799_999;

/// Whole seconds and `Z`, the form of the Durable Functions fields. Later than the year 9999: that year's end.
pub fn seconds(time: Timestamp) -> String {
    civil(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Milliseconds and `Z`. Later than the year 9999: that year's end.
pub fn millis(time: Timestamp) -> String {
    civil(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Reads a time: RFC 3339, also without its seconds, its time of day or its offset, which is then that of UTC; or the
/// form of HTTP headers. Those of .NET's that mean the same everywhere. A time before 1970 counts as 1970.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    let since_1970 = iso(text).or_else(|| Some(rfc2822::parse(text).ok()?.timestamp().as_millisecond()));
    match since_1970 {
        Some(ms) => Ok(Timestamp::from_millis(u64::try_from(ms).unwrap_or(0))),
        None if has_lost_its_plus(text) => {
            Err(format!("\"{text}\" has a blank before its offset: in a query a '+' is written %2B"))
        }
        None => Err(format!("\"{text}\" is not a time such as 2030-01-31T12:00:00Z")),
    }
}

/// Milliseconds since 1970.
fn iso(text: &str) -> Option<i64> {
    let (local, offset_seconds) = without_offset(text)?;
    let begins_with_a_date = match local.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] => {
            [y1, y2, y3, y4, m1, m2, d1, d2].into_iter().all(u8::is_ascii_digit)
                && matches!(rest, [] | [b'T' | b't' | b' ', b'0'..=b'9', ..])
                // The parser would skip what says the zone in other ways.
                && !rest.iter().any(|byte| matches!(byte, b'[' | b'+' | b'-'))
        }
        _ => false,
    };
    if !begins_with_a_date {
        return None;
    }
    let since_1970 = local.parse::<DateTime>().ok()?.duration_since(EPOCH);
    i64::try_from(since_1970.as_millis()).ok().map(|ms| ms - offset_seconds * 1_000)
}

/// The date and time of day, and the seconds that their clock is ahead of UTC.
fn without_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, 0));
    }
    // A date has hyphens, too.
    let clock = text.find(':').unwrap_or(text.len());
    let Some(at) = text[clock..].find(['+', '-']).map(|at| clock + at) else { return Some((text, 0)) };
    Some((text[..at].trim_end(), offset(&text.as_bytes()[at..])?))
}

/// Seconds of `+hh:mm`, `+hhmm` or `+hh`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, h1, h2, m1, m2) = match *text {
        [sign, h1, h2] => (sign, h1, h2, b'0', b'0'),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => (sign, h1, h2, m1, m2),
        _ => return None,
    };
    let number = |tens: u8, ones: u8| {
        let are_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        are_digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
    let seconds = (hours * 60 + minutes) * 60;
    (hours <= 23 && minutes <= 59).then_some(if sign == b'-' { -seconds } else { seconds })
}

/// Whether a text would be a time with a `+` for its last blank.
fn has_lost_its_plus(text: &str) -> bool {
    text.rsplit_once(' ')
        .is_some_and(|(local, offset)| local.contains(':') && iso(&format!("{local}+{offset}")).is_some())
}

fn civil(time: Timestamp) -> DateTime {
    let ms = i64::try_from(time.as_millis().min(LAST_MS)).unwrap_or_default();
    EPOCH.saturating_add(SignedDuration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        parse(text).map(millis)
    }

    #[test]
    fn both_forms_are_fixed() {
        let time = Timestamp::from_millis(1_893_456_000_007);
        assert_eq!(seconds(time), "2030-01-01T00:00:00Z");
        assert_eq!(millis(time), "2030-01-01T00:00:00.007Z");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for ms in [0, 1, 951_782_400_000, 1_893_456_000_123, LAST_MS] {
            let time = Timestamp::from_millis(ms);
            assert_eq!(parse(&millis(time)), Ok(time));
        }
    }

    #[test]
    fn times_are_read_as_clients_of_durable_functions_write_them() {
        for (text, meant) in [
            ("2030-01-01T01:00:00.123+01:00", "2030-01-01T00:00:00.123Z"),
            ("2030-01-01T00:00:00.1234567Z", "2030-01-01T00:00:00.123Z"),
            ("2029-12-31T23:30:00-0030", "2030-01-01T00:00:00.000Z"),
            ("2030-01-01T02:00:00+02", "2030-01-01T00:00:00.000Z"),
            ("2030-01-31", "2030-01-31T00:00:00.000Z"),
            ("2030-01-31Z", "2030-01-31T00:00:00.000Z"),
            ("2030-01-31T12:30", "2030-01-31T12:30:00.000Z"),
            ("2030-01-31 12:30:05", "2030-01-31T12:30:05.000Z"),
            ("2030-01-31 12:30:05Z", "2030-01-31T12:30:05.000Z"),
            ("2030-01-31 12:30:05 +00:30", "2030-01-31T12:00:05.000Z"),
            ("Thu, 31 Jan 2030 12:30:05 GMT", "2030-01-31T12:30:05.000Z"),
            ("0001-01-01T00:00:00", "1970-01-01T00:00:00.000Z"),
            ("0001-01-01", "1970-01-01T00:00:00.000Z"),
            ("1960-02-29T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("9999-12-31", "9999-12-31T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(read(text), Ok(meant.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_or_nothing_is_refused() {
        for text in [
            "",
            "tomorrow",
            "Z",
            "12:00",
            "2030",
            "2030-13-01",
            "2030-02-30",
            "01/02/2030",
            "20300131",
            "2030-01-31T25:00",
            "2030-01-31T12:00:00+1",
            "2030-01-31T12:00:00+01:99",
            "2030-01-31T12:00:00+25:00",
            "2030-01-31+01:00:00",
            "-2030-01-01",
            "+12030-01-01",
            "2030-01-31T",
            "2030-01-31TZ",
            "2030-01-31T12+01",
            "2030-01-31T12:00[Europe/Paris]",
            "é",
            "2030-01-31é",
            "10000-01-01",
        ] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn a_plus_that_became_a_blank_is_said() {
        insta::assert_snapshot!(read("2030-01-01T00:00:00 01:00").unwrap_err(), @r#""2030-01-01T00:00:00 01:00" has a blank before its offset: in a query a '+' is written %2B"#);
        assert!(!read("2030-01-01 tomorrow").unwrap_err().contains("%2B"));
    }

    #[test]
    fn times_off_the_calendar_do_not_panic() {
        for ms in [LAST_MS, LAST_MS + 1, u64::MAX] {
            assert_eq!(seconds(Timestamp::from_millis(ms)), "9999-12-31T23:59:59Z");
        }
    }
}
