use azure::Value;
use engine::arbitrary;
use insta::assert_snapshot;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::super::testing::{damage, explained, fetched, fits, merged, render, sized_payload, time};
use super::*;

fn full() -> Sentinel {
    Sentinel {
        execution_id: ExecutionId::from_bytes([0x11; 16]),
        is_complete: true,
        checkpoint_at: Timestamp::from_millis(1_782_900_000_123),
        commit: "c-1".into(),
        revision: 7,
        row_revision: 6,
        first_row: 1 << 40,
        last_event: Some(EventId(12)),
        status: RuntimeStatus::Running,
        component: Some(Digest::from_bytes([0x22; 32])),
        custom_status: Some("\"half\"".into()),
        wake_at: Some(Timestamp::from_millis(1_782_900_060_000)),
        armed_until: Some(Timestamp::from_millis(1_782_900_090_000)),
        has_open_activities: true,
        has_outbox: true,
        held: Some(HeldReason { code: "x".into(), message: "y".into(), since: Timestamp::from_millis(5) }),
        is_purging: true,
        taken_in: vec![[1; 16], [2; 16]],
    }
}

fn empty() -> Sentinel {
    Sentinel {
        last_event: None,
        component: None,
        custom_status: None,
        wake_at: None,
        armed_until: None,
        has_open_activities: false,
        has_outbox: false,
        held: None,
        is_purging: false,
        taken_in: Vec::new(),
        ..full()
    }
}

#[test]
fn sentinel_rows_never_change() {
    assert_snapshot!(render(&full().to_row("a", 0).entity), @r#"
    CheckpointCompletedTimestamp=@2026-07-01T10:00:00.123Z
    ExecutionId='11111111111111111111111111111111'
    IsCheckpointComplete=true
    RondoAbsent=''
    RondoArmedUntil='2026-07-01T10:01:30.000Z'
    RondoCommit='c-1'
    RondoComponent='2222222222222222222222222222222222222222222222222222222222222222'
    RondoCustomStatus='"half"'
    RondoFirstRow=1099511627776L
    RondoHasOpenActivities=true
    RondoHasOutbox=true
    RondoHeld='{"Code":"x","Message":"y","SinceMs":5}'
    RondoInBlobs=''
    RondoIsPurging=true
    RondoLastEvent=12L
    RondoRevision=7L
    RondoRowRevision=6L
    RondoStatus='Running'
    RondoTakenIn='AQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgICAgICAgI='
    RondoWakeAt='2026-07-01T10:01:00.000Z'
    "#);
    assert_snapshot!(render(&empty().to_row("a", 0).entity), @"
    CheckpointCompletedTimestamp=@2026-07-01T10:00:00.123Z
    ExecutionId='11111111111111111111111111111111'
    IsCheckpointComplete=true
    RondoAbsent='RondoCustomStatus'
    RondoArmedUntil=''
    RondoCommit='c-1'
    RondoComponent=''
    RondoCustomStatus=''
    RondoFirstRow=1099511627776L
    RondoHasOpenActivities=false
    RondoHasOutbox=false
    RondoHeld=''
    RondoInBlobs=''
    RondoIsPurging=false
    RondoLastEvent=0L
    RondoRevision=7L
    RondoRowRevision=6L
    RondoStatus='Running'
    RondoTakenIn=''
    RondoWakeAt=''
    ");
}

#[test]
fn row_keys_are_sixteen_upper_case_digits() {
    assert_eq!([0, 255, 1 << 40].map(row_key), ["0000000000000000", "00000000000000FF", "0000010000000000"]);
    assert_eq!(row_key(u64::MAX), "FFFFFFFFFFFFFFFF");
}

#[test]
fn a_sentinel_of_durabletask_is_told_apart() {
    let mut entity = Entity::new();
    entity.set("ExecutionId", Value::Text("0123456789abcdef0123456789abcdef".into()));
    entity.set("IsCheckpointComplete", Value::Bool(true));
    entity.set("CheckpointCompletedTimestamp", Value::Time(5));
    assert_eq!(explained(&Sentinel::from_entity(&entity).unwrap_err()), "RondoCommit is missing");
}

const COLUMNS: &[&str] = &[
    "ExecutionId",
    "CheckpointCompletedTimestamp",
    "RondoCommit",
    "RondoRevision",
    "RondoLastEvent",
    "RondoStatus",
    "RondoComponent",
    "RondoCustomStatus",
    "RondoWakeAt",
    "RondoHeld",
    "RondoTakenIn",
    "RondoAbsent",
    "RondoInBlobs",
];
const WORDS: &[&str] = &["", "null", "AAAA", "Running", "12", "2026-07-01T10:00:00Z", "RondoStatus,RondoHeld"];

fn any_sentinel() -> impl Strategy<Value = Sentinel> {
    let held =
        ("[a-z]{0,3}", "\\PC{0,5}", time()).prop_map(|(code, message, since)| HeldReason { code, message, since });
    let status = prop::sample::select(&RuntimeStatus::ALL);
    let taken_in = prop_oneof![9 => vec(any::<[u8; 16]>(), 0..4), 1 => vec(any::<[u8; 16]>(), 1_430..1_450)];
    let numbers = (any::<[u64; 3]>(), of(1..u64::MAX), "\\PC{0,5}", any::<[u8; 16]>());
    let times = (time(), of(time()), of(time()));
    let what = (status, of(any::<[u8; 32]>()), sized_payload(), of(held), taken_in, any::<[bool; 4]>());
    (numbers, times, what).prop_map(|(numbers, (checkpoint_at, wake_at, armed_until), what)| {
        let ([revision, row_revision, first_row], last_event, commit, execution_id) = numbers;
        let (status, component, custom_status, held, taken_in, flags) = what;
        let [is_complete, has_open_activities, has_outbox, is_purging] = flags;
        Sentinel {
            execution_id: ExecutionId::from_bytes(execution_id),
            is_complete,
            checkpoint_at,
            commit,
            revision,
            row_revision,
            first_row,
            last_event: last_event.map(EventId),
            status,
            component: component.map(Digest::from_bytes),
            custom_status,
            wake_at,
            armed_until,
            has_open_activities,
            has_outbox,
            held,
            is_purging,
            taken_in,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_merged_sentinel_comes_back_and_nothing_old_does(old in any_sentinel(), new in any_sentinel()) {
        let mut row = new.to_row("a^0", 42);
        prop_assert!(fits(&row.entity));
        row.entity = merged(&old.to_row("a^0", 41).entity, &row.entity);
        prop_assert_eq!(Sentinel::from_entity(&fetched(&row)).unwrap(), new);
    }

    #[test]
    fn no_row_makes_reading_panic(old in any_sentinel(), damage in damage(COLUMNS, WORDS)) {
        let _ = Sentinel::from_entity(&merged(&old.to_row("a", 0).entity, &Entity(damage)));
    }

    #[test]
    fn a_payload_is_told_from_none(custom_status in arbitrary::payload()) {
        let sentinel = Sentinel { custom_status, ..empty() };
        prop_assert_eq!(Sentinel::from_entity(&sentinel.to_row("a", 0).entity).unwrap(), sentinel);
    }
}
