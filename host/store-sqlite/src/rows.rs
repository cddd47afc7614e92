//! What is in the tables, one file for each.

pub(crate) mod component;
pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod instance;

use engine::{InstanceId, Timestamp};

use crate::error::Damaged;

/// Milliseconds as SQLite keeps them. Times after the year 292 million are taken for that year.
pub(crate) fn ms(at: Timestamp) -> i64 {
    number(at.as_millis())
}

/// And back.
pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millis(unsigned(ms))
}

/// A count as SQLite keeps it; none of ours gets anywhere near the limit.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// And back.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Reads an id that was checked when it was written.
pub(crate) fn instance_id(text: &str) -> Result<InstanceId, Damaged> {
    InstanceId::new(text)
        .map_err(|error| Damaged { what: format!("the instance called {text:?}"), problem: error.to_string() })
}

/// What is stored of `instance_id` is damaged.
pub(crate) fn damaged(instance_id: &InstanceId, problem: impl std::fmt::Display) -> Damaged {
    Damaged { what: format!("instance {instance_id}"), problem: problem.to_string() }
}
