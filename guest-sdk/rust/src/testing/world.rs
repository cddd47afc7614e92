//! A host of a few hundred lines: one thread, virtual time, nothing ever breaks.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::instance::{Instance, Open, Waiting};
use super::{Double, retry, text};
use crate::bindings::types::{
    Action, ActivityContext, ContinueAsNew, Event, Execution, Failure, Parent, RetryPolicy, SendEvent, StartChild,
    TaskCompleted, TaskFailed,
};
use crate::state::Outcome;
use crate::{Application, activity, random};

/// More than any sensible test needs; one that gets here runs in circles.
const TURNS_MAX: usize = 100_000;

pub(super) struct World {
    application: Rc<Application>,
    activities: BTreeMap<String, Double>,
    children: BTreeMap<String, Double>,
    start_ms: u64,
    now_ms: u64,
    /// What is going to happen: by time, then by urgency, then in the order in which it was decided.
    agenda: BTreeMap<(u64, Urgency, u64), Happening>,
    planned: u64,
    /// The first one is the test's own.
    instances: Vec<Instance>,
    executions: u64,
    log: Vec<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// A wait meets an event that is already there: that is the very next turn.
    Now,
    InTurn,
}

/// An external event on its way.
pub(super) struct Raise {
    pub(super) instance_id: String,
    pub(super) name: String,
    pub(super) data: Option<String>,
}

enum Happening {
    /// An execution has its first turn.
    Begin(usize),
    Raise(Raise),
    /// A wait looks for an event that came before it.
    Match(Address),
    /// A task is settled, if it is still open.
    Settle(Address, Event),
    /// An attempt of an activity or a child begins, if the task is still open.
    Attempt(Address, u32),
}

/// A task of an execution.
#[derive(Clone, Copy)]
struct Address {
    instance: usize,
    generation: u32,
    task: u32,
}

impl World {
    pub(super) fn new(
        application: Rc<Application>,
        activities: BTreeMap<String, Double>,
        children: BTreeMap<String, Double>,
        start_ms: u64,
    ) -> Self {
        Self {
            application,
            activities,
            children,
            start_ms,
            now_ms: start_ms,
            agenda: BTreeMap::new(),
            planned: 0,
            instances: Vec::new(),
            executions: 0,
            log: Vec::new(),
        }
    }

    pub(super) fn raise_at(&mut self, at_ms: u64, raise: Raise) {
        self.plan(at_ms, Urgency::InTurn, Happening::Raise(raise));
    }

    /// Runs the test's own instance to its end.
    pub(super) fn run(&mut self, start: StartChild, instance_id: String) -> Outcome {
        self.begin(start, instance_id, None);
        let mut turns = 0;
        loop {
            if let Some(outcome) = &self.instances[0].outcome {
                return outcome.clone();
            }
            let Some(((at_ms, ..), happening)) = self.agenda.pop_first() else {
                panic!("it waits for something that the test does not provide:\n{}", self.log.join("\n"));
            };
            self.now_ms = self.now_ms.max(at_ms);
            self.happen(happening);
            turns += 1;
            if turns == TURNS_MAX {
                let last_lines = &self.log[self.log.len().saturating_sub(50)..];
                panic!("it has not ended after {TURNS_MAX} turns, at last:\n{}", last_lines.join("\n"));
            }
        }
    }

    pub(super) fn root(&self) -> &Instance {
        &self.instances[0]
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        self.now_ms - self.start_ms
    }

    pub(super) fn into_log(self) -> Vec<String> {
        self.log
    }

    fn plan(&mut self, at_ms: u64, urgency: Urgency, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((at_ms, urgency, self.planned), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Begin(index) => match self.instances[index].start() {
                Ok(()) => self.turn(index, None),
                Err(failure) => self.finish(index, Err(failure)),
            },
            Happening::Raise(raise) => self.raise(raise),
            Happening::Match(address) => {
                if let Some(Action::WaitEvent(wait)) = self.open(address).map(|open| open.action.clone())
                    && let Some(output) = self.instances[address.instance].take_buffered(&wait.name, wait.task)
                {
                    self.happen(Happening::Settle(
                        address,
                        Event::EventRaised(TaskCompleted { task: wait.task, output }),
                    ));
                }
            }
            Happening::Settle(address, event) => {
                if self.open(address).is_some() {
                    self.instances[address.instance].open.remove(&address.task);
                    self.turn(address.instance, Some(event));
                }
            }
            Happening::Attempt(address, attempt) => match self.open(address).map(|open| open.action.clone()) {
                Some(Action::ScheduleActivity(action)) => {
                    let outcome = self.run_activity(address, attempt, &action.name, action.input.as_deref());
                    self.attempt_ended(address, attempt, outcome);
                }
                Some(Action::StartChild(start)) => self.begin_child(address, attempt, start),
                _ => {}
            },
        }
    }

