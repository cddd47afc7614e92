use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::text::parse_messages;
use engine::{ActivityTask, EventKey, TaskId, TraceContext, arbitrary};
use insta::assert_snapshot;
use proptest::option::of;
use proptest::prelude::*;

use super::super::limits::MESSAGE_BYTES_MAX;
use super::super::testing::{explained, instance_id, json_value, sized_payload, time};
use super::super::{LayoutError, overflow};
use super::*;

mod durabletask;

fn header() -> Header<'static> {
    Header { activity_id: [0xab; 16], sequence: 17, sender: None, at: Timestamp::from_millis(1_782_900_000_123) }
}

fn to(message: Message, replaces: Replaces) -> Content {
    Content::ToInstance { to: InstanceId::new("order/1").unwrap(), message, replaces }
}

fn raise(data: String) -> Content {
    let key = EventKey::from_bytes([7; 16]);
    to(Message::RaiseEvent { name: "e".into(), data: Some(data.into()), key, execution_id: None }, Replaces::Unsaid)
}

fn activity(component: Option<Digest>) -> Content {
    let task = ActivityTask {
        instance_id: InstanceId::new("order/1").unwrap(),
        execution_id: ExecutionId::from_bytes([0x11; 16]),
        task: TaskId(3),
        attempt: 2,
        name: "charge".into(),
        input: Some("[5]".into()),
        trace_context: TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"),
    };
    Content::Activity { task, component }
}

/// Every kind at least once.
const GOLDEN: &str = r#"
start execution=11111111111111111111111111111111 name=order version=v1 input='{"a":1}' tags='$type':c,a:b parent=up parent_execution=22222222222222222222222222222222 parent_name=upper parent_task=3 parent_attempt=2 scheduled_start=1782900060s created_at=1782900000s component=3333333333333333333333333333333333333333333333333333333333333333 generation=7 trace_parent=00-1-2-01 trace_state=x
start execution=11111111111111111111111111111111 name=order
task_completed execution=11111111111111111111111111111111 task=0 attempt=2 output='"ok"'
task_failed execution=11111111111111111111111111111111 task=0 attempt=2 kind=declined message='no money' details='{"c":2}' non_retriable
child_completed execution=11111111111111111111111111111111 task=0 attempt=2
child_failed execution=11111111111111111111111111111111 task=0 attempt=2 kind=terminated message='was ended'
raise_event name=approved data='""' key=abababababababababababababababab
terminate reason='enough' recurse execution=11111111111111111111111111111111
terminate
suspend reason='lunch'
resume
rewind reason='again'
wake
child_failed execution=11111111111111111111111111111111 task=0 kind=declined message='no money' ending=4294967297
raise_event name=approved key=1 execution=11111111111111111111111111111111
suspend execution=11111111111111111111111111111111
resume execution=11111111111111111111111111111111
rewind execution=11111111111111111111111111111111 parent=up parent_execution=22222222222222222222222222222222 parent_name=upper parent_task=3 parent_attempt=2 only_asks
"#;

