//! Guests that are closures.

use std::cell::Cell;
use std::rc::Rc;

use crate::{Action, Digest, Execution, Guest, GuestError, GuestSource, Turn};

/// What a guest decides in the last of these turns. A function of them alone, so that it can be replayed.
type Decide = dyn Fn(&Execution, &[Turn]) -> Result<Vec<Action>, GuestError>;

/// A source of guests that all decide by the same closure.
#[derive(Clone)]
pub struct ScriptedGuests {
    decide: Rc<Decide>,
    started: Rc<Cell<u32>>,
    refuses: Rc<Cell<Option<GuestError>>>,
    component: Rc<Cell<Digest>>,
}

impl ScriptedGuests {
    /// Guests that decide by `decide`: from all turns of the execution so far, the actions of the last one.
    pub fn new(decide: impl Fn(&[Turn]) -> Vec<Action> + 'static) -> Self {
        Self::fallible(move |_, turns| Ok(decide(turns)))
    }

    /// The same, with the execution at hand and with guests that may fail.
    pub fn fallible(decide: impl Fn(&Execution, &[Turn]) -> Result<Vec<Action>, GuestError> + 'static) -> Self {
        Self {
            decide: Rc::new(decide),
            started: Rc::default(),
            refuses: Rc::default(),
            component: Rc::new(Cell::new(Digest::from_bytes([0xc0; 32]))),
        }
    }

    /// How many guests have been started.
    pub fn started(&self) -> u32 {
        self.started.get()
    }

    /// From now on, answers every start with this; none: starts guests again.
    pub fn refuse(&self, error: Option<GuestError>) {
        self.refuses.set(error);
    }

    /// The component that new guests run on, unless they are pinned to another.
    pub fn deploy(&self, component: Digest) {
        self.component.set(component);
    }
}

impl GuestSource for ScriptedGuests {
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let refuses = self.refuses.take();
        self.refuses.set(refuses.clone());
        if let Some(error) = refuses {
            return Err(error);
        }
        self.started.set(self.started.get() + 1);
        let guest = Scripted { decide: self.decide.clone(), execution: execution.clone(), turns: Vec::new() };
        Ok((Box::new(guest), component.unwrap_or(self.component.get())))
    }
}

struct Scripted {
    decide: Rc<Decide>,
    execution: Execution,
    turns: Vec<Turn>,
}

impl Guest for Scripted {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        let decide = |turn: &Turn| {
            self.turns.push(turn.clone());
            (self.decide)(&self.execution, &self.turns)
        };
        turns.iter().map(decide).collect()
    }

    fn memory_bytes(&self) -> usize {
        64 * 1024
    }
}

/// A guest that decides the first list in its first turn, the second in its second, …, and nothing after the last.
pub fn script(turns: impl Into<Vec<Vec<Action>>>) -> ScriptedGuests {
    let script = turns.into();
    ScriptedGuests::new(move |turns| script.get(turns.len() - 1).cloned().unwrap_or_default())
}
