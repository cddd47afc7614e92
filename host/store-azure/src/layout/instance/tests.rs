use azure::{Entity, Value};
use engine::{Digest, ExecutionId, Failure, InstanceId, InstanceState, Parent, TaskId, arbitrary};
use insta::assert_snapshot;
use proptest::option::of;
use proptest::prelude::*;
use store::InstanceRow;

use super::super::testing::{blob, damage, explained, fits, instance_id, merged, render, sized_payload, time};
use super::super::{Row, keys, overflow};
use super::*;

const CONTAINER: &str = "https://acct.blob.core.windows.net/hub-largemessages";

/// As the medium does it.
fn blob_url(name: &str) -> String {
    let encoded: Vec<_> = name
        .split('/')
        .map(|part| percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string())
        .collect();
    format!("{CONTAINER}/{}", encoded.join("/"))
}

fn written(row: &InstanceRow) -> Row {
    full_row(row, "Hub", &keys::escape(row.state.instance_id.as_str()), 42, &blob_url)
}

fn fetched(row: &Row) -> Entity {
    let mut entity = row.entity.clone();
    for (column, name) in blob_columns(&row.entity, CONTAINER) {
        put_back(&mut entity, &column, &name, blob(row, &name)).unwrap();
    }
    entity
}

fn full() -> InstanceRow {
    let at = |seconds: u64| Timestamp::from_millis(1_782_900_000_000 + 1_000 * seconds);
    let parent = Parent {
        instance_id: InstanceId::new("up").unwrap(),
        execution_id: ExecutionId::from_bytes([0x22; 16]),
        name: "upper".into(),
        task: TaskId(3),
        attempt: 2,
    };
    let state = InstanceState {
        instance_id: InstanceId::new("order/1").unwrap(),
        execution_id: ExecutionId::from_bytes([0x11; 16]),
        name: "order".into(),
        version: Some("v1".into()),
        status: RuntimeStatus::Failed,
        input: Some("{\"a\":1}".into()),
        output: None,
        failure: Some(Failure { details: Some("7".into()), ..Failure::new("declined", "no money") }),
        custom_status: Some("\"half\"".into()),
        tags: [("a".to_owned(), "b".to_owned())].into(),
        parent: Some(parent),
        created_at: at(0),
        updated_at: at(1),
        completed_at: Some(at(2)),
        scheduled_start: Some(at(3)),
        component: Some(Digest::from_bytes([0x33; 32])),
        generation: 4,
        first_execution: Some(ExecutionId::from_bytes([0x44; 16])),
    };
    let held = Some(HeldReason { code: "x".into(), message: "y".into(), since: at(4) });
    InstanceRow { state, held, last_event: Some(EventId(9)), revision: 5, wake_at: Some(at(5)) }
}

fn empty() -> InstanceRow {
    let full = full();
    let state = InstanceState {
        version: None,
        status: RuntimeStatus::Running,
        input: None,
        failure: None,
        custom_status: None,
        tags: [].into(),
        parent: None,
        completed_at: None,
        scheduled_start: None,
        component: None,
        first_execution: None,
        ..full.state
    };
    InstanceRow { state, held: None, last_event: None, revision: 1, wake_at: None }
}

