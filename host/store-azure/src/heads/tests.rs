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
fn a_row_of_another_execution_waits_for_the_end_of_one_that_runs() {
    let mut heads = heads((execution(1), 3), (execution(2), 0));
    heads.sentinel.as_mut().unwrap().0.status = RuntimeStatus::Running;
    assert!(heads.is_superseded() && !heads.is_replaced() && heads.row_is_of_earlier_execution());
    let version = heads.version(Term::FIRST).unwrap();
    assert!(version.is_superseded && !version.row_is_behind);
    // One that was held before its first turn has nothing to end.
    heads.sentinel.as_mut().unwrap().0.last_event = None;
    assert!(heads.is_replaced() && !heads.is_superseded());
}

#[test]
fn the_time_of_a_switch_has_a_column_of_its_own() {
    let mut entity = Entity::new();
    assert_eq!(switched_at(&entity), None);
    set_switched_at(&mut entity, timestamp(1_782_900_000_123));
    assert_eq!(entity.long("RondoSwitchedAt"), Ok(Some(1_782_900_000_123)));
    assert_eq!(switched_at(&entity), Some(timestamp(1_782_900_000_123)));
}

#[test]
fn a_row_whose_status_somebody_has_changed_is_behind() {
    let mut heads = heads((execution(1), 3), (execution(1), 3));
    assert!(heads.version(Term::FIRST).unwrap().row_is_behind, "Pending instead of Completed");
    heads.row.as_mut().unwrap().0.state.status = RuntimeStatus::Completed;
    assert!(!heads.version(Term::FIRST).unwrap().row_is_behind);
}

#[test]
fn a_row_of_an_execution_that_has_continued_as_new_replaces_nothing_however_new_it_is() {
    let first = execution(1);
    for revision in [0, 2, 3, 4] {
        let heads = heads((first.next().next(), 3), (first, revision));
        assert!(!heads.is_replaced() && heads.row_is_of_earlier_execution(), "{revision}");
    }
}
