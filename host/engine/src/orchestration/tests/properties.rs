//! What holds for every history, and for every guest that is a function of its turns.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::arbitrary;
use crate::orchestration::load;
use crate::testing::{ScriptedGuests, Session, custom_status};
use crate::{
    Action, EngineRevision, EventId, EventKind, HistoryEvent, InstanceId, Message, Orchestration, OutboxMessage,
    StartChild, Timestamp, TurnOutcome,
};

use super::world::{Step, World, gambler, step};

/// A history that a random guest wrote in a random world.
fn written(seed: u64, steps: Vec<Step>) -> Vec<HistoryEvent> {
    let mut session = Session::new(gambler(seed));
    let mut world = World::default();
    let mut now = Timestamp::from_millis(0);
    let mut inbox = crate::text::parse_messages("start name=order execution=77").unwrap();
    for Step { advance_ms, deeds, .. } in steps {
        world.listen(&session.run_messages(now, inbox).unwrap());
        now = now.saturating_add(std::time::Duration::from_millis(advance_ms));
        inbox = deeds.into_iter().filter_map(|(kind, pick)| world.deed(kind, pick)).collect();
    }
    session.history
}

/// Something that bit rot, or a defect elsewhere, may do to a history.
#[derive(Debug, Clone)]
enum Damage {
    Remove,
    Repeat,
    SwapWithNext,
    Replace(EventKind),
    Insert(EventKind),
    CutBehind,
    Renumber,
}

fn damage() -> BoxedStrategy<Damage> {
    prop_oneof![
        1 => Just(Damage::Remove),
        1 => Just(Damage::Repeat),
        1 => Just(Damage::SwapWithNext),
        4 => arbitrary::event().prop_map(Damage::Replace),
        4 => arbitrary::event().prop_map(Damage::Insert),
        1 => Just(Damage::CutBehind),
        1 => Just(Damage::Renumber),
    ]
    .boxed()
}

fn damaged(mut events: Vec<HistoryEvent>, at: usize, damage: Damage) -> Vec<HistoryEvent> {
    if events.is_empty() {
        return events;
    }
    let index = at % events.len();
    let mut renumbers = true;
    match damage {
        Damage::Remove => drop(events.remove(index)),
        Damage::Repeat => events.insert(index, events[index].clone()),
        Damage::SwapWithNext if index + 1 < events.len() => events.swap(index, index + 1),
        Damage::SwapWithNext => {}
        Damage::Replace(kind) => events[index].kind = kind,
        Damage::Insert(kind) => events.insert(index, HistoryEvent { kind, ..events[index].clone() }),
        Damage::CutBehind => events.truncate(index),
        Damage::Renumber => {
            renumbers = false;
            events[index].id = EventId(at as u64);
        }
    }
    if renumbers {
        (1..).zip(&mut events).for_each(|(id, event)| event.id = EventId(id));
    }
    events
}

fn steps() -> BoxedStrategy<Vec<Step>> {
    vec(step(), 1..40).boxed()
}

/// A guest that decides what the history says it decided, and then the given actions.
fn parrot(history: &[HistoryEvent], then: Vec<Action>) -> Option<ScriptedGuests> {
    let voided = load::voided(history).ok()?;
    let (_, replay) = load::fold(history, &voided).ok()?;
    let lists: Vec<Vec<Action>> = replay
        .decisions
        .into_iter()
        .map(|range| history[range].iter().filter_map(|event| action(&event.kind)).collect())
        .collect();
    Some(ScriptedGuests::new(move |turns| lists.get(turns.len() - 1).unwrap_or(&then).clone()))
}

