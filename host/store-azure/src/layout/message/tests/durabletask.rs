//! Messages as DurableTask writes them.

use super::*;

/// A message of a DurableTask client or worker around an event.
fn message(class: &str, execution: &str, members: &str) -> String {
    format!(
        r#"{{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"7d1f6a52-0d3c-4f4e-9a3b-0e6f0f8f2b11",
        "TaskMessage":{{"$type":"DurableTask.Core.TaskMessage","Event":{{
        "$type":"DurableTask.Core.History.{class}",{members},"EventId":-1,"IsPlayed":false,
        "Timestamp":"2026-07-01T10:00:00.1234567Z","ExtensionData":null}},"SequenceNumber":0,"OrchestrationInstance":{{
        "$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order-1","ExecutionId":{execution},
        "ExtensionData":null}},"OrchestrationExecutionContext":null,"ExtensionData":null}},"CompressedBlobName":null,
        "SequenceNumber":17,"Episode":1,"Sender":{{"InstanceId":"","ExecutionId":""}},"SerializableTraceContext":null}}"#
    )
}

const EXECUTION: &str = r#""4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce""#;

fn read(class: &str, execution: &str, members: &str) -> String {
    match decode(&message(class, execution, members)) {
        Ok(Content::ToInstance { to, message, replaces: Replaces::Unsaid }) if to.as_str() == "order-1" => {
            message.to_string()
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => explained(&error),
    }
}

#[test]
fn starts_are_read() {
    let members = r#""OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order-1",
        "ExecutionId":"4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce"},"EventType":0,"ParentInstance":null,"Name":"Order","Version":"",
        "Input":"\"hello\"","Tags":{"$type":"System.Collections.Generic.Dictionary`2[[System.String],[System.String]]",
        "a":"b"},"Correlation":null,"ScheduledStartTime":null,"Generation":0,"ParentTraceContext":null"#;
    assert_snapshot!(read("ExecutionStartedEvent", EXECUTION, members), @r#"start execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce name=Order input='"hello"' tags=a:b created_at=1782900000123ms"#);
    let members = r#""EventType":0,"ParentInstance":{"$type":"DurableTask.Core.ParentInstance","Name":"Upper",
        "OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"up","ExecutionId":"my run"},
        "TaskScheduleId":5,"Version":""},"Name":"Order","Version":"1.0","Input":null,"Tags":null,
        "ScheduledStartTime":"2026-07-02T10:00:00Z","ParentTraceContext":{"TraceParent":"00-1-2-01","TraceState":null}"#;
    assert_snapshot!(read("ExecutionStartedEvent", EXECUTION, members), @"start execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce name=Order version=1.0 parent=up parent_execution=3dbca2f3ec181e1529ef7c876df7c5f0 parent_name=Upper parent_task=5 parent_attempt=1 scheduled_start=1782986400s created_at=1782900000123ms trace_parent=00-1-2-01 trace_state=''");
}

