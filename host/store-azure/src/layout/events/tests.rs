use std::collections::BTreeSet;
use std::fmt::Write as _;

use azure::{Entity, Value};
use engine::text::parse_history;
use engine::{EventId, EventKind, ExecutionId, HistoryEvent, Payload, TaskId, Timestamp, arbitrary};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::columns::{Reader, Writer};
use super::super::limits::TIME_MS_MAX;
use super::super::overflow::blob_columns;
use super::super::testing::{damage, explained, fetched, fits, merged, render, sized_payload, time};
use super::super::{Row, sentinel};
use super::*;

const EXECUTION: ExecutionId = ExecutionId::from_bytes([0xee; 16]);

fn row(event: &HistoryEvent) -> Row {
    event_row("order^01", &sentinel::row_key(event.id.0 - 1), EXECUTION, event, 42)
}

fn event(kind: EventKind) -> HistoryEvent {
    HistoryEvent { id: EventId(3), at: Timestamp::from_millis(1_782_900_000_123), kind }
}

/// Every kind at least once.
const GOLDEN: &str = r#"
orchestrator_started at=1782900000123ms
execution_started execution=11111111111111111111111111111111 name=order version=v1 input='{"a":1}' tags=a:b parent=up parent_execution=22222222222222222222222222222222 parent_name=upper parent_task=3 parent_attempt=2 scheduled_start=1782900060s created_at=1782900000s component=3333333333333333333333333333333333333333333333333333333333333333 generation=7 trace_parent=00-1-2-01 trace_state=x earlier_events=44444444444444444444444444444444,55555555555555555555555555555555
execution_started execution=11111111111111111111111111111111 name=order
task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2.5 max_interval=9s except=declined
task_scheduled task=1 name=charge
timer_created task=2 fire_at=1782900060s
sub_orchestration_created task=3 name=ship instance=ship-1 version=v2 input='""' tags=a:b attempts=2 first_interval=0s backoff=1 detached
sub_orchestration_created task=4 name=ship instance=ship-2
event_awaited task=5 name=approved
event_sent task=6 instance=other name=hello data='true'
orchestrator_completed
task_attempt_failed task=0 attempt=1 kind=timeout message='no answer' retry_at=1782900061s
task_completed task=0 output='"ok"'
task_completed task=0
task_failed task=1 kind=declined message='no money' details='{"c":2}' non_retriable
task_canceled task=1
timer_fired task=2
sub_orchestration_attempt_failed task=3 attempt=2 kind=timeout message='no answer' retry_at=1782900061s
sub_orchestration_completed task=3 output='1'
sub_orchestration_failed task=3 kind=terminated message='was ended'
event_raised name=approved data='""' key=abababababababababababababababab
execution_suspended reason='lunch'
execution_resumed
execution_rewound reason='again' voided=4,7
execution_rewound reason='again' from=4
execution_terminated reason='enough' recurse
execution_completed output='"done"'
execution_failed kind=declined message='no money'
execution_started execution=11111111111111111111111111111111 name=order generation=2 first_execution=33333333333333333333333333333333
sub_orchestration_failed task=3 kind=declined message='no money' ending=4294967297
execution_started execution=11111111111111111111111111111111 name=order generation=1 left_children=ship/1:44444444444444444444444444444444
"#;

/// As the rewind of a DurableTask client rewrites a row.
fn rewind(entity: &mut Entity) {
    let event_type = entity.text("EventType").unwrap().unwrap().to_owned();
    entity.set("Reason", Value::Text(format!("Rewound: {event_type}")));
    entity.set("EventType", Value::Text("GenericEvent".to_owned()));
}

#[test]
fn rows_that_a_client_has_rewound_are_read_as_what_they_were() {
    const REWRITTEN: [&str; 4] = ["task_scheduled", "task_failed", "sub_orchestration_failed", "execution_failed"];
    let mut seen = 0;
    for event in parse_history(GOLDEN.trim()).unwrap() {
        let Row { mut entity, .. } = row(&event);
        assert!(!is_rewound(&entity) && !put_back(&mut entity), "{event}");
        let text = event.kind.to_string();
        if !REWRITTEN.contains(&text.split(' ').next().unwrap()) {
            continue;
        }
        seen += 1;
        rewind(&mut entity);
        assert!(is_rewound(&entity), "{event}");
        if text.starts_with("execution_failed") {
            // The client finds this one again, by its status.
            rewind(&mut entity);
        }
        assert!(put_back(&mut entity), "{event}");
        assert_eq!(event_of(event.id, &entity).unwrap(), event);
    }
    assert_eq!(seen, 6);
}

