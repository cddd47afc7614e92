//! What a guest remembers of its execution between turns.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::bindings::types::{Action, Event, Execution, Failure};
use crate::{Application, Error};

/// How a task ended, undecoded.
pub(crate) type Outcome = Result<Option<String>, Failure>;

/// Shared by the executor, the [`crate::Context`] and every pending call. Single-threaded, as guests are.
pub(crate) struct Core {
    pub(crate) execution: Execution,
    pub(crate) application: Rc<Application>,
    pub(crate) now: Cell<u64>,
    /// How many random numbers were drawn.
    pub(crate) drawn: Cell<u64>,
    actions: RefCell<Vec<Action>>,
    /// Indexed by task id: the contract wants them dense.
    tasks: RefCell<Vec<Slot>>,
    /// How many slots are open or settled, that is, may still move the orchestration on.
    live: Cell<usize>,
}

enum Slot {
    Open(Option<Waker>),
    Settled(Outcome),
    /// An external event, which goes back to where it was if nobody takes it from here.
    Raised(Outcome),
    /// Taken, canceled, or of a kind that is never settled.
    Closed,
}

impl Core {
    pub(crate) fn new(execution: Execution, application: Rc<Application>) -> Self {
        Self {
            execution,
            application,
            now: Cell::new(0),
            drawn: Cell::new(0),
            actions: RefCell::default(),
            tasks: RefCell::default(),
            live: Cell::new(0),
        }
    }

    /// Decides something that has no task id.
    pub(crate) fn push(&self, action: Action) {
        self.actions.borrow_mut().push(action);
    }

    /// Decides something that will be settled, and returns its task id.
    pub(crate) fn open(&self, action: Action) -> u32 {
        self.live.set(self.live.get() + 1);
        self.number(action, Slot::Open(None))
    }

    /// Decides something that has a task id but is never settled.
    pub(crate) fn push_unsettled(&self, action: Action) {
        self.number(action, Slot::Closed);
    }

    fn number(&self, mut action: Action, slot: Slot) -> u32 {
        let mut tasks = self.tasks.borrow_mut();
        let id = u32::try_from(tasks.len()).expect("memory ends before task ids do");
        tasks.push(slot);
        match &mut action {
            Action::ScheduleActivity(action) => action.task = id,
            Action::CreateTimer(action) => action.task = id,
            Action::StartChild(action) => action.task = id,
            Action::WaitEvent(action) => action.task = id,
            Action::SendEvent(action) => action.task = id,
            Action::Cancel(_)
            | Action::SetCustomStatus(_)
            | Action::Log(_)
            | Action::ContinueAsNew(_)
            | Action::Complete(_)
            | Action::Fail(_) => unreachable!("only actions with a task id are numbered"),
        }
        self.push(action);
        id
    }

    /// Takes note of something that happened.
    ///
    /// Tasks that this code never scheduled, or has canceled, are passed over: when changed code replays an old
    /// history, the host compares actions and reports the difference better than a trap here could.
    pub(crate) fn settle(&self, event: Event) {
        let is_event = matches!(event, Event::EventRaised(_));
        let (id, outcome) = match event {
            Event::ActivityCompleted(done) | Event::ChildCompleted(done) | Event::EventRaised(done) => {
                (done.task, Ok(done.output))
            }
            Event::ActivityFailed(failed) | Event::ChildFailed(failed) => (failed.task, Err(failed.failure)),
            Event::TimerFired(id) => (id, Ok(None)),
        };
        let waker = match self.tasks.borrow_mut().get_mut(id as usize) {
            Some(slot @ Slot::Open(_)) => {
                let settled = if is_event { Slot::Raised(outcome) } else { Slot::Settled(outcome) };
                match std::mem::replace(slot, settled) {
                    Slot::Open(waker) => waker,
                    Slot::Settled(_) | Slot::Raised(_) | Slot::Closed => None,
                }
            }
            Some(Slot::Settled(_) | Slot::Raised(_) | Slot::Closed) | None => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, id: u32, cx: &Context<'_>) -> Poll<Outcome> {
        let mut tasks = self.tasks.borrow_mut();
        let slot = &mut tasks[id as usize];
        match slot {
            Slot::Open(Some(waker)) => waker.clone_from(cx.waker()),
            Slot::Open(none) => *none = Some(cx.waker().clone()),
            Slot::Settled(_) | Slot::Raised(_) => {
                if let Slot::Settled(outcome) | Slot::Raised(outcome) = std::mem::replace(slot, Slot::Closed) {
                    self.live.set(self.live.get() - 1);
                    return Poll::Ready(outcome);
                }
            }
            Slot::Closed => panic!("a call was polled after it had completed"),
        }
        Poll::Pending
    }

    /// Loses interest in a task. Says so to the host unless the task is settled already, by something else than an event:
    /// the host keeps events that nobody has taken.
    fn close(&self, id: u32) {
        let slot = std::mem::replace(&mut self.tasks.borrow_mut()[id as usize], Slot::Closed);
        match slot {
            Slot::Open(_) | Slot::Raised(_) => self.push(Action::Cancel(id)),
            Slot::Settled(_) => {}
            Slot::Closed => return,
        }
        self.live.set(self.live.get() - 1);
    }

    /// Whether anything that may still happen could move the orchestration on.
    pub(crate) fn has_live_tasks(&self) -> bool {
        self.live.get() > 0
    }

    /// The actions since the last call, in a list of exactly their size: a replay keeps those of all turns at once.
    pub(crate) fn take_actions(&self) -> Vec<Action> {
        self.actions.borrow_mut().drain(..).collect()
    }
}

/// A call on its way: built, scheduled, settled. Dropping it while it is scheduled cancels its task, and gives an event back
/// that it has not handed out.
pub(crate) struct Call {
    core: Rc<Core>,
    state: State,
}

enum State {
    Built(Action),
    /// Could not be built; fails when awaited, and nothing is scheduled.
    Broken(Error),
    Scheduled(u32),
    Done,
}

impl Call {
    pub(crate) fn new(core: &Rc<Core>, action: Result<Action, Error>) -> Self {
        Self { core: Rc::clone(core), state: action.map_or_else(State::Broken, State::Built) }
    }

    /// The action, as long as it is not scheduled.
    pub(crate) fn action(&mut self) -> Option<&mut Action> {
        match &mut self.state {
            State::Built(action) => Some(action),
            State::Broken(_) | State::Scheduled(_) | State::Done => None,
        }
    }

    /// Schedules it now unless that has happened.
    pub(crate) fn schedule(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Built(action) => State::Scheduled(self.core.open(action)),
            state => state,
        };
    }

    /// Schedules it as something that is never settled.
    pub(crate) fn dispatch(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Built(action) => self.core.push_unsettled(action),
            State::Broken(error) => return Err(error),
            State::Scheduled(_) | State::Done => {}
        }
        Ok(())
    }

    /// Schedules it when necessary, then looks for its outcome.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<Option<String>, Error>> {
        self.schedule();
        let outcome = match std::mem::replace(&mut self.state, State::Done) {
            State::Scheduled(id) => match self.core.poll(id, cx) {
                Poll::Ready(outcome) => outcome.map_err(Error::from_failure),
                Poll::Pending => {
                    self.state = State::Scheduled(id);
                    return Poll::Pending;
                }
            },
            State::Broken(error) => Err(error),
            State::Built(_) => unreachable!("it was scheduled above"),
            State::Done => panic!("a call was polled after it had completed"),
        };
        Poll::Ready(outcome)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let State::Scheduled(id) = self.state {
            self.core.close(id);
        }
    }
}
