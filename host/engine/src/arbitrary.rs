//! Every event and message that a test could think of.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::{
    Asker, Digest, EngineRevision, EventId, EventKey, EventKind, ExecutionId, ExecutionStarted, Failure, InstanceId,
    LeftChild, Message, Parent, Payload, RetryPolicy, TaskId, Timestamp,
};

/// Texts with everything that a quoting rule could stumble over.
fn text() -> impl Strategy<Value = String> {
    "[a-z ]{0,4}['\\\\|=,:\n\r\t\u{0}\u{7f}ü🦀]{0,3}[a-z'\"]{0,3}"
}

/// A payload or none.
pub fn payload() -> impl Strategy<Value = Option<Payload>> {
    of(text().prop_map(Payload::from))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("A".to_owned()), Just("b".to_owned()), text()]
}

fn instance() -> impl Strategy<Value = InstanceId> {
    "[a-z][a-z0-9 :'/]{0,5}".prop_map(|text| InstanceId::new(&text).expect("such a text is an id"))
}

fn bytes16() -> impl Strategy<Value = [u8; 16]> {
    prop_oneof![
        3 => (0..4_u128).prop_map(u128::to_be_bytes),
        1 => any::<[u8; 16]>(),
    ]
}

fn execution_id() -> impl Strategy<Value = ExecutionId> {
    bytes16().prop_map(ExecutionId::from_bytes)
}

fn left_children() -> impl Strategy<Value = Option<Vec<LeftChild>>> {
    let child = (instance(), execution_id());
    let child = child.prop_map(|(instance_id, execution_id)| LeftChild { instance_id, execution_id });
    of(prop::collection::vec(child, 1..4))
}

fn ending() -> impl Strategy<Value = u64> {
    0..=Message::GONE
}

fn key() -> impl Strategy<Value = EventKey> {
    bytes16().prop_map(EventKey::from_bytes)
}

fn task() -> impl Strategy<Value = TaskId> {
    prop_oneof![9 => 0..4_u32, 1 => any::<u32>()].prop_map(TaskId)
}

fn attempt() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 1..3_u32, 1 => any::<u32>()]
}

/// A time: most often a small one, else any.
pub fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![4 => (0..5_u64).prop_map(|s| s * 1_000), 1 => any::<u64>()].prop_map(Timestamp::from_millis)
}

fn ms() -> impl Strategy<Value = u64> {
    prop_oneof![4 => (0..5_u64).prop_map(|s| s * 500), 1 => any::<u64>()]
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3)
}

/// A failure.
pub fn failure() -> impl Strategy<Value = Failure> {
    (name(), text(), payload(), any::<bool>()).prop_map(|(kind, message, details, non_retriable)| Failure {
        kind,
        message,
        details,
        non_retriable,
    })
}

fn retry() -> impl Strategy<Value = Option<RetryPolicy>> {
    let coefficient = prop_oneof![Just(1.0), Just(2.5), proptest::num::f64::NORMAL, Just(f64::INFINITY)];
    let policy = (attempt(), ms(), coefficient, of(ms()), of(ms()), vec(name(), 0..3)).prop_map(
        |(
            max_attempts,
            first_interval_ms,
            backoff_coefficient,
            max_interval_ms,
            retry_timeout_ms,
            non_retriable_kinds,
        )| RetryPolicy {
            max_attempts,
            first_interval_ms,
            backoff_coefficient,
            max_interval_ms,
            retry_timeout_ms,
            non_retriable_kinds,
        },
    );
    of(policy)
}

fn parent() -> impl Strategy<Value = Parent> {
    (instance(), execution_id(), name(), task(), attempt()).prop_map(
        |(instance_id, execution_id, name, task, attempt)| Parent { instance_id, execution_id, name, task, attempt },
    )
}

fn engine_revision() -> impl Strategy<Value = EngineRevision> {
    (0..=EngineRevision::NEWEST.0).prop_map(EngineRevision)
}

/// How an execution began.
pub fn started() -> BoxedStrategy<ExecutionStarted> {
    let what = (execution_id(), name(), of(text()), payload(), tags());
    let how = (of(parent()), of(time()), time(), of(any::<[u8; 32]>()), 0..3_u32, of((text(), text())));
    (what, how)
        .prop_map(|((execution_id, name, version, input, tags), how)| {
            let (parent, scheduled_start, created_at, component, generation, trace_context) = how;
            let component = component.map(Digest::from_bytes);
            ExecutionStarted {
                execution_id,
                name,
                version,
                input,
                tags,
                parent,
                scheduled_start,
                created_at,
                component,
                generation,
                trace_context,
                earlier_events: None,
                engine_revision: EngineRevision::OLDEST,
                first_execution: None,
                left_children: None,
            }
        })
        .boxed()
}

