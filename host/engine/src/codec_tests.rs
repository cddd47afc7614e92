//! The stored form of events and messages, byte by byte. A change here breaks every stored history.

use std::fmt::Write as _;

use insta::assert_snapshot;
use minicbor::{Decode, Encode};

use crate::bytes::hex;
use crate::text::{parse_history, parse_messages};
use crate::{EventKind, Message};

fn round_trip<T>(value: &T) -> String
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    let bytes = minicbor::to_vec(value).unwrap();
    assert_eq!(minicbor::decode::<T>(&bytes).unwrap(), *value);
    hex(&bytes)
}

fn events(text: &str) -> String {
    parse_history(text).unwrap().into_iter().fold(String::new(), |mut text, event| {
        writeln!(text, "{}\n    {}", event.kind, round_trip::<EventKind>(&event.kind)).unwrap();
        text
    })
}

fn messages(text: &str) -> String {
    parse_messages(text).unwrap().into_iter().fold(String::new(), |mut text, message| {
        writeln!(text, "{message}\n    {}", round_trip::<Message>(&message)).unwrap();
        text
    })
}

const STARTED: &str = "execution=7 name=order version=v1 input='5' tags=a:b,c:d parent=p parent_execution=9 \
    parent_name=main parent_task=3 parent_attempt=2 scheduled_start=5s created_at=1s \
    component=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff generation=4 \
    trace_parent=00-1-2-01 trace_state='x=y'";

#[test]
fn the_life_of_an_execution() {
    assert_snapshot!(
        events(&format!(
            "orchestrator_started | orchestrator_completed | execution_started name=order | execution_started {STARTED}
             execution_completed output='1' | execution_completed
             execution_failed kind=k message=m details='d' non_retriable
             execution_terminated reason='r' recurse | execution_suspended reason='r' | execution_resumed
             execution_rewound reason='r' voided=10,300 | execution_rewound reason='r' from=300
             execution_started name=order generation=1 first_execution=9 left_children=ship-1:8"
        )),
        @"
    orchestrator_started
        820080
    orchestrator_completed
        820180
    execution_started name=order
        8202818a5000000000000000000000000000000000656f72646572f6f6a0f6f600f600
    execution_started execution=7 name=order version=v1 input='5' tags=a:b,c:d parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2 scheduled_start=5s created_at=1s component=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff generation=4 trace_parent=00-1-2-01 trace_state='x=y'
        8202818b5000000000000000000000000000000007656f726465726276316135a261616162616361648561705000000000000000000000000000000009646d61696e03021913881903e8582000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff04826930302d312d322d303163783d79
    execution_completed output='1'
        8203816131
    execution_completed
        820380
    execution_failed kind=k message='m' details='d' non_retriable
        82048184616b616d6164f5
    execution_terminated reason='r' recurse
        8205826172f5
    execution_suspended reason='r'
        8206816172
    execution_resumed
        820780
    execution_rewound reason='r' voided=10,300
        8208826172820a19012c
    execution_rewound reason='r' from=300
        82088361728019012c
    execution_started name=order generation=1 first_execution=00000000000000000000000000000009 left_children=ship-1:00000000000000000000000000000008
        8202818f5000000000000000000000000000000000656f72646572f6f6a0f6f600f601f6f6005000000000000000000000000000000009818266736869702d315000000000000000000000000000000008
    "
    );
}

#[test]
fn activities() {
    assert_snapshot!(
        events(
            "task_scheduled task=0 name=charge
             task_scheduled task=1 name=charge input='5' attempts=3 first_interval=1s backoff=1.5 max_interval=9s \
                retry_timeout=60s except=a,b
             task_attempt_failed task=1 attempt=2 kind=k message=m retry_at=9s
             task_completed task=1 output='ok'
             task_failed task=1 kind=k message=m
             task_canceled task=1"
        ),
        @"
    task_scheduled task=0 name=charge
        8209820066636861726765
    task_scheduled task=1 name=charge input='5' attempts=3 first_interval=1s backoff=1.5 max_interval=9s retry_timeout=60s except=a,b
        8209840166636861726765613586031903e8fb3ff800000000000019232819ea608261616162
    task_attempt_failed task=1 attempt=2 kind=k message='m' retry_at=9s
        820a84010284616b616df6f4192328
    task_completed task=1 output='ok'
        820b8201626f6b
    task_failed task=1 kind=k message='m'
        820c820184616b616df6f4
    task_canceled task=1
        820d8101
    "
    );
}

