//! One orchestration on the stage.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::text;
use crate::Application;
use crate::bindings::types::{Action, Event, Execution, Failure, Turn};
use crate::guest::Guest;
use crate::state::Outcome;

/// Up to here every turn is followed by a full replay; longer executions are replayed once more when they end.
const REPLAYED_TURNS_MAX: usize = 100;

pub(super) struct Instance {
    pub(super) execution: Execution,
    /// How many executions came before.
    pub(super) generation: u32,
    /// Scheduled and not settled.
    pub(super) open: BTreeMap<u32, Open>,
    /// External events that nobody has taken.
    pub(super) buffered: VecDeque<Raised>,
    /// Those that waits have, by task, which may give them back.
    taken: BTreeMap<u32, Raised>,
    raised: u64,
    /// Whoever waits for this instance.
    pub(super) waiting: Option<Waiting>,
    pub(super) custom_status: Option<String>,
    pub(super) outcome: Option<Outcome>,
    application: Rc<Application>,
    guest: Option<Guest>,
    turns: Vec<Turn>,
    decided: Vec<Vec<Action>>,
}

/// An external event.
#[derive(Clone)]
pub(super) struct Raised {
    /// How many came before it.
    order: u64,
    pub(super) name: String,
    pub(super) data: Option<String>,
}

/// A task that may still be settled.
pub(super) struct Open {
    pub(super) action: Action,
    /// When it was scheduled.
    pub(super) since_ms: u64,
}

/// The task of a parent that a child settles.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) instance: usize,
    pub(super) generation: u32,
    pub(super) task: u32,
    pub(super) attempt: u32,
}

impl Instance {
    pub(super) fn new(application: Rc<Application>, execution: Execution, waiting: Option<Waiting>) -> Self {
        Self {
            execution,
            generation: 0,
            open: BTreeMap::new(),
            buffered: VecDeque::new(),
            taken: BTreeMap::new(),
            raised: 0,
            waiting,
            custom_status: None,
            outcome: None,
            application,
            guest: None,
            turns: Vec::new(),
            decided: Vec::new(),
        }
    }

    /// Begins the execution.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        self.guest = Some(Guest::start(Rc::clone(&self.application), self.execution.clone())?);
        Ok(())
    }

    /// Makes it the next execution of the same instance.
    pub(super) fn renew(&mut self, execution: Execution) {
        self.execution = execution;
        self.generation += 1;
        self.open.clear();
        self.taken.clear();
        self.guest = None;
        self.turns.clear();
        self.decided.clear();
    }

    /// The first task that waits for an event of this name.
    pub(super) fn oldest_wait(&self, name: &str) -> Option<u32> {
        let waits =
            |open: &Open| matches!(&open.action, Action::WaitEvent(wait) if wait.name.eq_ignore_ascii_case(name));
        self.open.iter().find(|(_, open)| waits(open)).map(|(&task, _)| task)
    }

    /// Keeps an event until somebody takes it.
    pub(super) fn buffer(&mut self, name: String, data: Option<String>) {
        self.raised += 1;
        self.buffered.push_back(Raised { order: self.raised, name, data });
    }

    /// Gives the oldest event of this name that nobody has taken to a wait; answers with its data.
    #[expect(clippy::option_option, reason = "whether there is an event, and whether it has data")]
    pub(super) fn take_buffered(&mut self, name: &str, task: u32) -> Option<Option<String>> {
        let at = self.buffered.iter().position(|raised| raised.name.eq_ignore_ascii_case(name))?;
        let raised = self.buffered.remove(at)?;
        self.taken.insert(task, raised.clone());
        Some(raised.data)
    }

    /// Puts the event of a wait into its place among those that nobody has taken; answers with its name.
    pub(super) fn give_back(&mut self, task: u32) -> Option<String> {
        let raised = self.taken.remove(&task)?;
        let name = raised.name.clone();
        let at = self.buffered.partition_point(|other| other.order < raised.order);
        self.buffered.insert(at, raised);
        Some(name)
    }

    /// Runs one turn, then all turns again in a fresh guest.
    ///
    /// # Panics
    /// When the replay decides something else.
    pub(super) fn turn(&mut self, now: u64, events: Vec<Event>) -> Vec<Action> {
        let turn = Turn { now, events };
        let guest = self.guest.as_mut().expect("the world starts instances before it runs them");
        let actions = guest.run(vec![turn.clone()]).pop().unwrap_or_default();
        self.turns.push(turn);
        self.decided.push(actions.clone());
        let is_last = matches!(actions.last(), Some(Action::Complete(_) | Action::Fail(_) | Action::ContinueAsNew(_)));
        if self.turns.len() <= REPLAYED_TURNS_MAX || is_last {
            self.replay();
        }
        actions
    }

    fn replay(&self) {
        let mut guest = Guest::start(Rc::clone(&self.application), self.execution.clone())
            .unwrap_or_else(|failure| panic!("it starts only sometimes: {}", text::failure(&failure)));
        let replayed = guest.run(self.turns.clone());
        let start = self.turns[0].now;
        let render = |turns: &[Vec<Action>]| {
            let line = |action: &Action| text::action(action, start);
            turns.iter().map(|turn| turn.iter().map(line).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        if let Some(turn) = (0..self.decided.len()).find(|&turn| replayed[turn] != self.decided[turn]) {
            panic!(
                "{} is not deterministic: in turn {turn} it decided {:#?} first and {:#?} when replayed",
                self.execution.name,
                render(&self.decided[turn..=turn]),
                render(&replayed[turn..=turn]),
            );
        }
    }
}
