//! Times as text: RFC 3339, UTC.

use engine::Timestamp;

/// Whole seconds and `Z`, the form of the Durable Functions fields. Later than the year 9999: that year's end.
pub fn seconds(time: Timestamp) -> String {
    civil(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Milliseconds and `Z`. Later than the year 9999: that year's end.
pub fn millis(time: Timestamp) -> String {
    civil(time).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Reads any RFC 3339 time with an offset; a time before 1970 counts as 1970.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| format!("\"{text}\" is not a time such as 2030-01-31T12:00:00Z"))?;
    Ok(Timestamp::from_millis(u64::try_from(time.as_millisecond()).unwrap_or(0)))
}

fn civil(time: Timestamp) -> jiff::Timestamp {
    i64::try_from(time.as_millis())
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_fixed() {
        let time = Timestamp::from_millis(1_893_456_000_007);
        assert_eq!(seconds(time), "2030-01-01T00:00:00Z");
        assert_eq!(millis(time), "2030-01-01T00:00:00.007Z");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let time = Timestamp::from_millis(1_893_456_000_123);
        assert_eq!(parse(&millis(time)), Ok(time));
        assert_eq!(parse("2030-01-01T01:00:00.123+01:00"), Ok(time));
    }

    #[test]
    fn times_off_the_calendar_do_not_panic() {
        assert!(seconds(Timestamp::from_millis(u64::MAX)).starts_with("9999-12-"));
        assert_eq!(parse("1960-01-01T00:00:00Z"), Ok(Timestamp::from_millis(0)));
        assert!(parse("tomorrow").is_err());
        assert!(parse("2030-01-01").is_err(), "a time without an offset could mean two things");
    }
}