fn action(kind: &EventKind) -> Option<Action> {
    Some(match kind.clone() {
        EventKind::TaskScheduled { task, name, input, retry } => Action::ScheduleActivity { task, name, input, retry },
        EventKind::TimerCreated { task, fire_at } => Action::CreateTimer { task, fire_at },
        EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached } => {
            let instance_id = Some(instance_id.to_string());
            let child = StartChild { task, name, instance_id, version, input, tags, retry, detached };
            Action::StartChild(Box::new(child))
        }
        EventKind::EventAwaited { task, name } => Action::WaitEvent { task, name },
        EventKind::EventSent { task, instance_id, name, data } => {
            Action::SendEvent { task, instance_id: instance_id.to_string(), name, data }
        }
        EventKind::TaskCanceled { task } => Action::Cancel { task },
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_list_of_events_makes_loading_panic(kinds in vec((0..4_u64, 0..3_u64, arbitrary::event()), 0..12)) {
        let mut id = 0;
        let events = kinds.into_iter().map(|(step, at, kind)| {
            id += if step == 0 { 2 } else { 1 };
            HistoryEvent { id: EventId(id), at: Timestamp::from_millis(at / 2), kind }
        });
        let _ = Orchestration::load(InstanceId::new("order-1").unwrap(), events.collect(), None, None);
    }

    #[test]
    fn whatever_loads_can_be_run(
        seed in any::<u64>(),
        steps in steps(),
        at in any::<u16>(),
        damage in proptest::option::weighted(0.75, damage()),
        inbox in vec(arbitrary::message(), 0..4),
        seconds in 0..9_u64,
        later in vec(arbitrary::message(), 0..3),
    ) {
        let id = InstanceId::new("order-1").unwrap();
        let history = written(seed, steps);
        let history = match damage {
            Some(damage) => damaged(history, usize::from(at), damage),
            None => history,
        };
        let Some(mut guests) = parrot(&history, vec![custom_status("new")]) else { return Ok(()) };
        let Ok(mut orchestration) = Orchestration::load(id.clone(), history.clone(), None, None) else { return Ok(()) };
        let now = Timestamp::from_millis(seconds * 1_000);
        let outcome = orchestration.run(now, EngineRevision::NEWEST, inbox, &mut guests);
        let outcome = outcome.map_err(|error| TestCaseError::fail(format!("a parrot was refused: {error}")))?;
        let mut stored = history;
        match outcome.history {
            crate::HistoryChange::None => {}
            crate::HistoryChange::Append { events } => stored.extend(events),
            crate::HistoryChange::Replace { events } => stored = events,
        }
        let row = outcome.state;
        let mut cold = Orchestration::load(id, stored, row.component, row.custom_status.clone())
            .map_err(|error| TestCaseError::fail(format!("what was recorded does not load: {error}")))?;
        prop_assert_eq!(cold.state(), Some(&row));
        let _ = cold.run(now, EngineRevision::NEWEST, later, &mut guests);
    }
}

/// Without what a loaded instance repeats to be safe: starts of later attempts of children.
fn without_repeats(outbox: &[OutboxMessage]) -> Vec<&OutboxMessage> {
    let is_first = |message: &Message| match message {
        Message::Start(start) => start.parent.as_ref().is_none_or(|parent| parent.attempt == 1),
        _ => true,
    };
    outbox.iter().filter(|sent| is_first(&sent.message)).collect()
}

fn assert_same(warm: &TurnOutcome, cold: &TurnOutcome) -> Result<(), TestCaseError> {
    prop_assert_eq!(&warm.history, &cold.history);
    prop_assert_eq!(&warm.state, &cold.state);
    prop_assert_eq!(warm.state_changed, cold.state_changed);
    prop_assert_eq!(warm.wake_at, cold.wake_at);
    prop_assert_eq!(&warm.logs, &cold.logs);
    prop_assert_eq!(without_repeats(&warm.outbox), without_repeats(&cold.outbox));
    prop_assert!(warm.outbox.iter().all(|sent| cold.outbox.contains(sent)));
    prop_assert!(warm.activities.iter().all(|task| cold.activities.contains(task)));
    // A retry that began before it was suspended is taken to be waiting after a load.
    if warm.state.status != crate::RuntimeStatus::Suspended {
        prop_assert_eq!(warm.has_open_activities, cold.has_open_activities);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn warm_and_cold_guests_write_the_same_history(seed in any::<u64>(), steps in steps()) {
        let mut warm = Session::new(gambler(seed));
        let mut cold = Session::new(gambler(seed));
        let mut mixed = Session::new(gambler(seed));
        let mut world = World::default();
        let mut now = Timestamp::from_millis(0);
        let start = crate::text::parse_messages("start name=order execution=77").unwrap();
        let mut inbox = start;
        for Step { advance_ms, evict, deeds } in steps {
            let outcome = warm.run_messages(now, inbox.clone()).unwrap();
            assert_same(&outcome, &cold.run_messages(now, inbox.clone()).unwrap())?;
            assert_same(&outcome, &mixed.run_messages(now, inbox.clone()).unwrap())?;
            let is_empty = outcome.history.events().is_empty();
            prop_assert_eq!(is_empty, outcome.history == crate::HistoryChange::None);
            world.listen(&outcome);
            cold.evict();
            if evict {
                mixed.evict();
            }
            now = now.saturating_add(std::time::Duration::from_millis(advance_ms));
            inbox = deeds.into_iter().filter_map(|(kind, pick)| world.deed(kind, pick)).collect();
        }
        prop_assert_eq!(warm.text(), cold.text());
        prop_assert_eq!(warm.text(), mixed.text());
    }
}