    fn raise(&mut self, Raise { instance_id, name, data }: Raise) {
        let Some(index) = self.find(&instance_id) else { return };
        let instance = &mut self.instances[index];
        if instance.outcome.is_some() {
            return;
        }
        let wait = instance.oldest_wait(&name);
        instance.buffer(name.clone(), data);
        if let Some(task) = wait
            && let Some(output) = instance.take_buffered(&name, task)
        {
            instance.open.remove(&task);
            self.turn(index, Some(Event::EventRaised(TaskCompleted { task, output })));
        }
    }

    fn find(&self, instance_id: &str) -> Option<usize> {
        self.instances.iter().rposition(|instance| instance.execution.instance_id == instance_id)
    }

    fn open(&self, address: Address) -> Option<&Open> {
        let instance = &self.instances[address.instance];
        let is_current = instance.generation == address.generation && instance.outcome.is_none();
        instance.open.get(&address.task).filter(|_| is_current)
    }

    /// Creates an instance; its first turn is next.
    fn begin(&mut self, start: StartChild, instance_id: String, waiting: Option<Waiting>) {
        let parent = waiting.map(|waiting| {
            let Execution { instance_id, execution_id, name, .. } = self.instances[waiting.instance].execution.clone();
            Parent { instance_id, execution_id, name }
        });
        let StartChild { name, version, input, tags, .. } = start;
        let execution_id = self.next_execution_id();
        let execution = Execution { instance_id, execution_id, name, version, input, tags, parent };
        self.instances.push(Instance::new(Rc::clone(&self.application), execution, waiting));
        self.plan(self.now_ms, Urgency::InTurn, Happening::Begin(self.instances.len() - 1));
    }

    fn next_execution_id(&mut self) -> String {
        let (high, low) = random::draw("", self.executions);
        self.executions += 1;
        format!("{high:016x}{low:016x}")
    }

    fn turn(&mut self, index: usize, event: Option<Event>) {
        if let Some(event) = &event {
            self.note(index, &text::event(event));
        }
        let actions = self.instances[index].turn(self.now_ms, event.into_iter().collect());
        for action in actions {
            self.note(index, &text::action(&action, self.start_ms));
            self.carry_out(index, action);
        }
    }

    fn note(&mut self, index: usize, line: &str) {
        let id = &self.instances[index].execution.instance_id;
        self.log.push(if index == 0 { line.to_owned() } else { format!("{id}: {line}") });
    }

    fn carry_out(&mut self, index: usize, action: Action) {
        let now_ms = self.now_ms;
        let instance = &mut self.instances[index];
        let generation = instance.generation;
        let address = |task| Address { instance: index, generation, task };
        let open = Open { action: action.clone(), since_ms: now_ms };
        match action {
            Action::ScheduleActivity(action) => {
                let address = address(action.task);
                instance.open.insert(action.task, open);
                self.plan(now_ms, Urgency::InTurn, Happening::Attempt(address, 1));
            }
            Action::CreateTimer(action) => {
                let settle = Happening::Settle(address(action.task), Event::TimerFired(action.task));
                instance.open.insert(action.task, open);
                self.plan(action.fire_at.max(now_ms), Urgency::InTurn, settle);
            }
            Action::StartChild(action) if action.detached => self.begin_detached(index, action),
            Action::StartChild(action) => {
                let address = address(action.task);
                instance.open.insert(action.task, open);
                self.plan(now_ms, Urgency::InTurn, Happening::Attempt(address, 1));
            }
            Action::WaitEvent(action) => {
                let address = address(action.task);
                instance.open.insert(action.task, open);
                self.plan(now_ms, Urgency::Now, Happening::Match(address));
            }
            Action::SendEvent(SendEvent { instance_id, name, data, .. }) => {
                self.raise_at(now_ms, Raise { instance_id, name, data });
            }
            Action::Cancel(task) => {
                instance.open.remove(&task);
                if let Some(name) = instance.give_back(task)
                    && let Some(wait) = instance.oldest_wait(&name)
                {
                    self.plan(now_ms, Urgency::Now, Happening::Match(address(wait)));
                }
            }
            Action::SetCustomStatus(status) => instance.custom_status = status,
            Action::Log(_) => {}
            Action::ContinueAsNew(action) => self.continue_as_new(index, action),
            Action::Complete(output) => self.finish(index, Ok(output)),
            Action::Fail(failure) => self.finish(index, Err(failure)),
        }
    }

