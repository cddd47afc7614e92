//! Each check fires when its rule is broken.

use std::collections::BTreeMap;

use engine::{ExecutionId, InstanceId, InstanceState, Payload, Timestamp};
use store::InstanceRow;

use super::*;

fn history(kinds: Vec<EventKind>) -> Vec<HistoryEvent> {
    let event = |(id, kind)| HistoryEvent { id: EventId(id), at: Timestamp::default(), kind };
    (1..).zip(kinds).map(event).collect()
}

fn scheduled(task: u32) -> EventKind {
    EventKind::TaskScheduled { task: TaskId(task), name: "echo".to_owned(), input: None, retry: None }
}

fn completed(task: u32) -> EventKind {
    EventKind::TaskCompleted { task: TaskId(task), output: None }
}

fn ended(output: &str) -> EventKind {
    EventKind::ExecutionCompleted { output: Some(Payload::from(output.to_owned())) }
}

/// A completed instance with this output and history.
fn stored(output: &str, kinds: Vec<EventKind>) -> Stored {
    let state = InstanceState {
        instance_id: InstanceId::new("a").unwrap(),
        execution_id: ExecutionId::from_bytes([1; 16]),
        name: "sequence".to_owned(),
        version: None,
        status: RuntimeStatus::Completed,
        input: None,
        output: Some(Payload::from(output.to_owned())),
        failure: None,
        custom_status: None,
        tags: BTreeMap::new(),
        parent: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        completed_at: None,
        scheduled_start: None,
        component: None,
        generation: 0,
        first_execution: None,
    };
    let row = InstanceRow { state, held: None, last_event: None, revision: 1, wake_at: None };
    Stored { row, history: history(kinds) }
}

#[test]
fn another_result_is_found() {
    let end = End::Completed(serde_json::json!(7));
    assert!(is_end(&stored("7", Vec::new()), &end).is_ok());
    assert!(is_end(&stored("8", Vec::new()), &end).is_err());
    assert!(is_end(&stored("7", Vec::new()), &End::Terminated).is_err());
    assert!(is_end(&stored("7", Vec::new()), &End::Failed("on-purpose")).is_err());
}

#[test]
fn an_accepted_instance_that_is_not_stored_is_found() {
    let (job, violations) = (load::job(0), Violations::default());
    check(&[job], &Instances::new(), &Components(BTreeMap::new()), &violations);
    assert_eq!(violations.count(), 1);
}

#[test]
fn a_gap_in_a_history_is_found() {
    let mut events = history(vec![scheduled(0), completed(0)]);
    assert!(is_dense(&events).is_ok());
    events.remove(0);
    assert!(is_dense(&events).is_err());
}

#[test]
fn a_result_that_is_recorded_twice_or_of_nothing_is_found() {
    assert!(settles_once(&history(vec![scheduled(0), scheduled(1), completed(1), completed(0)])).is_ok());
    assert!(settles_once(&history(vec![scheduled(0), completed(0), completed(0)])).is_err());
    assert!(settles_once(&history(vec![scheduled(0), scheduled(0)])).is_err());
    assert!(settles_once(&history(vec![completed(0)])).is_err());
}

#[test]
fn an_end_that_is_missing_or_recorded_twice_is_found() {
    assert!(ends_once(&stored("7", vec![ended("7")])).is_ok());
    assert!(ends_once(&stored("7", Vec::new())).is_err());
    assert!(ends_once(&stored("7", vec![ended("7"), ended("7")])).is_err());
}

#[test]
fn what_is_still_to_be_woken_or_not_over_is_found() {
    let mut instance = stored("7", Vec::new());
    assert!(has_ended(&instance).is_ok());
    instance.row.wake_at = Some(Timestamp::default());
    assert!(has_ended(&instance).is_err());
    instance.row.wake_at = None;
    instance.row.state.status = RuntimeStatus::Running;
    assert!(has_ended(&instance).is_err());
}

#[test]
fn a_parent_that_has_another_result_than_its_child_is_found() {
    let child = |output: &str| {
        let created = EventKind::SubOrchestrationCreated {
            task: TaskId(0),
            name: "leaf".to_owned(),
            version: None,
            instance_id: InstanceId::new("child").unwrap(),
            input: None,
            tags: BTreeMap::new(),
            retry: None,
            detached: false,
        };
        let output = Some(Payload::from(output.to_owned()));
        stored("1", vec![created, EventKind::SubOrchestrationCompleted { task: TaskId(0), output }])
    };
    let all = Instances::from([("child".to_owned(), stored("5", Vec::new()))]);
    assert!(agrees_with_children(&child("5"), &all).is_ok());
    assert!(agrees_with_children(&child("6"), &all).is_err());
    assert!(agrees_with_children(&child("5"), &Instances::new()).is_err());
}