#[test]
fn what_clients_send_is_read() {
    let read = |class: &str, members: &str| read(class, "null", members);
    assert_snapshot!(read("EventRaisedEvent", r#""EventType":15,"Input":"true","Name":"approved","ParentTraceContext":null"#), @"raise_event name=approved data='true' key=7d1f6a520d3c4f4e9a3b0e6f0f8f2b11");
    assert_snapshot!(read("ExecutionTerminatedEvent", r#""EventType":3,"Input":"enough""#), @"terminate reason='enough'");
    assert_snapshot!(read("ExecutionSuspendedEvent", r#""EventType":19,"Reason":"lunch""#), @"suspend reason='lunch'");
    assert_snapshot!(read("ExecutionResumedEvent", r#""EventType":20,"Reason":null"#), @"resume");
    assert_snapshot!(read("ExecutionRewoundEvent", r#""EventType":21,"Reason":"again","ParentExecutionId":null,"InstanceId":null"#), @"rewind reason='again'");
    assert_snapshot!(read("GenericEvent", r#""EventType":17,"Data":"again""#), @"rewind reason='again'");
}

#[test]
fn what_workers_send_is_read() {
    let read = |class: &str, members: &str| read(class, EXECUTION, members);
    assert_snapshot!(read("TaskCompletedEvent", r#""EventType":5,"TaskScheduledId":0,"Result":"\"done\"""#), @r#"task_completed execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce task=0 attempt=1 output='"done"'"#);
    assert_snapshot!(read("TaskFailedEvent", r#""EventType":6,"TaskScheduledId":1,"Reason":"no money","Details":"at Pay()",
        "FailureDetails":null"#), @"task_failed execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce task=1 attempt=1 kind=failed message='no money' details='at Pay()'");
    assert_snapshot!(read("SubOrchestrationInstanceCompletedEvent", r#""EventType":8,"TaskScheduledId":2,"Result":null"#), @"child_completed execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce task=2 attempt=1");
    assert_snapshot!(read("SubOrchestrationInstanceFailedEvent", r#""EventType":9,"TaskScheduledId":3,"Reason":"x","Details":null,
        "FailureDetails":{"$type":"DurableTask.Core.FailureDetails","ErrorType":"Declined","ErrorMessage":"no money",
        "StackTrace":"at Pay()","InnerFailure":null,"IsNonRetriable":true,"Properties":null}"#), @"child_failed execution=4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce task=3 attempt=1 kind=Declined message='no money' details='at Pay()' non_retriable");
    assert_snapshot!(read("TimerFiredEvent", r#""EventType":11,"TimerId":4,"FireAt":"2026-07-01T10:00:00Z""#), @"wake");
    // What a worker decides has its number there.
    let text = message(
        "TaskScheduledEvent",
        EXECUTION,
        r#""EventType":4,"Name":"Charge","Version":"","Input":"[5]","Tags":null"#,
    )
    .replace(r#""EventId":-1"#, r#""EventId":6"#);
    assert_snapshot!(format!("{:?}", decode(&text).unwrap()), @r#"Activity { task: ActivityTask { instance_id: "order-1", execution_id: 4b7c0a52d1e94d0fa9d1f6d0d0b5a1ce, task: TaskId(6), attempt: 1, name: "Charge", input: Some("[5]"), trace_context: None }, component: None }"#);
}

#[test]
fn a_pointer_to_a_blob_is_read() {
    let text = r#"{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"00000000-0000-0000-0000-000000000000",
        "TaskMessage":null,"CompressedBlobName":"order-1/message-a-EventRaised.json.gz","SequenceNumber":0,"Sender":null}"#;
    let name = "order-1/message-a-EventRaised.json.gz".to_owned();
    assert_eq!(decode(text).unwrap(), Content::InBlob { name });
}

#[test]
fn an_event_delivered_again_has_the_same_key_and_another_event_has_not() {
    let raised = message("EventRaisedEvent", "null", r#""EventType":15,"Input":"true","Name":"approved""#);
    let key = |text: &str| match decode(text).unwrap() {
        Content::ToInstance { message: Message::RaiseEvent { key, .. }, .. } => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(key(&raised), key(&BASE64.encode(&raised)));
    assert_ne!(key(&raised), key(&raised.replace("7d1f6a52", "7d1f6a53")));
    // Without a name of its own, a message is recognised by its text.
    let nameless = raised.replace("7d1f6a52-0d3c-4f4e-9a3b-0e6f0f8f2b11", "00000000-0000-0000-0000-000000000000");
    assert_eq!(key(&nameless), key(&nameless));
    assert_ne!(key(&nameless), key(&nameless.replace("true", "false")));
}

#[test]
fn types_may_name_their_assembly_and_stand_anywhere() {
    let text = message("TimerFiredEvent, DurableTask.Core, Version=3.9.0.0", "null", r#""TimerId":4"#);
    let wake = Content::ToInstance {
        to: InstanceId::new("order-1").unwrap(),
        message: Message::Wake,
        replaces: Replaces::Unsaid,
    };
    assert_eq!(decode(&text).unwrap(), wake);
    let reordered: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut members: Vec<_> = reordered.as_object().unwrap().iter().collect();
    members.reverse();
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
    assert_eq!(decode(&format!("{{{}}}", members.join(","))).unwrap(), wake);
}