/// Something that happened, of any kind but the start.
pub fn fact() -> BoxedStrategy<EventKind> {
    Union::new([
        (payload(), any::<bool>())
            .prop_map(|(reason, recurse)| EventKind::ExecutionTerminated { reason, recurse })
            .boxed(),
        payload().prop_map(|reason| EventKind::ExecutionSuspended { reason }).boxed(),
        payload().prop_map(|reason| EventKind::ExecutionResumed { reason }).boxed(),
        (payload(), vec((0..20_u64).prop_map(EventId), 0..4), of((0..20_u64).prop_map(EventId)))
            .prop_map(|(reason, voided, from)| EventKind::ExecutionRewound { reason, voided, from })
            .boxed(),
        (task(), attempt(), failure(), time())
            .prop_map(|(task, attempt, failure, retry_at)| EventKind::TaskAttemptFailed {
                task,
                attempt,
                failure,
                retry_at,
            })
            .boxed(),
        (task(), payload()).prop_map(|(task, output)| EventKind::TaskCompleted { task, output }).boxed(),
        (task(), failure()).prop_map(|(task, failure)| EventKind::TaskFailed { task, failure }).boxed(),
        task().prop_map(|task| EventKind::TimerFired { task }).boxed(),
        (task(), attempt(), failure(), time())
            .prop_map(|(task, attempt, failure, retry_at)| EventKind::SubOrchestrationAttemptFailed {
                task,
                attempt,
                failure,
                retry_at,
            })
            .boxed(),
        (task(), payload()).prop_map(|(task, output)| EventKind::SubOrchestrationCompleted { task, output }).boxed(),
        (task(), failure(), of(ending()))
            .prop_map(|(task, failure, ending)| EventKind::SubOrchestrationFailed { task, failure, ending })
            .boxed(),
        (name(), payload(), key()).prop_map(|(name, data, key)| EventKind::EventRaised { name, data, key }).boxed(),
    ])
    .boxed()
}

/// A decision of any kind.
pub fn decision() -> BoxedStrategy<EventKind> {
    Union::new([
        payload().prop_map(|output| EventKind::ExecutionCompleted { output }).boxed(),
        failure().prop_map(|failure| EventKind::ExecutionFailed { failure }).boxed(),
        task().prop_map(|task| EventKind::TaskCanceled { task }).boxed(),
        (task(), name(), payload(), retry())
            .prop_map(|(task, name, input, retry)| EventKind::TaskScheduled { task, name, input, retry })
            .boxed(),
        (task(), time()).prop_map(|(task, fire_at)| EventKind::TimerCreated { task, fire_at }).boxed(),
        (task(), (name(), instance(), of(text()), payload()), (tags(), retry(), any::<bool>()))
            .prop_map(|(task, (name, instance_id, version, input), (tags, retry, detached))| {
                EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached }
            })
            .boxed(),
        (task(), name()).prop_map(|(task, name)| EventKind::EventAwaited { task, name }).boxed(),
        (task(), instance(), name(), payload())
            .prop_map(|(task, instance_id, name, data)| EventKind::EventSent { task, instance_id, name, data })
            .boxed(),
    ])
    .boxed()
}

/// An event of any kind.
pub fn event() -> BoxedStrategy<EventKind> {
    prop_oneof![
        1 => Just(EventKind::OrchestratorStarted),
        1 => Just(EventKind::OrchestratorCompleted),
        1 => (started(), of(prop::collection::vec(key(), 1..4)), engine_revision(), of(execution_id()), left_children()).prop_map(
            |(started, earlier_events, engine_revision, first_execution, left_children)| {
                let generations = ExecutionStarted { earlier_events, first_execution, left_children, ..started };
                EventKind::ExecutionStarted(Box::new(ExecutionStarted { engine_revision, ..generations }))
            }
        ),
        6 => fact(),
        6 => decision(),
    ]
    .boxed()
}

/// A message of any kind.
pub fn message() -> BoxedStrategy<Message> {
    let result = || (execution_id(), task(), attempt());
    Union::new([
        started().prop_map(|started| Message::Start(Box::new(started))).boxed(),
        (result(), payload())
            .prop_map(|((execution_id, task, attempt), output)| Message::TaskCompleted {
                execution_id,
                task,
                attempt,
                output,
            })
            .boxed(),
        (result(), failure())
            .prop_map(|((execution_id, task, attempt), failure)| Message::TaskFailed {
                execution_id,
                task,
                attempt,
                failure,
            })
            .boxed(),
        (result(), payload())
            .prop_map(|((execution_id, task, attempt), output)| Message::ChildCompleted {
                execution_id,
                task,
                attempt,
                output,
            })
            .boxed(),
        (result(), failure(), of(ending()))
            .prop_map(|((execution_id, task, attempt), failure, ending)| Message::ChildFailed {
                execution_id,
                task,
                attempt,
                failure,
                ending,
            })
            .boxed(),
        (name(), payload(), key(), of(execution_id()))
            .prop_map(|(name, data, key, execution_id)| Message::RaiseEvent { name, data, key, execution_id })
            .boxed(),
        (payload(), any::<bool>(), of(execution_id()))
            .prop_map(|(reason, recurse, execution_id)| Message::Terminate { reason, recurse, execution_id })
            .boxed(),
        (payload(), of(execution_id()))
            .prop_map(|(reason, execution_id)| Message::Suspend { reason, execution_id })
            .boxed(),
        (payload(), of(execution_id()))
            .prop_map(|(reason, execution_id)| Message::Resume { reason, execution_id })
            .boxed(),
        (payload(), of(execution_id()), of((parent(), any::<bool>())), of(any::<u64>().prop_map(EventId)))
            .prop_map(|(reason, execution_id, asker, to_event)| {
                let asker = asker.map(|(parent, only_asks)| Box::new(Asker { parent, only_asks }));
                Message::Rewind { reason, execution_id, asker, to_event }
            })
            .boxed(),
        Just(Message::Wake).boxed(),
    ])
    .boxed()
}
