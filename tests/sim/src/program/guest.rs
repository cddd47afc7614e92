//! A program as a guest of the engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    Action, Event, Execution, Failure, Guest, GuestError, Payload, RetryPolicy, StartChild, TaskId, Timestamp, Turn,
};

use super::{Activity, BROKEN, Op, Program, RETRY_FIRST_MS, Rival, filling, shown};

/// Tells which component a guest is of; they decide differently.
pub(crate) type Edition = u8;

/// The tag that names the instance a client has started, on it and on all below it.
pub(crate) const ROOT: &str = "root";

/// The tag that tells one life of that id from the next.
pub(crate) const LIFE: &str = "life";

/// A program that is being run.
pub(crate) struct Interpreter {
    program: Arc<Program>,
    execution: Execution,
    input: Input,
    /// What earlier steps have led to, in order.
    parts: Vec<String>,
    steps: Vec<Vec<Op>>,
    /// Steps begun.
    at: usize,
    tasks: u32,
    /// The current step.
    slots: Vec<Slot>,
    last_now: Timestamp,
    /// Tasks of this turn that are not given back when they have lost, as every SDK does.
    is_kept: fn(&Turn, TaskId) -> bool,
    keeps_events: bool,
}

/// An operation of the current step.
struct Slot {
    op: Op,
    task: TaskId,
    /// The timer of a race, or what an event competes with.
    rival: Option<TaskId>,
    /// What has been canceled.
    lost: Option<TaskId>,
    /// What has won, where what has lost is waited for again.
    won: Option<String>,
    due_at: Timestamp,
    part: Option<String>,
}

/// An execution's input: its generation, what earlier ones led to, and filling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) generation: u32,
    pub(crate) carried: String,
    pub(crate) filling: String,
}

impl Input {
    /// Of a first execution.
    pub(crate) fn first(bytes: usize) -> Self {
        Self { generation: 0, carried: String::new(), filling: filling(bytes, 1) }
    }

    pub(crate) fn to_payload(&self) -> Payload {
        Payload::from(format!("{}\n{}\n{}", self.generation, self.carried, self.filling))
    }

    fn of(payload: Option<&Payload>) -> Self {
        let mut lines = payload.map(Payload::as_str).unwrap_or_default().splitn(3, '\n');
        let mut line = || lines.next().unwrap_or_default().to_owned();
        Self { generation: line().parse().unwrap_or_default(), carried: line(), filling: line() }
    }
}

impl Interpreter {
    pub(crate) fn new(program: Arc<Program>, execution: Execution, edition: Edition) -> Self {
        let input = Input::of(execution.input.as_ref());
        let mut parts: Vec<String> = Vec::new();
        if !input.carried.is_empty() {
            parts.push(input.carried.clone());
        }
        parts.push(format!("v{edition}"));
        parts.push(format!("i{}", shown(&input.filling)));
        let mut steps = program.steps.clone();
        // What would be a mismatch if another edition took over.
        for number in 1..edition {
            let extra = Activity { name: format!("extra-{number}"), takes_ms: 50, bytes: 0, failures: 0, attempts: 1 };
            steps.insert(0, vec![Op::Run(extra)]);
        }
        let (at, tasks, slots, last_now) = (0, 0, Vec::new(), Timestamp::default());
        Self {
            program,
            execution,
            input,
            parts,
            steps,
            at,
            tasks,
            slots,
            last_now,
            is_kept: |_, _| false,
            keeps_events: true,
        }
    }

    /// The same, but what has lost in the turn in which it happened is not given back.
    pub(crate) fn without_giving_back(self) -> Self {
        let is_kept = |turn: &Turn, task| turn.events.iter().any(|event| told(event).0 == task);
        Self { is_kept, ..self }
    }

    /// The same, but events that wait are not taken over by the next generation.
    pub(crate) fn without_keeping_events(self) -> Self {
        Self { keeps_events: false, ..self }
    }

    fn turn(&mut self, turn: &Turn) -> Vec<Action> {
        let mut actions = Vec::new();
        if turn.now < self.last_now {
            self.parts.push("backwards".to_owned());
        }
        self.last_now = turn.now;
        for event in &turn.events {
            if let Some(failure) = self.settle(event, turn, &mut actions) {
                actions.push(Action::Fail { failure });
                return actions;
            }
        }
        while self.slots.iter().all(|slot| slot.part.is_some()) {
            self.parts.extend(self.slots.drain(..).filter_map(|slot| slot.part));
            let Some(step) = self.steps.get(self.at).cloned() else {
                actions.push(self.end());
                return actions;
            };
            self.at += 1;
            if self.program.shows_steps {
                let status = format!("step {} of generation {}", self.at, self.input.generation);
                actions.push(Action::SetCustomStatus { status: Some(Payload::from(status)) });
            }
            for op in step {
                self.begin(op, turn.now, &mut actions);
            }
        }
        actions
    }

