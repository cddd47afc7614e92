//! Instances that wait for an orchestration that nobody offers.
//!
//! Shards note those that they hold or find held, and forget those that go on. Whoever runs the worker looks again now
//! and then; see [`WaitingList::some`]. It is a help and no record: what is missing in it, or too much, changes nothing
//! about any instance.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{InstanceId, InstanceState, Timestamp};
use store::{HeldReason, InstanceRow};

use crate::limits;

/// What becomes of an instance of an orchestration that nobody offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownOrchestrations {
    /// It waits until somebody does.
    #[default]
    Wait,
    /// It fails, once it might have begun for so long.
    FailAfter(Duration),
}

impl UnknownOrchestrations {
    /// When such an instance fails; none: never. One that has run a turn was offered once, and waits.
    pub fn fails_at(self, state: &InstanceState) -> Option<Timestamp> {
        let Self::FailAfter(grace) = self else { return None };
        if state.component.is_some() || state.generation > 0 {
            return None;
        }
        let begins_at = state.scheduled_start.map_or(state.created_at, |at| at.max(state.created_at));
        Some(begins_at.saturating_add(grace))
    }
}

/// One that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which instance.
    pub instance_id: InstanceId,
    /// What nobody offers.
    pub orchestration: String,
    /// When it is to fail; none: never.
    pub fails_at: Option<Timestamp>,
}

/// What each waits for, and when it is to fail.
type Known = BTreeMap<InstanceId, (String, Option<Timestamp>)>;

/// Those that this host knows of, up to a limit. Cheap to clone; all clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct WaitingList {
    policy: UnknownOrchestrations,
    known: Arc<Mutex<Known>>,
}

impl WaitingList {
    /// An empty one.
    pub fn new(policy: UnknownOrchestrations) -> Self {
        Self { policy, known: Arc::default() }
    }

    /// What becomes of those in it.
    pub fn policy(&self) -> UnknownOrchestrations {
        self.policy
    }

    /// Notes an instance if its row says that it waits.
    pub fn note_row(&self, row: &InstanceRow) {
        if row.held.as_ref().is_some_and(|held| held.code == HeldReason::ORCHESTRATION_NOT_FOUND) {
            let state = &row.state;
            self.note(&state.instance_id, &state.name, self.policy.fails_at(state));
        }
    }

    pub(crate) fn note(&self, instance_id: &InstanceId, orchestration: &str, fails_at: Option<Timestamp>) {
        let mut known = self.known();
        if known.len() < limits::WAITING_KNOWN_MAX || known.contains_key(instance_id) {
            known.insert(instance_id.clone(), (orchestration.to_owned(), fails_at));
        }
    }

    /// It waits no longer.
    pub fn forget(&self, instance_id: &InstanceId) {
        self.known().remove(instance_id);
    }

    /// Up to `max` of them that come behind `after`, and the first ones when none does: so all have their turn.
    pub fn some(&self, after: Option<&InstanceId>, max: usize) -> Vec<Waiting> {
        let known = self.known();
        let waiting = |(instance_id, (orchestration, fails_at)): (&InstanceId, &(String, Option<Timestamp>))| Waiting {
            instance_id: instance_id.clone(),
            orchestration: orchestration.clone(),
            fails_at: *fails_at,
        };
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let some: Vec<_> = known.range::<InstanceId, _>((begin, Bound::Unbounded)).take(max).map(waiting).collect();
        if some.is_empty() { known.iter().take(max).map(waiting).collect() } else { some }
    }

    /// How many wait for each orchestration: the `max` names that most wait for, then, under no name, all others.
    pub fn by_orchestration(&self, max: usize) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::<String, usize>::new();
        for (orchestration, _) in self.known().values() {
            match counts.get_mut(orchestration) {
                Some(count) => *count += 1,
                None => drop(counts.insert(orchestration.clone(), 1)),
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let others: usize = counts.drain(max.min(counts.len())..).map(|(_, count)| count).sum();
        if others > 0 {
            counts.push((String::new(), others));
        }
        counts
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<InstanceId, (String, Option<Timestamp>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use engine::{Digest, ExecutionId, ExecutionStarted};

    use super::*;

    fn id(number: usize) -> InstanceId {
        InstanceId::new(&format!("i-{number:05}")).unwrap()
    }

    fn row(number: usize) -> InstanceRow {
        let start = ExecutionStarted::new(ExecutionId::from_bytes([1; 16]), "order", Timestamp::from_millis(1_000));
        let held = HeldReason {
            code: HeldReason::ORCHESTRATION_NOT_FOUND.to_owned(),
            message: "why".to_owned(),
            since: Timestamp::from_millis(2_000),
        };
        let state = store::pending_state(id(number), &start);
        InstanceRow { state, held: Some(held), last_event: None, revision: 1, wake_at: None }
    }

    #[test]
    fn only_what_has_had_no_turn_fails_and_not_before_it_might_have_begun() {
        let InstanceRow { state, .. } = row(0);
        let policy = UnknownOrchestrations::FailAfter(Duration::from_secs(5));
        let fails_at = |state: &InstanceState| policy.fails_at(state).map(Timestamp::as_millis);
        assert_eq!(fails_at(&state), Some(6_000));
        let later = InstanceState { scheduled_start: Some(Timestamp::from_millis(60_000)), ..state.clone() };
        assert_eq!(fails_at(&later), Some(65_000));
        let pinned = InstanceState { component: Some(Digest::of(b"a")), ..state.clone() };
        let continued = InstanceState { generation: 1, ..state.clone() };
        assert_eq!((fails_at(&pinned), fails_at(&continued)), (None, None));
        assert_eq!(UnknownOrchestrations::Wait.fails_at(&state), None);
    }

    #[test]
    fn rows_are_noted_that_say_so_until_they_are_forgotten() {
        let list = WaitingList::default();
        let mut other = row(1);
        other.held.as_mut().unwrap().code = "nondeterminism".to_owned();
        list.note_row(&other);
        assert_eq!(list.some(None, 9), []);
        list.note_row(&row(1));
        let waiting = Waiting { instance_id: id(1), orchestration: "order".to_owned(), fails_at: None };
        assert_eq!(list.some(None, 9), [waiting]);
        list.forget(&id(1));
        assert_eq!(list.some(None, 9), []);
    }

    #[test]
    fn all_have_their_turn() {
        let list = WaitingList::default();
        for number in 0..3 {
            list.note(&id(number), "order", None);
        }
        let some = |after: Option<usize>| {
            let after = after.map(id);
            list.some(after.as_ref(), 2).into_iter().map(|one| one.instance_id).collect::<Vec<_>>()
        };
        assert_eq!(some(None), [id(0), id(1)]);
        assert_eq!(some(Some(1)), [id(2)]);
        assert_eq!(some(Some(2)), [id(0), id(1)]);
    }

    #[test]
    fn the_names_that_are_told_have_a_bound_and_so_has_the_list() {
        let list = WaitingList::default();
        for number in 0..=limits::WAITING_KNOWN_MAX {
            let name = if number % 2 == 0 { "order".to_owned() } else { format!("other-{}", number % 7) };
            list.note(&id(number), &name, None);
        }
        let told = list.by_orchestration(2);
        assert_eq!((told.len(), &*told[0].0, &*told[2].0), (3, "order", ""));
        assert_eq!(told.iter().map(|(_, count)| count).sum::<usize>(), limits::WAITING_KNOWN_MAX);
    }
}