#[test]
fn instance_rows_never_change() {
    assert_snapshot!(render(&written(&full()).entity), @r#"
    CompletedTime=@2026-07-01T10:00:02.000Z
    CreatedTime=@2026-07-01T10:00:00.000Z
    CustomStatus='"half"'
    ExecutionId='11111111111111111111111111111111'
    Input='{"a":1}'
    LastUpdatedTime=@2026-07-01T10:00:01.000Z
    Name='order'
    Output='declined: no money'
    RondoAbsent='Output'
    RondoComponent='3333333333333333333333333333333333333333333333333333333333333333'
    RondoFailure='{"ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":{"RondoDetails":"7"}}'
    RondoFirstExecution='44444444444444444444444444444444'
    RondoGeneration=4
    RondoHeld='{"Code":"x","Message":"y","SinceMs":1782900004000}'
    RondoInBlobs=''
    RondoLastEvent=9L
    RondoParent='{"Name":"upper","OrchestrationInstance":{"InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"TaskScheduleId":3,"Version":null,"RondoAttempt":2}'
    RondoRevision=5L
    RondoWakeAt='2026-07-01T10:00:05.000Z'
    RuntimeStatus='Failed'
    ScheduledStartTime=@2026-07-01T10:00:03.000Z
    Tags='{"a":"b"}'
    TaskHubName='Hub'
    Version='v1'
    "#);
    assert_snapshot!(render(&written(&empty()).entity), @"
    CreatedTime=@2026-07-01T10:00:00.000Z
    CustomStatus='null'
    ExecutionId='11111111111111111111111111111111'
    LastUpdatedTime=@2026-07-01T10:00:01.000Z
    Name='order'
    RondoAbsent='Version,Input,Output,CustomStatus,CompletedTime,ScheduledStartTime'
    RondoComponent=''
    RondoFailure='null'
    RondoFirstExecution=''
    RondoGeneration=4
    RondoHeld=''
    RondoInBlobs=''
    RondoLastEvent=0L
    RondoParent='null'
    RondoRevision=1L
    RondoWakeAt=''
    RuntimeStatus='Running'
    Tags='null'
    TaskHubName='Hub'
    Version=''
    ");
    assert_snapshot!(render(&touch(&full())), @"
    LastUpdatedTime=@2026-07-01T10:00:01.000Z
    RondoLastEvent=9L
    RondoRevision=5L
    RondoWakeAt='2026-07-01T10:00:05.000Z'
    ");
}

#[test]
fn large_inputs_are_addresses_and_other_columns_have_names_of_blobs() {
    let mut row = empty();
    row.state.input = Some("x".repeat(30_721).into());
    row.state.output = Some("https://example.net/".into());
    row.state.custom_status = Some("y".repeat(32_769).into());
    let written = written(&row);
    assert_snapshot!(written.entity.text("Input").unwrap().unwrap(), @"https://acct.blob.core.windows.net/hub-largemessages/order%5E01/history%2D%2DInput%2D0000002A%2DInput%2Ejson%2Egz");
    assert_snapshot!(written.entity.text("CustomStatusBlobName").unwrap().unwrap(), @"order^01/history--CustomStatus-0000002A-CustomStatus.json.gz");
    let columns: Vec<_> = blob_columns(&written.entity, CONTAINER).into_iter().map(|(column, _)| column).collect();
    assert_eq!(columns, ["CustomStatus", "Input", "Output"], "what only looks like an address is in a blob as well");
    assert_eq!(row_of("order^01", &fetched(&written)).unwrap(), row);
}

#[test]
fn a_host_that_has_another_address_of_the_account_finds_large_payloads() {
    let mut row = empty();
    row.state.input = Some("x".repeat(30_721).into());
    let written = written(&row);
    let name = "order^01/history--Input-0000002A-Input.json.gz";
    assert_eq!(
        blob_columns(&written.entity, "http://10.0.0.1:10000/acct/hub-largemessages"),
        [("Input".into(), name.into())]
    );
}

#[test]
fn a_row_that_has_only_the_address_of_a_large_payload_is_read_by_it() {
    let mut row = empty();
    row.state.input = Some("x".repeat(30_721).into());
    let mut written = written(&row);
    written.entity.0.remove("InputBlobName");
    written.entity.set("RondoInBlobs", Value::Text(String::new()));
    assert_eq!(row_of("order^01", &fetched(&written)).unwrap(), row);
}

fn of_durabletask() -> Entity {
    let mut entity = Entity::new();
    for (column, text) in [
        ("ExecutionId", "0123456789abcdef0123456789abcdef"),
        ("Name", "Order"),
        ("Version", ""),
        ("Input", "\"hello\""),
        ("RuntimeStatus", "Pending"),
        ("TaskHubName", "Hub"),
        ("Tags", "null"),
    ] {
        entity.set(column, Value::Text(text.to_owned()));
    }
    entity.set("CreatedTime", Value::Time(5_000));
    entity.set("LastUpdatedTime", Value::Time(6_000));
    entity.set("Generation", Value::Int(0));
    entity
}

#[test]
fn a_row_that_a_durabletask_client_wrote_is_read() {
    let row = row_of("order^01", &of_durabletask()).unwrap();
    let state = InstanceState {
        execution_id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        name: "Order".into(),
        status: RuntimeStatus::Pending,
        input: Some("\"hello\"".into()),
        created_at: Timestamp::from_millis(5_000),
        updated_at: Timestamp::from_millis(6_000),
        generation: 0,
        ..empty().state
    };
    assert_eq!(row, InstanceRow { state, revision: 0, ..empty() });
}

#[test]
fn what_durabletask_says_otherwise_is_understood() {
    let read = |column: &str, text: &str| {
        let mut entity = of_durabletask();
        entity.set(column, Value::Text(text.to_owned()));
        row_of("order^01", &entity).unwrap().state
    };
    assert_eq!(read("CustomStatus", "null").custom_status, None);
    assert_eq!(read("CustomStatus", "1").custom_status, Some("1".into()));
    assert_eq!(read("RuntimeStatus", "ContinuedAsNew").status, RuntimeStatus::Running);
    assert_eq!(read("RuntimeStatus", "Canceled").status, RuntimeStatus::Terminated);
    // Golden: it must never change, or instances would seem to be others.
    assert_snapshot!(read("ExecutionId", "my run").execution_id, @"3dbca2f3ec181e1529ef7c876df7c5f0");
    assert_eq!(read("ExecutionId", "my run").execution_id, read("ExecutionId", "my run").execution_id);
}

#[test]
fn an_input_may_be_in_the_start_message_of_a_client() {
    let name = "order/1/message-abababababababababababababababab-ExecutionStarted.json.gz";
    let mut entity = of_durabletask();
    entity.set("Input", Value::Text(blob_url(name)));
    assert_eq!(blob_columns(&entity, CONTAINER), [("Input".to_owned(), name.to_owned())]);
    let message = r#"{"TaskMessage":{"Event":{"$type":"DurableTask.Core.History.ExecutionStartedEvent","Input":"\"big\"",
        "EventId":-1},"OrchestrationInstance":{"InstanceId":"order/1","ExecutionId":"x"}}}"#;
    put_back(&mut entity, "Input", name, &overflow::gzip(message.as_bytes())).unwrap();
    assert_eq!(row_of("order^01", &entity).unwrap().state.input, Some("\"big\"".into()));
}

