use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine::{
    Digest, EngineRevision, EventKey, ExecutionId, ExecutionStarted, Failure, InstanceId, Parent, Payload, RetryPolicy,
    TaskId,
};
use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn event(id: u64, at_ms: u64, kind: EventKind) -> HistoryEvent {
    HistoryEvent { id: EventId(id), at: Timestamp::from_millis(at_ms), kind }
}

fn started() -> ExecutionStarted {
    ExecutionStarted {
        execution_id: ExecutionId::from_bytes([1; 16]),
        name: "Order".to_owned(),
        version: Some("2".to_owned()),
        input: Some(Payload::from("{}")),
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        parent: Some(Parent {
            instance_id: InstanceId::new("p").unwrap(),
            execution_id: ExecutionId::from_bytes([2; 16]),
            name: "Main".to_owned(),
            task: TaskId(3),
            attempt: 1,
        }),
        scheduled_start: None,
        created_at: Timestamp::from_millis(1_700_000_000_000),
        component: Some(Digest::from_bytes([3; 32])),
        generation: 0,
        trace_context: None,
        earlier_events: None,
        engine_revision: EngineRevision::OLDEST,
        first_execution: None,
        left_children: None,
    }
}

fn first_turn() -> Vec<HistoryEvent> {
    let retry = RetryPolicy {
        max_attempts: 3,
        first_interval_ms: 1_000,
        backoff_coefficient: 2.0,
        max_interval_ms: None,
        retry_timeout_ms: None,
        non_retriable_kinds: vec!["fatal".to_owned()],
    };
    vec![
        event(1, 1_700_000_000_123, EventKind::OrchestratorStarted),
        event(2, 1_700_000_000_123, EventKind::ExecutionStarted(Box::new(started()))),
        event(
            3,
            1_700_000_000_123,
            EventKind::TaskScheduled {
                task: TaskId(0),
                name: "Pay".to_owned(),
                input: Some(Payload::from("7")),
                retry: Some(retry),
            },
        ),
        event(4, 1_700_000_000_124, EventKind::OrchestratorCompleted),
    ]
}

#[test]
fn the_layout_of_batches_never_changes() {
    let golden = concat!(
        "01011b0000018bcfe5687b8800820080008202818a5001010101010101010101010101010101654f726465726132627b",
        "7da1616161628561705002020202020202020202020202020202644d61696e0301f61b0000018bcfe568005820030303",
        "030303030303030303030303030303030303030303030303030303030300008209840063506179613786031903e8fb40",
        "00000000000000f6f68165666174616c01820180",
    );
    assert_eq!(hex(&encode_events(&first_turn()).unwrap()), golden);
}

#[test]
fn the_layout_of_a_later_generation_never_changes() {
    let keys = [[4; 16], [5; 16]].map(EventKey::from_bytes);
    let started = ExecutionStarted { generation: 1, earlier_events: Some(keys.to_vec()), ..started() };
    let golden = concat!(
        "01010082008202818c5001010101010101010101010101010101654f726465726132627b7da161616162856170500202",
        "0202020202020202020202020202644d61696e0301f61b0000018bcfe568005820030303030303030303030303030303",
        "030303030303030303030303030303030301f68250040404040404040404040404040404045005050505050505050505",
        "050505050505",
    );
    assert_eq!(hex(&encode_events(&[event(1, 0, EventKind::ExecutionStarted(Box::new(started)))]).unwrap()), golden);
}

#[test]
fn the_layout_of_an_engine_revision_never_changes() {
    let started = ExecutionStarted { engine_revision: EngineRevision(1), ..started() };
    let golden = concat!(
        "01010082008202818d5001010101010101010101010101010101654f726465726132627b7da161616162856170500202",
        "0202020202020202020202020202644d61696e0301f61b0000018bcfe568005820030303030303030303030303030303",
        "030303030303030303030303030303030300f6f601",
    );
    let event = event(1, 0, EventKind::ExecutionStarted(Box::new(started)));
    let bytes = encode_events(std::slice::from_ref(&event)).unwrap();
    assert_eq!(hex(&bytes), golden);
    assert_eq!(decode_events(&bytes).unwrap(), [event]);
}