#[test]
fn messages_never_change() {
    let mut text = String::new();
    for message in parse_messages(GOLDEN.trim()).unwrap() {
        let encoded = encode(&to(message, Replaces::Unsaid), header());
        assert_eq!(encoded.blob, None);
        writeln!(text, "{}", encoded.text).unwrap();
    }
    assert_snapshot!(text, @r#"
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionStartedEvent","EventType":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"ParentInstance":{"$type":"DurableTask.Core.ParentInstance","Name":"upper","OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"TaskScheduleId":3,"Version":null,"RondoAttempt":2},"Name":"order","Version":"v1","Input":"{\"a\":1}","Tags":{"a":"b"},"ParentTraceContext":{"$type":"DurableTask.Core.Tracing.DistributedTraceContext","TraceParent":"00-1-2-01","TraceState":"x"},"ScheduledStartTime":"2026-07-01T10:01:00.000Z","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.000Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Component":"3333333333333333333333333333333333333333333333333333333333333333","Generation":7,"CreatedAtMs":1782900000000,"ScheduledStartMs":1782900060000,"Tags":{"$type":"c","a":"b"}}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionStartedEvent","EventType":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"Name":"order","EventId":-1,"IsPlayed":false,"Timestamp":"1970-01-01T00:00:00.000Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Generation":0,"CreatedAtMs":0}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TaskCompletedEvent","EventType":5,"TaskScheduledId":0,"Result":"\"ok\"","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":2}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TaskFailedEvent","EventType":6,"TaskScheduledId":0,"Reason":"no money","FailureDetails":{"$type":"DurableTask.Core.FailureDetails","ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":true,"Properties":{"RondoDetails":"{\"c\":2}"}},"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":2}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.SubOrchestrationInstanceCompletedEvent","EventType":8,"TaskScheduledId":0,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":2}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.SubOrchestrationInstanceFailedEvent","EventType":9,"TaskScheduledId":0,"Reason":"was ended","FailureDetails":{"$type":"DurableTask.Core.FailureDetails","ErrorType":"terminated","ErrorMessage":"was ended","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null},"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":2}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.EventRaisedEvent","EventType":15,"Name":"approved","Input":"\"\"","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"EventKey":"abababababababababababababababab"}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionTerminatedEvent","EventType":3,"Input":"enough","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Recurse":true,"Execution":"11111111111111111111111111111111"}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionTerminatedEvent","EventType":3,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionSuspendedEvent","EventType":19,"Reason":"lunch","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionResumedEvent","EventType":20,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionRewoundEvent","EventType":21,"Reason":"again","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TimerFiredEvent","EventType":11,"TimerId":-1,"FireAt":"2026-07-01T10:00:00.123Z","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.SubOrchestrationInstanceFailedEvent","EventType":9,"TaskScheduledId":0,"Reason":"no money","FailureDetails":{"$type":"DurableTask.Core.FailureDetails","ErrorType":"declined","ErrorMessage":"no money","StackTrace":null,"InnerFailure":null,"IsNonRetriable":false,"Properties":null},"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":1,"Ending":4294967297}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.EventRaisedEvent","EventType":15,"Name":"approved","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"EventKey":"00000000000000000000000000000001"}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionSuspendedEvent","EventType":19,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionResumedEvent","EventType":20,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{}}
    {"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.ExecutionRewoundEvent","EventType":21,"EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Asker":{"Name":"upper","OrchestrationInstance":{"InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"TaskScheduleId":3,"Version":null,"RondoAttempt":2},"OnlyAsks":true}}
    "#);
    assert_snapshot!(encode(&activity(Some(Digest::from_bytes([0x33; 32]))), header()).text, @r#"{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TaskScheduledEvent","EventType":4,"Name":"charge","Input":"[5]","ParentTraceContext":{"$type":"DurableTask.Core.Tracing.DistributedTraceContext","TraceParent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","TraceState":"a=1"},"EventId":3,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111"},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null,"Rondo":{"Attempt":2,"Component":"3333333333333333333333333333333333333333333333333333333333333333"}}"#);
}

#[test]
fn a_message_says_who_sent_it_and_what_it_replaces() {
    let sender = InstanceId::new("up").unwrap();
    let execution = ExecutionId::from_bytes([0x22; 16]);
    let header = Header { sender: Some((&sender, execution)), ..header() };
    assert_snapshot!(encode(&to(Message::Wake, Replaces::Nothing), header).text, @r#"{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TimerFiredEvent","EventType":11,"TimerId":-1,"FireAt":"2026-07-01T10:00:00.123Z","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"SerializableTraceContext":null,"Rondo":{"Replaces":""}}"#);
    assert_snapshot!(encode(&to(Message::Wake, Replaces::Execution(execution)), header).text, @r#"{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"abababab-abab-abab-abab-abababababab","TaskMessage":{"$type":"DurableTask.Core.TaskMessage","Event":{"$type":"DurableTask.Core.History.TimerFiredEvent","EventType":11,"TimerId":-1,"FireAt":"2026-07-01T10:00:00.123Z","EventId":-1,"IsPlayed":false,"Timestamp":"2026-07-01T10:00:00.123Z"},"SequenceNumber":0,"OrchestrationInstance":{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"order/1","ExecutionId":null},"OrchestrationExecutionContext":null},"CompressedBlobName":null,"SequenceNumber":17,"Sender":{"InstanceId":"up","ExecutionId":"22222222222222222222222222222222"},"SerializableTraceContext":null,"Rondo":{"Replaces":"22222222222222222222222222222222"}}"#);
    let shown = encode(&to(Message::Wake, Replaces::EndedShown), header).text;
    assert!(shown.ends_with(r#""Rondo":{"Replaces":"*","HasRow":true}}"#), "{shown}");
}

#[test]
fn a_long_message_moves_to_a_blob() {
    // What surrounds the data is a matter of the format; the bound is of the whole.
    let around = encode(&raise(String::new()), header()).text.len();
    let longest = encode(&raise("x".repeat(MESSAGE_BYTES_MAX - around)), header());
    assert_eq!((longest.text.len(), longest.blob), (MESSAGE_BYTES_MAX, None));

    let content = raise("x".repeat(MESSAGE_BYTES_MAX - around + 1));
    let Encoded { text, blob } = encode(&content, header());
    let blob = blob.unwrap();
    assert_snapshot!(text, @r#"{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"00000000-0000-0000-0000-000000000000","TaskMessage":null,"CompressedBlobName":"order^01/history-message-abababababababababababababababab-EventRaised.json.gz","SequenceNumber":17,"Sender":{"InstanceId":"","ExecutionId":""},"SerializableTraceContext":null}"#);
    assert_eq!(decode(&text).unwrap(), Content::InBlob { name: blob.name });
    assert_eq!(decode(&overflow::gunzip_text(&blob.bytes).unwrap()).unwrap(), content);
}

/// Earlier builds take an execution of the addressee for the only generation that is to be terminated.
#[test]
fn only_a_parent_names_the_execution_to_terminate_where_earlier_builds_look() {
    let execution_id = Some(ExecutionId::from_bytes([0x11; 16]));
    let message = Message::Terminate { reason: None, recurse: true, execution_id };
    let parent = InstanceId::new("up").unwrap();
    let sender = Some((&parent, ExecutionId::from_bytes([0x22; 16])));
    for (sender, is_in_addressee) in [(None, false), (sender, true)] {
        let content = to(message.clone(), Replaces::Unsaid);
        let text = encode(&content, Header { sender, ..header() }).text;
        let addressee = text.contains(r#""InstanceId":"order/1","ExecutionId":"11111111111111111111111111111111""#);
        assert_eq!((addressee, text.contains(r#""Execution":"#)), (is_in_addressee, !is_in_addressee), "{text}");
        assert_eq!(decode(&text).unwrap(), content);
    }
}

#[test]
fn a_message_may_be_in_base64() {
    let content = raise("ü".into());
    let text = encode(&content, header()).text;
    assert_eq!(decode(&BASE64.encode(&text)).unwrap(), content);
    assert_eq!(decode(&format!(" \n{text}\n")).unwrap(), content);
}

#[test]
fn a_message_without_a_form_of_its_own_is_kept_encoded() {
    let message = Message::Suspend { reason: Some("a".into()), execution_id: None };
    let (class, event, rondo) = encode::encoded_body(&message, shape::Event::default());
    let event = shape::Event { type_name: class.type_name.to_owned(), event_id: -1, ..event };
    let text = format!(
        r#"{{"TaskMessage":{{"Event":{},"OrchestrationInstance":{{"InstanceId":"order/1"}}}},"Rondo":{}}}"#,
        super::super::json::text(&event),
        super::super::json::text(&rondo),
    );
    assert_eq!(decode(&text).unwrap(), to(message, Replaces::Unsaid));
}

#[test]
fn messages_that_cannot_be_read_say_why() {
    let explain = |text: &str| explained(&decode(text).unwrap_err());
    assert_snapshot!(explain(""), @"a message is not the expected JSON: EOF while parsing a value at line 1 column 0");
    assert_snapshot!(explain("hello"), @"a message is malformed");
    assert_snapshot!(explain("{"), @"a message is not the expected JSON: EOF while parsing an object at line 1 column 1");
    assert_snapshot!(explain("{}"), @"TaskMessage is missing");
    let event = |instance: &str, event: &str| {
        explain(&format!(
            r#"{{"TaskMessage":{{"OrchestrationInstance":{instance},"Event":{{"EventId":-1,"$type":"DurableTask.Core.History.{event}}}}}}}"#
        ))
    };
    assert_snapshot!(event(r#"{"InstanceId":"a"}"#, r#"HistoryStateEvent""#), @r#"$type "DurableTask.Core.History.HistoryStateEvent" is unknown"#);
    assert_snapshot!(event(r#"{"InstanceId":"@counter@a"}"#, r#"TimerFiredEvent""#), @"the addressee is no id: an instance id must not begin with '@'");
    assert_snapshot!(event(r#"{"InstanceId":"a"}"#, r#"TaskCompletedEvent","TaskScheduledId":0"#), @"ExecutionId is missing");
    assert_snapshot!(event(r#"{"InstanceId":"a","ExecutionId":"x"}"#, r#"TaskCompletedEvent""#), @"TaskScheduledId is missing");
    assert_snapshot!(event(r#"{"InstanceId":"a","ExecutionId":"x"}"#, r#"TaskFailedEvent","TaskScheduledId":0"#), @"FailureDetails is missing");
    assert_snapshot!(event(r#"{"InstanceId":"a"}"#, r#"EventRaisedEvent""#), @"Name is missing");
    assert_snapshot!(event(r#"{"InstanceId":"a","ExecutionId":"x"}"#, r#"ExecutionStartedEvent","Name":"a""#), @"Timestamp is missing");
}

fn any_message() -> impl Strategy<Value = Message> {
    let large = (sized_payload(), any::<[u8; 16]>()).prop_map(|(data, key)| Message::RaiseEvent {
        name: "a".into(),
        data,
        key: EventKey::from_bytes(key),
        execution_id: None,
    });
    let dollars = arbitrary::started().prop_map(|mut started| {
        started.tags.insert("$type".into(), "x".into());
        Message::Start(Box::new(started))
    });
    prop_oneof![9 => arbitrary::message(), 1 => large, 1 => dollars]
}

fn any_content() -> impl Strategy<Value = Content> {
    let execution = any::<[u8; 16]>().prop_map(ExecutionId::from_bytes);
    let replaces = prop_oneof![
        Just(Replaces::Nothing),
        Just(Replaces::Ended),
        Just(Replaces::EndedShown),
        Just(Replaces::EndedAgain),
        Just(Replaces::Unsaid),
        execution.clone().prop_map(Replaces::Execution)
    ];
    let to_instance = (instance_id(), any_message(), replaces).prop_map(|(to, message, replaces)| match message {
        Message::Start(_) => Content::ToInstance { to, message, replaces },
        // Nothing else is sent with it.
        _ if replaces == Replaces::EndedAgain => Content::ToInstance { to, message, replaces: Replaces::Ended },
        _ => Content::ToInstance { to, message, replaces },
    });
    let task = (instance_id(), execution, any::<(u32, u32)>(), "\\PC{0,5}", sized_payload());
    let activity = (task, of(any::<[u8; 32]>())).prop_map(|(task, component)| {
        let (instance_id, execution_id, (task, attempt), name, input) = task;
        // Any valid one: none in a message is none.
        let trace_context = (attempt % 2 == 0).then(|| TraceContext {
            trace_id: [1; 16],
            span_id: u64::from(task).saturating_add(1).to_be_bytes(),
            flags: 1,
            state: input.is_some().then(|| "a=1".into()),
        });
        let task = ActivityTask { instance_id, execution_id, task: TaskId(task), attempt, name, input, trace_context };
        Content::Activity { task, component: component.map(Digest::from_bytes) }
    });
    let in_blob = "\\PC{1,9}".prop_map(|name| Content::InBlob { name });
    prop_oneof![6 => to_instance, 2 => activity, 1 => in_blob]
}

/// Whether XML can carry a text as it is, and nobody on the way would change it.
fn is_xml_safe(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

proptest! {
    #[test]
    fn every_message_comes_back(content in any_content(), at in time(), id in any::<[u8; 16]>()) {
        let sender = InstanceId::new("up").unwrap();
        let is_again = matches!(content, Content::ToInstance { replaces: Replaces::EndedAgain, .. });
        let sender = is_again.then_some((&sender, ExecutionId::from_bytes([0x22; 16])));
        let Encoded { text, blob } = encode(&content, Header { activity_id: id, at, sender, ..header() });
        prop_assert!(text.len() <= MESSAGE_BYTES_MAX);
        prop_assert!(is_xml_safe(&text), "{text}");
        prop_assert!(text.starts_with(r#"{"$type":"DurableTask.AzureStorage.MessageData""#), "{text}");
        let decoded = match blob {
            None => decode(&text).unwrap(),
            Some(blob) => {
                prop_assert_eq!(decode(&text).unwrap(), Content::InBlob { name: blob.name });
                decode(&overflow::gunzip_text(&blob.bytes).unwrap()).unwrap()
            }
        };
        prop_assert_eq!(decoded, content);
    }

    #[test]
    fn every_object_of_a_message_begins_with_its_type(message in any_message()) {
        let text = encode(&to(message, Replaces::Unsaid), header()).text;
        // As payloads are within texts, every such sequence opens an object that has a type, or is one of the rest.
        for (at, _) in text.match_indices(r#""$type":"#) {
            prop_assert!(text[..at].ends_with('{') || text[..at].contains("\"Rondo\":"), "{text}");
        }
    }

    #[test]
    fn no_json_makes_reading_panic(event in json_value(), instance in json_value(), rondo in json_value()) {
        for class in shape::CLASSES {
            let mut event = event.clone();
            if let Some(event) = event.as_object_mut() {
                event.insert("$type".into(), class.type_name.into());
                event.insert("EventId".into(), (-1).into());
            }
            let text = serde_json::json!({
                "TaskMessage": { "Event": event, "OrchestrationInstance": instance }, "Rondo": rondo,
            });
            let _ = decode(&text.to_string());
        }
    }

    #[test]
    fn a_damaged_message_makes_nothing_panic(content in any_content(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let text = encode(&content, header()).text;
        let at = text.floor_char_boundary(at.index(text.len()));
        let next = text[at..].chars().next().map_or(0, char::len_utf8);
        let damaged = format!("{}{with}{}", &text[..at], &text[at + next..]);
        for text in [&damaged, &text[..at], &BASE64.encode(&damaged)] {
            let _ = (decode(text), input_of_start(text));
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _ = (decode(&text), decode(&format!("{{{text}")), decode(&BASE64.encode(bytes)));
        let _: Result<_, LayoutError> = input_of_start(&text);
    }
}
