//! The text form of histories and messages: for tests, error texts and command lines.
//!
//! ```text
//! 1 orchestrator_started at=0s
//! 2 execution_started name=order input='"x"'
//! 3 task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2
//! 4 orchestrator_completed
//! ```
//!
//! One event per line, or several separated by ` | `. A field is `key=value`; a flag is its name alone. A value is a
//! bare word or is quoted with `'`; within quotes `\'`, `\\`, `\n`, `\r`, `\t` and `\u{…}` stand for one character.
//! Payloads are always quoted. Lists are separated by commas, the two halves of a tag by a colon. Times and durations
//! are whole `s` or `ms`, times counted from the Unix epoch. What is absent, false, zero or empty is left out; a field
//! that is left out reads back so. Reading numbers the events by itself where the number is left out, and takes the
//! time of an event from the last `at`.

mod fields;
mod history;
mod line;
mod message;
mod tokens;

use std::fmt;

use crate::limits;

pub use fields::TextError;
pub use history::parse_history;
pub use message::parse_messages;

/// Events one per line.
pub fn render_history(events: &[crate::HistoryEvent]) -> String {
    use fmt::Write as _;
    events.iter().fold(String::new(), |mut text, event| {
        writeln!(text, "{event}").expect("writing to a String cannot fail");
        text
    })
}

/// Two texts for side by side reading: of long ones, the part around their first difference.
pub(crate) fn excerpts(left: Option<String>, right: Option<String>) -> (Option<String>, Option<String>) {
    let differs_at = match (&left, &right) {
        (Some(left), Some(right)) => left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count(),
        _ => 0,
    };
    let excerpt = |text: String| {
        if text.len() <= limits::MISMATCH_TEXT_BYTES_MAX {
            return text;
        }
        let head = limits::MISMATCH_TEXT_BYTES_MAX / 4;
        let kept = limits::MISMATCH_TEXT_BYTES_MAX / 2;
        if differs_at <= head + kept / 2 {
            let end = text.floor_char_boundary(head + kept);
            return format!("{}… ({} bytes)", &text[..end], text.len());
        }
        let begin = text.floor_char_boundary(differs_at - kept / 2);
        let end = text.floor_char_boundary(differs_at + kept / 2);
        format!("{}…{}… ({} bytes)", &text[..text.floor_char_boundary(head)], &text[begin..end], text.len())
    };
    (left.map(excerpt), right.map(excerpt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_around_their_first_difference() {
        let same = "a".repeat(100_000);
        let (left, right) = excerpts(Some(format!("{same}LEFT{same}")), Some(format!("{same}RIGHT")));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(left.contains("LEFT") && left.ends_with("… (200004 bytes)"));
        assert!(right.contains("RIGHT"));
        assert!(left.len() < limits::MISMATCH_TEXT_BYTES_MAX);
    }

    proptest::proptest! {
        #[test]
        fn histories_round_trip(kinds in proptest::collection::vec((crate::arbitrary::event(), 0..9_000_u64), 0..4)) {
            let mut at = crate::Timestamp::default();
            let events: Vec<_> = (1..).zip(kinds).map(|(id, (kind, ms))| {
                if kind == crate::EventKind::OrchestratorStarted {
                    at = crate::Timestamp::from_millis(ms);
                }
                crate::HistoryEvent { id: crate::EventId(id), at, kind }
            }).collect();
            let text = render_history(&events);
            proptest::prop_assert_eq!(parse_history(&text), Ok(events.clone()), "{}", text);
            let piped = text.lines().collect::<Vec<_>>().join(" | ");
            proptest::prop_assert_eq!(parse_history(&piped), Ok(events));
        }

        #[test]
        fn messages_round_trip(message in crate::arbitrary::message()) {
            let text = message.to_string();
            proptest::prop_assert_eq!(parse_messages(&text), Ok(vec![message]), "{}", text);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "([a-z_]{1,9}|=|'|\\\\|u\\{|,|:| |[0-9]|\\||\n|timer_fired|task=1|ü){0,12}") {
            let _ = (parse_history(&text), parse_messages(&text));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let history = |text: &str| parse_history(text).unwrap_err().to_string();
        insta::assert_snapshot!(history("timer_fired task=0 | timer_died task=1"), @"line 2: there is no event timer_died");
        insta::assert_snapshot!(history("timer_fired"), @"line 1: task is missing");
        insta::assert_snapshot!(history("timer_fired task=x"), @"line 1: task=x cannot be read");
        insta::assert_snapshot!(history("timer_fired task=0 name=x"), @"line 1: name does not belong here");
        insta::assert_snapshot!(history("timer_fired task=0 task=1"), @"line 1: task is given twice");
        insta::assert_snapshot!(history("timer_created task=0 fire_at=5m"), @"line 1: fire_at=5m is no time");
        insta::assert_snapshot!(history("task_completed task=0 output='x"), @"line 1: a quote is not closed");
        insta::assert_snapshot!(history("task_completed task=0 output='\\x'"), @r"line 1: unknown escape \x");
        insta::assert_snapshot!(parse_messages("suspend | stop").unwrap_err(), @"line 2: there is no message stop");
    }

    #[test]
    fn short_texts_are_whole() {
        let (left, right) = (Some("timer_created task=0".to_owned()), None);
        assert_eq!(excerpts(left.clone(), right.clone()), (left, right));
    }
}