#[test]
fn rows_that_cannot_be_read_say_why() {
    let check = |key: &str, column: &str, text: &str| {
        let mut entity = of_durabletask();
        entity.set(column, Value::Text(text.to_owned()));
        explained(&row_of(key, &entity).unwrap_err())
    };
    assert_snapshot!(check("a^", "Name", ""), @"PartitionKey is malformed");
    assert_snapshot!(check("@counter@a", "Name", ""), @"PartitionKey is no id: an instance id must not begin with '@'");
    assert_snapshot!(check("a", "RuntimeStatus", "Lost"), @r#"RuntimeStatus "Lost" is unknown"#);
    assert_snapshot!(check("a", "CreatedTime", ""), @"column CreatedTime is not of type time");
    assert_snapshot!(check("a", "RondoComponent", "12"), @"RondoComponent is malformed");
    assert_snapshot!(check("a", "Tags", "[]"), @"Tags is not the expected JSON: invalid type: sequence, expected a map at line 1 column 0");
}

fn any_row() -> impl Strategy<Value = InstanceRow> {
    let failure = of(arbitrary::failure());
    let held =
        of(("[a-z]{0,3}", "\\PC{0,5}", time()).prop_map(|(code, message, since)| HeldReason { code, message, since }));
    let payloads = (sized_payload(), sized_payload(), sized_payload());
    let times = (time(), of(time()), of(time()), of(time()));
    let numbers = (any::<u64>(), of(1..u64::MAX), any::<u32>());
    let status = prop::sample::select(&RuntimeStatus::ALL);
    let first_execution = of(any::<[u8; 16]>().prop_map(ExecutionId::from_bytes));
    let rest = (failure, held, status, of(any::<[u8; 32]>()), first_execution);
    (arbitrary::started(), payloads, times, numbers, rest).prop_map(
        |(started, (input, output, custom_status), times, (revision, last_event, generation), rest)| {
            let (updated_at, completed_at, scheduled_start, wake_at) = times;
            let (failure, held, status, component, first_execution) = rest;
            let state = InstanceState {
                instance_id: InstanceId::new("order/1").unwrap(),
                execution_id: started.execution_id,
                name: started.name,
                version: started.version,
                status,
                input,
                output,
                failure,
                custom_status,
                tags: started.tags,
                parent: started.parent,
                created_at: started.created_at,
                updated_at,
                completed_at,
                scheduled_start,
                component: component.map(Digest::from_bytes),
                generation,
                first_execution,
            };
            InstanceRow { state, held, last_event: last_event.map(EventId), revision, wake_at }
        },
    )
}

const COLUMNS: &[&str] = &[
    "ExecutionId",
    "Name",
    "RuntimeStatus",
    "Version",
    "Input",
    "Output",
    "CustomStatus",
    "Tags",
    "CreatedTime",
    "LastUpdatedTime",
    "CompletedTime",
    "RondoFailure",
    "RondoParent",
    "RondoComponent",
    "RondoHeld",
    "RondoWakeAt",
    "RondoAbsent",
    "RondoInBlobs",
    "InputBlobName",
];
const WORDS: &[&str] = &[
    "",
    "null",
    "{}",
    "Running",
    "Canceled",
    "Name,Input",
    "12",
    "https://acct.blob.core.windows.net/hub-largemessages/%25",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_merged_row_comes_back_and_nothing_old_does(old in any_row(), new in any_row()) {
        let mut row = written(&new);
        prop_assert!(fits(&row.entity));
        row.entity = merged(&written(&old).entity, &row.entity);
        prop_assert_eq!(row_of("order^01", &fetched(&row)).unwrap(), new);
    }

    #[test]
    fn a_row_merged_over_that_of_a_durabletask_client_comes_back(new in any_row()) {
        let mut old = of_durabletask();
        old.set("InputBlobName", Value::Text("gone".into()));
        let mut row = written(&new);
        row.entity = merged(&old, &row.entity);
        prop_assert_eq!(row_of("order^01", &fetched(&row)).unwrap(), new);
    }

    #[test]
    fn a_touch_changes_what_it_should(old in any_row(), new in any_row()) {
        let expected = InstanceRow {
            state: InstanceState { updated_at: new.state.updated_at, ..old.state.clone() },
            revision: new.revision,
            last_event: new.last_event,
            wake_at: new.wake_at,
            ..old.clone()
        };
        let mut row = written(&old);
        row.entity = merged(&row.entity, &touch(&new));
        prop_assert_eq!(row_of("order^01", &fetched(&row)).unwrap(), expected);
    }

    #[test]
    fn the_id_comes_from_the_key(id in instance_id()) {
        let key = keys::escape(id.as_str());
        prop_assert_eq!(row_of(&key, &of_durabletask()).unwrap().state.instance_id, id);
    }

    #[test]
    fn no_row_makes_reading_panic(old in any_row(), damage in damage(COLUMNS, WORDS), key in "\\PC{0,4}") {
        let damaged = merged(&written(&old).entity, &Entity(damage));
        let _ = (row_of(&key, &damaged), row_of("a", &damaged), blob_columns(&damaged, CONTAINER));
    }

    #[test]
    fn no_blob_makes_putting_back_panic(bytes in any::<Vec<u8>>(), input in of("\\PC{0,9}")) {
        let name = "a-ExecutionStarted.json.gz";
        for blob in [bytes.clone(), overflow::gzip(&bytes), overflow::gzip(input.unwrap_or_default().as_bytes())] {
            let _ = put_back(&mut Entity::new(), "Input", name, &blob);
        }
    }
}