    /// Takes note of what happened to a task; answers with what fails the orchestration.
    fn settle(&mut self, event: &Event, turn: &Turn, actions: &mut Vec<Action>) -> Option<Failure> {
        let now = turn.now;
        let (task, result) = told(event);
        let is_of = |slot: &&mut Slot| slot.task == task || slot.rival == Some(task) || slot.lost == Some(task);
        let Some(slot) = self.slots.iter_mut().find(is_of) else {
            self.parts.push(format!("stray {task}"));
            return None;
        };
        // Both of a race may have happened before the guest could cancel one.
        if slot.lost == Some(task) {
            slot.lost = None;
            return None;
        }
        if slot.part.is_some() {
            slot.part = Some(format!("twice {task}"));
            return None;
        }
        let is_rival = slot.rival == Some(task);
        let part = match (&slot.op, result) {
            (Op::Mend, Err(failure)) => return Some(failure.clone()),
            (Op::Child { .. }, Err(failure)) if failure.kind == BROKEN => return Some(failure.clone()),
            (Op::Child { .. }, Err(failure)) => format!("cf:{}", failure.kind),
            (Op::Child { .. }, Ok(output)) => format!("c[{output}]"),
            (_, Err(failure)) => format!("f:{}", failure.kind),
            (Op::Run(_) | Op::Mend, Ok(output)) => {
                let (output, _) = output.rsplit_once('#').unwrap_or((output, ""));
                format!("a:{}", shown(output))
            }
            (Op::Sleep(_), Ok(_)) if now < slot.due_at => "early".to_owned(),
            (Op::Race(..) | Op::Contend(_, Rival::Timer(_)), Ok(_)) if is_rival && now < slot.due_at => {
                "early".to_owned()
            }
            (Op::Sleep(_), Ok(_)) => "s".to_owned(),
            (Op::Race(..) | Op::Contend(_, Rival::Timer(_)), Ok(_)) if is_rival => "t".to_owned(),
            (Op::Contend(_, Rival::Activity(_)), Ok(_)) if is_rival => "r".to_owned(),
            (_, Ok(data)) => format!("e:{}", shown(data)),
        };
        let Some(rival) = slot.rival else {
            slot.part = Some(slot.won.take().map_or(part.clone(), |won| format!("{won}+{part}")));
            return None;
        };
        let loser = if is_rival { slot.task } else { rival };
        if !(self.is_kept)(turn, loser) {
            actions.push(Action::Cancel { task: loser });
        }
        slot.lost = Some(loser);
        let again = match &slot.op {
            Op::Contend(name, _) if is_rival => Some(name.clone()),
            Op::Contend(_, Rival::Event(name)) => Some(name.clone()),
            _ => None,
        };
        let Some(name) = again else {
            slot.part = Some(part);
            return None;
        };
        let next = TaskId(self.tasks);
        self.tasks += 1;
        actions.push(Action::WaitEvent { task: next, name });
        (slot.task, slot.rival, slot.won) = (next, None, Some(part));
        None
    }