#[test]
fn the_layout_of_messages_never_changes() {
    let execution_id = ExecutionId::from_bytes([1; 16]);
    let failure = Failure { details: Some(Payload::from("d")), ..Failure::new("k", "m").non_retriable() };
    let key = EventKey::from_bytes([4; 16]);
    let text = |text: &str| Some(Payload::from(text));
    let golden: [(Message, &str); 11] = [
        (
            Message::Start(Box::new(started())),
            concat!(
                "018200818a5001010101010101010101010101010101654f726465726132627b7da16161616285617050020202020202",
                "02020202020202020202644d61696e0301f61b0000018bcfe56800582003030303030303030303030303030303030303",
                "0303030303030303030303030300",
            ),
        ),
        (
            Message::TaskCompleted { execution_id, task: TaskId(1), attempt: 2, output: text("o") },
            "0182018450010101010101010101010101010101010102616f",
        ),
        (
            Message::TaskFailed { execution_id, task: TaskId(1), attempt: 2, failure: failure.clone() },
            "018202845001010101010101010101010101010101010284616b616d6164f5",
        ),
        (
            Message::ChildCompleted { execution_id, task: TaskId(1), attempt: 2, output: None },
            "0182038350010101010101010101010101010101010102",
        ),
        (
            Message::ChildFailed { execution_id, task: TaskId(1), attempt: 2, failure, ending: None },
            "018204845001010101010101010101010101010101010284616b616d6164f5",
        ),
        (
            Message::RaiseEvent { name: "go".to_owned(), data: text("1"), key, execution_id: None },
            "0182058362676f61315004040404040404040404040404040404",
        ),
        (
            Message::Terminate { reason: text("r"), recurse: true, execution_id: Some(execution_id) },
            "018206836172f55001010101010101010101010101010101",
        ),
        (Message::Suspend { reason: None, execution_id: None }, "01820780"),
        (Message::Resume { reason: text("r"), execution_id: None }, "018208816172"),
        (Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }, "01820980"),
        (Message::Wake, "01820a80"),
    ];
    for (message, expected) in golden {
        let bytes = encode_message(&message);
        assert_eq!(hex(&bytes), expected, "{message:?}");
        assert_eq!(decode_message(&bytes).unwrap(), message);
    }
}

#[test]
fn a_batch_round_trips_with_its_positions_and_times() {
    let mut events = first_turn();
    for event in &mut events {
        event.id.0 += 1_000;
    }
    events[3].at = Timestamp::from_millis(5);
    assert_eq!(decode_events(&encode_events(&events).unwrap()).unwrap(), events);
}

#[test]
fn a_batch_with_a_gap_is_not_encoded() {
    let mut events = first_turn();
    events.remove(1);
    let gap = EncodeError::NotDense { before: EventId(1), found: EventId(3) };
    assert_eq!(encode_events(&events), Err(gap));
    assert_eq!(encode_events(&[]), Err(EncodeError::Empty));
}

#[test]
fn every_cut_is_noticed() {
    let bytes = encode_events(&first_turn()).unwrap();
    for length in 0..bytes.len() {
        assert!(matches!(decode_events(&bytes[..length]), Err(DecodeError::Truncated)), "at {length}");
    }
    let bytes = encode_message(&Message::Start(Box::new(started())));
    for length in 0..bytes.len() {
        assert!(matches!(decode_message(&bytes[..length]), Err(DecodeError::Truncated)), "at {length}");
    }
}

#[test]
fn trailing_bytes_and_other_versions_are_refused() {
    for bytes in
        [encode_events(&first_turn()).unwrap(), encode_message(&Message::Suspend { reason: None, execution_id: None })]
    {
        let is_batch = bytes.len() > 10;
        let decode = |bytes: &[u8]| {
            if is_batch { decode_events(bytes).map(drop) } else { decode_message(bytes).map(drop) }
        };
        let longer = [bytes.as_slice(), &[0, 0]].concat();
        assert!(matches!(decode(&longer), Err(DecodeError::TrailingBytes { count: 2 })));
        let newer = [&[2], &bytes[1..]].concat();
        assert!(matches!(decode(&newer), Err(DecodeError::UnknownVersion { found: 2 })));
    }
}

#[test]
fn a_batch_that_claims_more_events_than_it_has_costs_no_memory() {
    let claims = [VERSION, 1, 1, 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
    assert!(matches!(decode_events(&claims), Err(DecodeError::Truncated)));
    let overflows = [VERSION, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0x84];
    assert!(matches!(decode_events(&overflows), Err(DecodeError::Malformed(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_events(&bytes);
        let _ = decode_message(&bytes);
        let versioned = [&[VERSION], bytes.as_slice()].concat();
        let _ = decode_events(&versioned);
        let _ = decode_message(&versioned);
    }

    #[test]
    fn a_damaged_batch_is_read_or_refused(position in 0_usize..300, value in any::<u8>()) {
        let mut bytes = encode_events(&first_turn()).unwrap();
        let position = position % bytes.len();
        bytes[position] = value;
        let _ = decode_events(&bytes);
    }

    #[test]
    fn any_times_and_payloads_round_trip(
        first_id in 1_u64..u64::MAX / 2,
        events in proptest::collection::vec((any::<u64>(), any::<u32>(), proptest::option::of(".*")), 1..20),
    ) {
        let events: Vec<_> = events
            .into_iter()
            .zip(first_id..)
            .map(|((at, task, output), id)| {
                event(id, at, EventKind::TaskCompleted { task: TaskId(task), output: output.map(Payload::from) })
            })
            .collect();
        prop_assert_eq!(decode_events(&encode_events(&events).unwrap()).unwrap(), events);
    }
}