#[test]
fn a_failure_that_speaks_of_a_rewind_is_not_one() {
    let line = "task_attempt_failed task=0 attempt=1 kind=x message='Rewound: TaskFailed' retry_at=1782900061s";
    for event in parse_history(line).unwrap() {
        let Row { mut entity, .. } = row(&event);
        assert!(!is_rewound(&entity) && !put_back(&mut entity));
        assert_eq!(event_of(event.id, &entity).unwrap(), event);
    }
}

#[test]
fn event_rows_never_change() {
    const SAME: [&str; 3] = ["ExecutionId", "IsPlayed", "_Timestamp"];
    let mut text = String::new();
    for event in parse_history(GOLDEN.trim()).unwrap() {
        let Row { mut entity, blobs } = row(&event);
        assert_eq!(blobs, []);
        for column in SAME {
            assert!(entity.0.remove(column).is_some(), "{column}");
        }
        writeln!(text, "{}", render(&entity).trim_end().replace('\n', " ")).unwrap();
    }
    assert_snapshot!(text, @r#"
    EventId=-1 EventType='OrchestratorStarted'
    EventId=-1 EventType='ExecutionStarted' Input='{"a":1}' Name='order' OrchestrationInstance='{"InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"}' ParentInstance='{"Name":"upper","OrchestrationInstance":{"InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"TaskScheduleId":3,"Version":null,"RondoAttempt":2}' ParentTraceContext='{"TraceParent":"00-1-2-01","TraceState":"x"}' RondoComponent='3333333333333333333333333333333333333333333333333333333333333333' RondoCreatedAt=@2026-07-01T10:00:00.000Z RondoEarlierEvents='RERERERERERERERERERERFVVVVVVVVVVVVVVVVVVVVU=' RondoGeneration=7 ScheduledStartTime=@2026-07-01T10:01:00.000Z Tags='{"a":"b"}' Version='v1'
    EventId=-1 EventType='ExecutionStarted' Name='order' OrchestrationInstance='{"InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"}' ParentInstance='null' ParentTraceContext='null' RondoCreatedAt=@1970-01-01T00:00:00.000Z RondoGeneration=0 Tags='null'
    EventId=0 EventType='TaskScheduled' Input='5' Name='charge' RondoRetry='{"MaxAttempts":3,"FirstIntervalMs":1000,"BackoffCoefficient":"2.5","MaxIntervalMs":9000,"RetryTimeoutMs":null,"NonRetriableKinds":["declined"]}'
    EventId=1 EventType='TaskScheduled' Name='charge' RondoRetry='null'
    EventId=2 EventType='TimerCreated' FireAt=@2026-07-01T10:01:00.000Z
    EventId=3 EventType='SubOrchestrationInstanceCreated' Input='""' InstanceId='ship-1' Name='ship' RondoDetached=true RondoRetry='{"MaxAttempts":2,"FirstIntervalMs":0,"BackoffCoefficient":"1.0","MaxIntervalMs":null,"RetryTimeoutMs":null,"NonRetriableKinds":[]}' Tags='{"a":"b"}' Version='v2'
    EventId=4 EventType='SubOrchestrationInstanceCreated' InstanceId='ship-2' Name='ship' RondoDetached=false RondoRetry='null' Tags='null'
    Data='waits for event approved' EventId=5 EventType='GenericEvent' Name='approved' RondoEvent='EventAwaited'
    EventId=6 EventType='EventSent' Input='true' InstanceId='other' Name='hello'
    EventId=-1 EventType='OrchestratorCompleted'
    Data='attempt 1 of task 0 failed (timeout); the next begins at 2026-07-01T10:01:01.000Z' EventId=-1 EventType='GenericEvent' FailureDetails='{"ErrorType":"timeout","ErrorMessage":"no answer","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null}' Reason='no answer' RondoAttempt=1 RondoEvent='TaskAttemptFailed' RondoRetryAt=@2026-07-01T10:01:01.000Z TaskScheduledId=0
    EventId=-1 EventType='TaskCompleted' Result='"ok"' TaskScheduledId=0
    EventId=-1 EventType='TaskCompleted' TaskScheduledId=0
    EventId=-1 EventType='TaskFailed' FailureDetails='{"ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":true,"Properties":{"RondoDetails":"{\"c\":2}"}}' Reason='no money' TaskScheduledId=1
    Data='task 1 is no longer of interest' EventId=-1 EventType='GenericEvent' RondoEvent='TaskCanceled' TaskScheduledId=1
    EventId=-1 EventType='TimerFired' FireAt=@2026-07-01T10:00:00.123Z TimerId=2
    Data='attempt 2 of task 3 failed (timeout); the next begins at 2026-07-01T10:01:01.000Z' EventId=-1 EventType='GenericEvent' FailureDetails='{"ErrorType":"timeout","ErrorMessage":"no answer","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null}' Reason='no answer' RondoAttempt=2 RondoEvent='SubOrchestrationAttemptFailed' RondoRetryAt=@2026-07-01T10:01:01.000Z TaskScheduledId=3
    EventId=-1 EventType='SubOrchestrationInstanceCompleted' Result='1' TaskScheduledId=3
    EventId=-1 EventType='SubOrchestrationInstanceFailed' FailureDetails='{"ErrorType":"terminated","ErrorMessage":"was ended","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null}' Reason='was ended' TaskScheduledId=3
    EventId=-1 EventType='EventRaised' Input='""' Name='approved' RondoEventKey='abababababababababababababababab'
    EventId=-1 EventType='ExecutionSuspended' Reason='lunch'
    EventId=-1 EventType='ExecutionResumed'
    EventId=-1 EventType='ExecutionRewound' Reason='again' RondoVoided='[4,7]'
    EventId=-1 EventType='ExecutionRewound' Reason='again' RondoVoided='[]' RondoVoidedFrom='4'
    EventId=-1 EventType='ExecutionTerminated' Input='enough' RondoRecurse=true
    EventId=-1 EventType='ExecutionCompleted' FailureDetails='null' OrchestrationStatus='Completed' Result='"done"'
    EventId=-1 EventType='ExecutionCompleted' FailureDetails='{"ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null}' OrchestrationStatus='Failed' Result='no money'
    EventId=-1 EventType='ExecutionStarted' Name='order' OrchestrationInstance='{"InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"}' ParentInstance='null' ParentTraceContext='null' RondoCreatedAt=@1970-01-01T00:00:00.000Z RondoFirstExecution='33333333333333333333333333333333' RondoGeneration=2 Tags='null'
    EventId=-1 EventType='SubOrchestrationInstanceFailed' FailureDetails='{"ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null}' Reason='no money' RondoEnding=4294967297L TaskScheduledId=3
    EventId=-1 EventType='ExecutionStarted' Name='order' OrchestrationInstance='{"InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"}' ParentInstance='null' ParentTraceContext='null' RondoCreatedAt=@1970-01-01T00:00:00.000Z RondoGeneration=1 RondoLeftChildren='[{"InstanceId":"ship/1","ExecutionId":"44444444444444444444444444444444"}]' Tags='null'
    "#);
}

#[test]
fn every_row_says_when_and_of_which_execution() {
    assert_snapshot!(render(&row(&event(EventKind::OrchestratorStarted)).entity), @"
    EventId=-1
    EventType='OrchestratorStarted'
    ExecutionId='eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'
    IsPlayed=false
    _Timestamp=@2026-07-01T10:00:00.123Z
    ");
}

#[test]
fn a_large_column_moves_to_a_blob_of_its_own() {
    let output = Some(Payload::from("x".repeat(30_721)));
    let event = event(EventKind::TaskCompleted { task: TaskId(7), output });
    let row = row(&event);
    assert!(fits(&row.entity));
    assert_eq!(
        blob_columns(&row.entity),
        [("Result".to_owned(), "order^01/history-0000000000000002-TaskCompleted-0000002A-Result.json.gz".to_owned())]
    );
    assert_eq!(event_of(event.id, &fetched(&row)).unwrap(), event);
}

#[test]
fn a_time_beyond_the_calendar_is_kept_in_full() {
    let late = Timestamp::from_millis(TIME_MS_MAX + 1);
    let row = row(&HistoryEvent { at: late, ..event(EventKind::TimerCreated { task: TaskId(0), fire_at: late }) });
    assert_eq!(row.entity.time("FireAt"), Ok(Some(TIME_MS_MAX)));
    assert_eq!(row.entity.long("RondoFireAtMs"), Ok(Some(253_402_300_800_000)));
    assert_eq!(row.entity.long("RondoTimestampMs"), Ok(Some(253_402_300_800_000)));
}

#[test]
fn rows_that_cannot_be_read_say_why() {
    let check = |damage: &dyn Fn(&mut Entity)| {
        let mut entity = row(&event(EventKind::TaskCompleted { task: TaskId(0), output: None })).entity;
        damage(&mut entity);
        explained(&event_of(EventId(1), &entity).unwrap_err())
    };
    assert_snapshot!(check(&|row| drop(row.0.remove("EventType"))), @"EventType is missing");
    assert_snapshot!(check(&|row| drop(row.0.remove("TaskScheduledId"))), @"TaskScheduledId is missing");
    assert_snapshot!(check(&|row| row.set("Result", Value::Int(1))), @"column Result is not of type text");
    let event_type = |event_type: &str| Value::Text(event_type.to_owned());
    assert_snapshot!(check(&|row| row.set("EventType", event_type("HistoryState"))), @r#"EventType "HistoryState" is unknown"#);
    assert_snapshot!(check(&|row| row.set("EventType", event_type("TaskFailed"))), @"FailureDetails is missing");
    assert_snapshot!(check(&|row| row.set("EventType", event_type("GenericEvent"))), @"RondoEvent is missing");
}

#[test]
fn a_failure_of_durabletask_is_read() {
    let mut entity = row(&event(EventKind::TaskCompleted { task: TaskId(4), output: None })).entity;
    let mut read = |column: &str, text: &str| {
        entity.set(column, Value::Text(text.to_owned()));
        event_of(EventId(1), &entity).map(|event| event.kind.to_string()).unwrap_or_default()
    };
    read("EventType", "TaskFailed");
    assert_snapshot!(read("Reason", "no money"), @"task_failed task=4 kind=failed message='no money'");
    assert_snapshot!(read("Details", "at Charge()"), @"task_failed task=4 kind=failed message='no money' details='at Charge()'");
    let failure = r#"{"ErrorType":"Declined","ErrorMessage":"none","StackTrace":"at Pay()","InnerFailure":{"ErrorType":"x"},
        "IsNonRetriable":true,"Properties":null}"#;
    assert_snapshot!(read("FailureDetails", failure), @"task_failed task=4 kind=Declined message='none' details='at Pay()' non_retriable");
}

#[test]
fn an_event_without_a_form_of_its_own_is_kept_encoded() {
    let event = event(EventKind::TaskCompleted { task: TaskId(4), output: Some("1".into()) });
    let mut row = Writer::default();
    write::write_encoded(&mut row, &event);
    let entity = row.into_entity();
    assert_eq!(read::encoded_of(&Reader::new(&entity).unwrap()).unwrap(), event.kind);
}

/// Every column that is looked at.
const COLUMNS: &[&str] = &[
    "EventType",
    "RondoEvent",
    "_Timestamp",
    "EventId",
    "TaskScheduledId",
    "TimerId",
    "OrchestrationInstance",
    "Name",
    "ParentInstance",
    "ParentTraceContext",
    "Tags",
    "Version",
    "Input",
    "Result",
    "Reason",
    "Details",
    "FailureDetails",
    "FireAt",
    "RondoRetry",
    "RondoVoided",
    "RondoEncoded",
    "RondoEventKey",
    "RondoComponent",
    "RondoAbsent",
];

/// Texts that lead further than others.
const WORDS: &[&str] = &[
    "GenericEvent",
    "Encoded",
    "ExecutionStarted",
    "TaskAttemptFailed",
    "SubOrchestrationInstanceCreated",
    "null",
    "",
    "AQ==",
    "AYIBAIEA",
    "{\"InstanceId\":\"\"}",
    "EventType,Name,Input",
];

fn any_event() -> impl Strategy<Value = HistoryEvent> {
    let large = (sized_payload(), any::<u32>()).prop_flat_map(|(payload, task)| {
        let (task, name) = (TaskId(task), "a".to_owned());
        let failure = engine::Failure { details: payload.clone(), ..engine::Failure::new("a", "b") };
        prop::sample::select(vec![
            EventKind::ExecutionCompleted { output: payload.clone() },
            EventKind::ExecutionTerminated { reason: payload.clone(), recurse: true },
            EventKind::TaskScheduled { task, name, input: payload, retry: None },
            EventKind::TaskFailed { task, failure },
        ])
    });
    let kind = prop_oneof![9 => arbitrary::event(), 1 => large];
    (1..u64::MAX, time(), kind).prop_map(|(id, at, kind)| HistoryEvent { id: EventId(id), at, kind })
}

proptest! {
    #[test]
    fn every_event_comes_back(event in any_event()) {
        let row = row(&event);
        prop_assert!(fits(&row.entity), "{}", render(&row.entity));
        prop_assert_eq!(event_of(event.id, &fetched(&row)).unwrap(), event);
    }

    #[test]
    fn every_kind_of_event_is_in_the_golden_list(kind in arbitrary::event()) {
        let golden: BTreeSet<_> = parse_history(GOLDEN.trim()).unwrap().iter().map(|event| event.kind.name()).collect();
        prop_assert!(golden.contains(kind.name()), "{}", kind.name());
    }

    #[test]
    fn no_row_makes_reading_panic(event in any_event(), damage in damage(COLUMNS, WORDS)) {
        let damaged = merged(&row(&event).entity, &Entity(damage));
        let _ = (event_of(event.id, &damaged), blob_columns(&damaged));
    }
}