    fn run_activity(&mut self, address: Address, attempt: u32, name: &str, input: Option<&str>) -> Outcome {
        if let Some(double) = self.activities.get_mut(name) {
            return double(input);
        }
        let Execution { instance_id, execution_id, .. } = self.instances[address.instance].execution.clone();
        let context = ActivityContext { instance_id, execution_id, task: address.task, attempt };
        activity::run(&self.application, name, input, context)
    }

    fn begin_child(&mut self, address: Address, attempt: u32, start: StartChild) {
        if let Some(double) = self.children.get_mut(&start.name) {
            let outcome = double(start.input.as_deref());
            return self.attempt_ended(address, attempt, outcome);
        }
        let id = self.child_id(address, &start);
        if self.find(&id).is_some_and(|index| self.instances[index].outcome.is_none()) {
            let failure = Failure {
                kind: "instance-exists".to_owned(),
                message: format!("the instance id {id} is in use"),
                details: None,
                non_retriable: false,
            };
            return self.attempt_ended(address, attempt, Err(failure));
        }
        let Address { instance, generation, task } = address;
        self.begin(start, id, Some(Waiting { instance, generation, task, attempt }));
    }

    fn begin_detached(&mut self, index: usize, start: StartChild) {
        if let Some(double) = self.children.get_mut(&start.name) {
            // Nobody hears of what becomes of it.
            let _ = double(start.input.as_deref());
            return;
        }
        let address = Address { instance: index, generation: self.instances[index].generation, task: start.task };
        let id = self.child_id(address, &start);
        if self.find(&id).is_none_or(|index| self.instances[index].outcome.is_some()) {
            self.begin(start, id, None);
        }
    }

    fn child_id(&self, address: Address, start: &StartChild) -> String {
        let parent = &self.instances[address.instance].execution;
        start.instance_id.clone().unwrap_or_else(|| format!("{}:{:x}", parent.instance_id, address.task))
    }

    /// Plans another attempt, or else the end of the task.
    fn attempt_ended(&mut self, address: Address, attempt: u32, outcome: Outcome) {
        let Some(Open { action, since_ms }) = self.open(address) else { return };
        let (is_activity, policy): (bool, Option<&RetryPolicy>) = match action {
            Action::ScheduleActivity(action) => (true, action.retry.as_ref()),
            Action::StartChild(action) => (false, action.retry.as_ref()),
            _ => return,
        };
        let Address { task, .. } = address;
        let event = match outcome {
            Ok(output) if is_activity => Event::ActivityCompleted(TaskCompleted { task, output }),
            Ok(output) => Event::ChildCompleted(TaskCompleted { task, output }),
            Err(failure) => {
                if let Some(at_ms) = retry::next_attempt(policy, &failure, attempt, *since_ms, self.now_ms) {
                    self.note(address.instance, &format!("retry {task} after {}", text::failure(&failure)));
                    return self.plan(at_ms, Urgency::InTurn, Happening::Attempt(address, attempt + 1));
                }
                let failed = TaskFailed { task, failure };
                if is_activity { Event::ActivityFailed(failed) } else { Event::ChildFailed(failed) }
            }
        };
        self.plan(self.now_ms, Urgency::InTurn, Happening::Settle(address, event));
    }

    fn continue_as_new(&mut self, index: usize, action: ContinueAsNew) {
        let execution_id = self.next_execution_id();
        let instance = &mut self.instances[index];
        let version = action.version.or_else(|| instance.execution.version.clone());
        if !action.keep_events {
            instance.buffered.clear();
        }
        instance.renew(Execution { execution_id, version, input: action.input, ..instance.execution.clone() });
        self.plan(self.now_ms, Urgency::Now, Happening::Begin(index));
    }

    fn finish(&mut self, index: usize, outcome: Outcome) {
        let instance = &mut self.instances[index];
        instance.outcome = Some(outcome.clone());
        if let Some(Waiting { instance, generation, task, attempt }) = instance.waiting {
            self.attempt_ended(Address { instance, generation, task }, attempt, outcome);
        }
    }
}
