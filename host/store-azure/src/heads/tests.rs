//! Which execution has the id, by what both rows say.

use conformance::{execution, id, start, timestamp};
use engine::{EventId, RuntimeStatus};
use store::pending_state;

use super::*;

/// An execution, and the revision at which it was written.
type At = (ExecutionId, u64);

fn heads(history: At, row: At) -> Heads {
    let sentinel = Sentinel {
        execution_id: history.0,
        is_complete: true,
        checkpoint_at: timestamp(1),
        commit: "c".to_owned(),
        revision: history.1,
        row_revision: history.1,
        first_row: 0,
        last_event: Some(EventId(3)),
        status: RuntimeStatus::Completed,
        component: None,
        custom_status: None,
        wake_at: None,
        armed_until: None,
        has_open_activities: false,
        has_outbox: false,
        held: None,
        is_purging: false,
        taken_in: Vec::new(),
    };
    let state = pending_state(id("a"), &start(row.0, timestamp(1)));
    let row = InstanceRow { state, held: None, last_event: None, revision: row.1, wake_at: None };
    Heads { sentinel: Some((sentinel, ETag("1".into()))), row: Some((row, ETag("2".into()))) }
}

#[test]
fn a_row_of_another_execution_that_is_as_new_replaces_the_history() {
    for revision in [0, 3, 4] {
        assert!(heads((execution(1), 3), (execution(2), revision)).is_replaced(), "{revision}");
    }
    assert!(!heads((execution(1), 3), (execution(2), 2)).is_replaced());
}

#[test]
fn a_row_of_an_execution_that_has_continued_as_new_replaces_nothing_however_new_it_is() {
    let first = execution(1);
    for revision in [0, 2, 3, 4] {
        let heads = heads((first.next().next(), 3), (first, revision));
        assert!(!heads.is_replaced() && heads.row_is_of_earlier_execution(), "{revision}");
    }
}