    fn begin(&mut self, op: Op, now: Timestamp, actions: &mut Vec<Action>) {
        let task = self.next_task();
        let mut slot = Slot { op: op.clone(), task, rival: None, lost: None, won: None, due_at: now, part: None };
        match op {
            Op::Run(activity) => {
                let (name, input) = (activity.name.clone(), Some(Payload::from(activity.input())));
                let retry = (activity.attempts > 1).then(|| retry(activity.attempts));
                actions.push(Action::ScheduleActivity { task, name, input, retry });
            }
            Op::Mend => {
                let root = self.execution.tags.get(ROOT).cloned().unwrap_or_default();
                let (name, input) = ("mend".to_owned(), Some(Payload::from(root)));
                actions.push(Action::ScheduleActivity { task, name, input, retry: None });
            }
            Op::Sleep(ms) => {
                slot.due_at = now.saturating_add(Duration::from_millis(ms));
                actions.push(Action::CreateTimer { task, fire_at: slot.due_at });
            }
            Op::Child { program, is_detached, has_own_id } => {
                if is_detached {
                    slot.part = Some("d".to_owned());
                }
                let id = format!("{}.{}.{task}", self.execution.instance_id, self.execution.execution_id);
                actions.push(Action::StartChild(Box::new(StartChild {
                    task,
                    name: program,
                    instance_id: has_own_id.then_some(id),
                    version: self.execution.version.clone(),
                    input: Some(Input::first(0).to_payload()),
                    tags: self.execution.tags.clone(),
                    retry: None,
                    detached: is_detached,
                })));
            }
            Op::Await(name) => actions.push(Action::WaitEvent { task, name }),
            Op::Race(name, ms) => {
                actions.push(Action::WaitEvent { task, name });
                let rival = self.next_task();
                slot.rival = Some(rival);
                slot.due_at = now.saturating_add(Duration::from_millis(ms));
                actions.push(Action::CreateTimer { task: rival, fire_at: slot.due_at });
            }
            Op::Contend(name, rival) => {
                actions.push(Action::WaitEvent { task, name });
                let task = self.next_task();
                slot.rival = Some(task);
                actions.push(match rival {
                    Rival::Event(name) => Action::WaitEvent { task, name },
                    Rival::Timer(ms) => {
                        slot.due_at = now.saturating_add(Duration::from_millis(ms));
                        Action::CreateTimer { task, fire_at: slot.due_at }
                    }
                    Rival::Activity(activity) => {
                        let (name, input) = (activity.name.clone(), Some(Payload::from(activity.input())));
                        Action::ScheduleActivity { task, name, input, retry: None }
                    }
                });
            }
            Op::Tell(name) => {
                let parent = self.execution.parent.as_ref().map(|parent| parent.instance_id.to_string());
                let data = Some(Payload::from(told_data(&self.execution, task)));
                let instance_id = parent.unwrap_or_else(|| format!("{}.nobody", self.execution.instance_id));
                actions.push(Action::SendEvent { task, instance_id, name, data });
                slot.part = Some("w".to_owned());
            }
        }
        self.slots.push(slot);
    }

    fn end(&mut self) -> Action {
        // Nothing follows. If something does, it shows as stray and must not end the orchestration again.
        self.slots.push(Slot {
            op: Op::Sleep(0),
            task: TaskId(u32::MAX),
            rival: None,
            lost: None,
            won: None,
            due_at: Timestamp::default(),
            part: None,
        });
        let carried = self.parts.join(";");
        let generation = self.input.generation + 1;
        if generation < self.program.generations {
            let input = Input { generation, carried, filling: filling(self.program.input_bytes, 1) };
            let version = Some(format!("g{generation}"));
            return Action::ContinueAsNew { input: Some(input.to_payload()), version, keep_events: self.keeps_events };
        }
        let output = format!("{carried};o{}", filling(self.program.output_bytes, 2));
        Action::Complete { output: Some(Payload::from(output)) }
    }

    fn next_task(&mut self) -> TaskId {
        self.tasks += 1;
        TaskId(self.tasks - 1)
    }
}

impl Guest for Interpreter {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        Ok(turns.iter().map(|turn| self.turn(turn)).collect())
    }

    fn memory_bytes(&self) -> usize {
        4_096
    }
}

/// What an event carries that an orchestration sends.
pub(crate) fn told_data(execution: &Execution, task: TaskId) -> String {
    format!("told {} {task}", execution.execution_id)
}

fn retry(max_attempts: u32) -> RetryPolicy {
    RetryPolicy {
        max_attempts,
        first_interval_ms: RETRY_FIRST_MS,
        backoff_coefficient: 2.0,
        max_interval_ms: Some(20_000),
        retry_timeout_ms: None,
        non_retriable_kinds: Vec::new(),
    }
}

/// Which task an event settles, and how.
fn told(event: &Event) -> (TaskId, Result<&str, &Failure>) {
    fn text(payload: Option<&Payload>) -> &str {
        payload.map(Payload::as_str).unwrap_or_default()
    }
    match event {
        Event::ActivityCompleted { task, output } | Event::ChildCompleted { task, output } => {
            (*task, Ok(text(output.as_ref())))
        }
        Event::EventRaised { task, data } => (*task, Ok(text(data.as_ref()))),
        Event::ActivityFailed { task, failure } | Event::ChildFailed { task, failure } => (*task, Err(failure)),
        Event::TimerFired { task } => (*task, Ok("")),
    }
}

/// The tags of an instance that a client starts.
pub(crate) fn tags_of(root: &str, life: usize) -> BTreeMap<String, String> {
    BTreeMap::from([(ROOT.to_owned(), root.to_owned()), (LIFE.to_owned(), life.to_string())])
}
