//! How people write durations, sizes and pairs on the command line.

use std::time::Duration;

/// `90s`, `5m`, `1h 30m`, `250ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let not_one = || format!("\"{text}\" is not a duration such as 30s, 5m or 1h30m");
    let signed: jiff::SignedDuration = text.parse().map_err(|_| not_one())?;
    Duration::try_from(signed).map_err(|_| not_one())
}

/// `512MiB`, `2G`, `1048576`; units of 1024.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let not_one = || format!("\"{text}\" is not a size such as 512MiB or 2GiB");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(not_one()),
    };
    number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(not_one)
}

/// `key=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("\"{text}\" is not of the form KEY=VALUE")),
    }
}

/// A duration for people: three digits that matter.
pub(crate) fn brief(duration: Duration) -> String {
    let ms = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{ms}ms"),
        1..60 => format!("{}.{}s", seconds, ms % 1_000 / 100),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A size for people.
pub(crate) fn brief_bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("-5m").is_err());
        assert!(duration("90").is_err(), "a number without a unit could mean anything");
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("2g"), Ok(2 << 30));
        assert_eq!(bytes("17"), Ok(17));
        assert!(bytes("many").is_err());
        assert!(bytes("99999999999999999999G").is_err());
    }

    #[test]
    fn pairs_keep_what_follows_the_first_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("=b").is_err());
    }

    #[test]
    fn durations_are_shown_with_three_digits() {
        let shown = |ms| brief(Duration::from_millis(ms));
        assert_eq!(
            [shown(7), shown(1_250), shown(61_000), shown(3_660_000), shown(90_000_000)],
            ["7ms", "1.2s", "1m01s", "1h01m", "1d01h"]
        );
    }

    #[test]
    fn sizes_are_shown_with_their_unit() {
        assert_eq!([brief_bytes(10), brief_bytes(20_480), brief_bytes(1_572_864)], ["10 B", "20 KiB", "1.5 MiB"]);
    }
}