#[test]
fn timers() {
    assert_snapshot!(events("timer_created task=70000 fire_at=1700000000000ms | timer_fired task=70000"), @"
    timer_created task=70000 fire_at=1700000000s
        820e821a000111701b0000018bcfe56800
    timer_fired task=70000
        820f811a00011170
    ");
}

#[test]
fn children() {
    assert_snapshot!(
        events(
            "sub_orchestration_created task=0 name=ship instance=ship-1
             sub_orchestration_created task=1 name=ship instance=ship-1 version=v1 input='5' tags=a:b attempts=2 detached
             sub_orchestration_attempt_failed task=0 attempt=1 kind=k message=m retry_at=9s
             sub_orchestration_completed task=0 output='ok'
             sub_orchestration_failed task=0 kind=k message=m
             sub_orchestration_failed task=0 kind=k message=m ending=4294967297"
        ),
        @"
    sub_orchestration_created task=0 name=ship instance=ship-1
        82108800647368697066736869702d31f6f6a0f6f4
    sub_orchestration_created task=1 name=ship instance=ship-1 version=v1 input='5' tags=a:b attempts=2 first_interval=0s backoff=1 detached
        82108801647368697066736869702d316276316135a161616162860200fb3ff0000000000000f6f680f5
    sub_orchestration_attempt_failed task=0 attempt=1 kind=k message='m' retry_at=9s
        821184000184616b616df6f4192328
    sub_orchestration_completed task=0 output='ok'
        82128200626f6b
    sub_orchestration_failed task=0 kind=k message='m'
        8213820084616b616df6f4
    sub_orchestration_failed task=0 kind=k message='m' ending=4294967297
        8213830084616b616df6f41b0000000100000001
    "
    );
}

#[test]
fn external_events() {
    assert_snapshot!(
        events(
            "event_awaited task=0 name=go
             event_raised name=go data='1' key=00112233445566778899aabbccddeeff
             event_sent task=1 instance=order-2 name=go data='1'"
        ),
        @"
    event_awaited task=0 name=go
        8214820062676f
    event_raised name=go data='1' key=00112233445566778899aabbccddeeff
        82158362676f61315000112233445566778899aabbccddeeff
    event_sent task=1 instance=order-2 name=go data='1'
        82168401676f726465722d3262676f6131
    "
    );
}

#[test]
fn messages_to_an_instance() {
    assert_snapshot!(
        messages(&format!(
            "start {STARTED}
             task_completed execution=7 task=1 attempt=2 output='ok'
             task_failed execution=7 task=1 attempt=2 kind=k message=m
             child_completed execution=7 task=1 attempt=2 output='ok'
             child_failed execution=7 task=1 attempt=2 kind=k message=m
             raise_event name=go data='1' key=1
             terminate reason='r' recurse execution=7
             terminate
             suspend reason='r' | resume reason='r' | rewind reason='r' | rewind to_event=7 | wake
             child_failed execution=7 task=1 kind=k message=m ending=4294967297
             raise_event name=go key=1 execution=7 | suspend execution=7 | resume execution=7
             rewind execution=7 parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2 only_asks
             rewind execution=7 parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2"
        )),
        @"
    start execution=7 name=order version=v1 input='5' tags=a:b,c:d parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2 scheduled_start=5s created_at=1s component=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff generation=4 trace_parent=00-1-2-01 trace_state='x=y'
        8200818b5000000000000000000000000000000007656f726465726276316135a261616162616361648561705000000000000000000000000000000009646d61696e03021913881903e8582000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff04826930302d312d322d303163783d79
    task_completed execution=7 task=1 attempt=2 output='ok'
        82018450000000000000000000000000000000070102626f6b
    task_failed execution=7 task=1 attempt=2 kind=k message='m'
        8202845000000000000000000000000000000007010284616b616df6f4
    child_completed execution=7 task=1 attempt=2 output='ok'
        82038450000000000000000000000000000000070102626f6b
    child_failed execution=7 task=1 attempt=2 kind=k message='m'
        8204845000000000000000000000000000000007010284616b616df6f4
    raise_event name=go data='1' key=1
        82058362676f61315000000000000000000000000000000001
    terminate reason='r' recurse execution=00000000000000000000000000000007
        8206836172f55000000000000000000000000000000007
    terminate
        820682f6f4
    suspend reason='r'
        8207816172
    resume reason='r'
        8208816172
    rewind reason='r'
        8209816172
    rewind to_event=7
        820986f6f6f6f6f607
    wake
        820a80
    child_failed execution=7 task=1 attempt=1 kind=k message='m' ending=4294967297
        8204855000000000000000000000000000000007010184616b616df6f41b0000000100000001
    raise_event name=go key=1 execution=00000000000000000000000000000007
        82058462676ff650000000000000000000000000000000015000000000000000000000000000000007
    suspend execution=00000000000000000000000000000007
        820782f65000000000000000000000000000000007
    resume execution=00000000000000000000000000000007
        820882f65000000000000000000000000000000007
    rewind execution=00000000000000000000000000000007 parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2 only_asks
        820983f65000000000000000000000000000000007828561705000000000000000000000000000000009646d61696e0302f5
    rewind execution=00000000000000000000000000000007 parent=p parent_execution=9 parent_name=main parent_task=3 parent_attempt=2
        820983f65000000000000000000000000000000007828561705000000000000000000000000000000009646d61696e0302f4
    "
    );
}

proptest::proptest! {
    #[test]
    fn every_event_round_trips(kind in crate::arbitrary::event()) {
        round_trip(&kind);
    }

    #[test]
    fn every_message_round_trips(message in crate::arbitrary::message()) {
        round_trip(&message);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
        let _ = (minicbor::decode::<EventKind>(&bytes), minicbor::decode::<Message>(&bytes));
    }
}
