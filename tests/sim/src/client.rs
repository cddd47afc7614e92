//! What clients do, as stubbornly as the manual says they must.

mod control;
mod foreign;

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use dotnet::DotNet;
use engine::{EventKey, ExecutionId, ExecutionStarted, InstanceId, Message, Payload, RuntimeStatus, Timestamp};
use futures_util::future::join_all;
use store::{CreateError, CreateInstance, ExistingInstance, InstanceError, InstanceRow, StorageError};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::addressed;
use crate::check::ending;
use crate::hosts::Hosts;
use crate::plan::{By, Control, Deed, Life, Script};
use crate::program::guest::{Input, tags_of};
use crate::program::{BROKEN, filling, shown};
use crate::trace::Who;
use crate::world::{Rule, Violation};

/// A client does not wait for longer, and asks again.
const TIME_OUT: Duration = Duration::from_mins(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(700);
/// Between two looks at an instance.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A request that was repeated may still be carried out this late. A first commit would find nothing in its way any more
/// if the instance had been purged by then.
const PURGED_AFTER: Duration = Duration::from_secs(45);

/// Events that are sent at the same time.
const BURST: usize = 64;

/// One id and what is done with it.
pub(crate) struct Client {
    hosts: Rc<Hosts>,
    /// Which script it plays, so that no two clients make up the same ids.
    number: usize,
    instance_id: InstanceId,
    life: usize,
    /// The executions that were created, by life.
    executions: Vec<ExecutionId>,
    /// Messages that are under way for long.
    late: JoinSet<()>,
    dotnet: Option<DotNet>,
    through: Option<usize>,
    /// Events sent so far, over all lives.
    events: u32,
    /// Names of those that this life asks for.
    raised: Vec<String>,
}

/// Plays a script to its end.
pub(crate) async fn play(hosts: Rc<Hosts>, number: usize, script: Script) {
    let Ok(instance_id) = InstanceId::new(&script.instance) else { return };
    let dotnet = hosts.hub.dotnet(&hosts.world, &hosts.observer);
    let mut client = Client {
        hosts,
        number,
        instance_id,
        life: 0,
        executions: Vec::new(),
        late: JoinSet::new(),
        dotnet,
        through: None,
        events: 0,
        raised: Vec::new(),
    };
    for (number, life) in script.lives.iter().enumerate() {
        client.life = number;
        client.through = life.through;
        client.raised.clear();
        client.live(life).await;
    }
    while client.late.join_next().await.is_some() {}
}

impl Client {
    async fn live(&mut self, life: &Life) {
        tokio::time::sleep(life.pause).await;
        match &self.dotnet {
            Some(dotnet) if life.creator == By::DotNet => {
                let execution_id = self.create_as_dotnet(dotnet, life).await;
                self.executions.push(execution_id);
            }
            _ => self.create(life).await,
        }
        let began = Instant::now();
        for (at, deed) in &life.deeds {
            tokio::time::sleep_until(began + *at).await;
            self.act(deed).await;
        }
        if let Some(after) = life.cut_short {
            tokio::time::sleep_until(began + after).await;
            return;
        }
        self.until_ended(life).await;
        self.check(life);
        if life.is_purged {
            tokio::time::sleep(PURGED_AFTER).await;
            self.purge().await;
        }
    }

    async fn create(&mut self, life: &Life) {
        let now = store::Clock::now(&self.hosts.world.clock);
        let execution_id = self.new_execution("");
        self.executions.push(execution_id);
        let start = ExecutionStarted {
            version: Some(format!("l{}", self.life)),
            tags: tags_of(self.instance_id.as_str(), self.life),
            scheduled_start: life.scheduled_start.map(|after| now.saturating_add(after)),
            ..start(execution_id, &life.program, life.input_bytes, now)
        };
        let existing = ExistingInstance::ReplaceEnded;
        let new = CreateInstance { instance_id: self.instance_id.clone(), start, existing };
        self.say(|| format!("starts {} life {} as {}", self.instance_id, self.life, life.program));
        loop {
            let client = self.hosts.client(self.through);
            match in_time(client.create(new.clone())).await {
                Some(Ok(())) => break,
                Some(Err(CreateError::Exists(_))) if self.row().await.is_some_and(|row| self.is_of_this_life(&row)) => {
                    break;
                }
                Some(Err(error)) => self.say(|| format!("start of {}: {error}", self.instance_id)),
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.say(|| format!("has started {}", self.instance_id));
    }

    async fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Raise { name, bytes } => {
                self.raised.push(name.clone());
                let event = self.event(name, *bytes);
                self.send(event).await;
            }
            Deed::Suspend { time } => {
                self.send(self.control(Control::Suspend, self.life)).await;
                tokio::time::sleep(*time).await;
                self.send(self.control(Control::Resume, self.life)).await;
            }
            Deed::Terminate { recurse } => {
                let Message::Terminate { reason, execution_id, .. } = self.control(Control::Terminate, self.life)
                else {
                    return;
                };
                self.send(Message::Terminate { reason, recurse: *recurse, execution_id }).await;
            }
            Deed::TerminateAny => self.terminate_any().await,
            Deed::Burst { name, count } => {
                let events: Vec<Message> = (0..*count).map(|_| self.event(name, 0)).collect();
                self.raised.extend(std::iter::repeat_n(name.clone(), events.len()));
                for events in events.chunks(BURST) {
                    join_all(events.iter().map(|event| self.send(event.clone()))).await;
                }
            }
            Deed::Late { control, after } => self.send_late(*control, *after),
            Deed::Earlier { control } => self.send_to_earlier(*control).await,
            Deed::Release => {
                let component = self.row().await.and_then(|row| row.state.component);
                let _ = in_time(self.hosts.client(self.through).release(&self.instance_id, component)).await;
            }
        }
    }

    /// An external event for this life.
    fn event(&mut self, name: &str, bytes: usize) -> Message {
        self.event_for(self.life, name, bytes)
    }

    fn event_for(&mut self, life: usize, name: &str, bytes: usize) -> Message {
        self.events += 1;
        let whose = addressed::name(self.instance_id.as_str(), life);
        let data = format!("{name}{whose}, {} {}", self.events, filling(bytes, 3));
        self.hosts.world.checks().allowed.sent.insert(shown(&data));
        let mut key = [0; 16];
        key.iter_mut().zip(format!("{}/{}", self.events, self.number).bytes()).for_each(|(to, from)| *to = from);
        let data = Some(Payload::from(data));
        let (name, key) = (name.to_owned(), EventKey::from_bytes(key));
        Message::RaiseEvent { name, data, key, execution_id: None }
    }

    /// Mends what is broken, and reopens the instance that failed with this row. Events that found it ended are lost, so
    /// all are raised again. It may fail once more, by a child that had failed unheard.
    async fn rewind(&mut self, life: &Life, failed: &InstanceRow) {
        if let Some(spoiling) = life.spoiling {
            self.spoil(spoiling).await;
        }
        let root = self.instance_id.to_string();
        self.hosts.world.mend(&root);
        self.hosts.world.checks().allowed.rewound.insert(root);
        match &self.dotnet {
            Some(dotnet) if life.rewinder == By::DotNet => self.rewind_as_dotnet(dotnet).await,
            _ => self.send(self.control(Control::Rewind, self.life)).await,
        }
        // What comes before the rewind is taken in as well, and records nothing.
        let recorded = |row: &InstanceRow| (row.state.execution_id, row.last_event);
        let statuses = [RuntimeStatus::Failed, RuntimeStatus::Pending];
        let is_as_before =
            |row: &InstanceRow| statuses.contains(&row.state.status) && recorded(row) == recorded(failed);
        while self.row().await.is_none_or(|row| is_as_before(&row)) {
            tokio::time::sleep(PAUSE).await;
        }
        for name in self.raised.clone() {
            let event = self.event(&name, 0);
            self.send(event).await;
        }
    }

    /// Sends a message; one that can be told from a repeat, or does no harm twice.
    async fn send(&self, message: Message) {
        send(&self.hosts, &self.instance_id, self.through, message).await;
    }

    async fn until_ended(&mut self, life: &Life) {
        loop {
            if let Some(row) = self.row().await.filter(|row| self.is_of_this_life(row)) {
                let state = &row.state;
                match state.status {
                    RuntimeStatus::Failed if state.failure.as_ref().is_some_and(|failure| failure.kind == BROKEN) => {
                        self.rewind(life, &row).await;
                    }
                    status if status.is_terminal() => break,
                    // Somebody's messages came in another order than they were sent.
                    RuntimeStatus::Suspended => self.send(self.control(Control::Resume, self.life)).await,
                    _ => {}
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.say(|| format!("sees the end of {}", self.instance_id));
    }

    fn check(&self, life: &Life) {
        let Some((Some(row), history)) = self.hosts.observer.read(&self.instance_id) else { return };
        let world = &self.hosts.world;
        let raised = world.checks().raised(self.instance_id.as_str(), self.life);
        world.checked(ending::check_events(&row, &history, &raised));
        world.checked(ending::check(world, &row, history, life.input_bytes));
    }

    async fn purge(&self) {
        self.purge_of(&self.instance_id).await;
    }

    async fn purge_of(&self, instance_id: &InstanceId) {
        self.say(|| format!("purges {instance_id}"));
        self.hosts.world.checks().allowed.purged.insert(instance_id.clone());
        loop {
            let client = self.hosts.client(self.through);
            match in_time(client.purge(instance_id)).await {
                Some(Ok(()) | Err(InstanceError::NotFound(_))) => break,
                // Somebody has started it again meanwhile.
                Some(Err(InstanceError::WrongStatus(_))) if *instance_id != self.instance_id => break,
                Some(Err(error)) => self.say(|| format!("purge of {instance_id}: {error}")),
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.hosts.observer.look(instance_id);
        self.say(|| format!("has purged {instance_id}"));
        self.check_others(instance_id).await;
    }

    /// Everybody else is as readable as before.
    async fn check_others(&self, purged: &InstanceId) {
        let others: Vec<InstanceId> = self.hosts.world.checks().must_exist().cloned().collect();
        let cannot_be_read = |other: &&InstanceId| self.hosts.observer.read(other).is_none();
        let unread: Vec<&InstanceId> = others.iter().filter(cannot_be_read).collect();
        if unread.is_empty() {
            return;
        }
        // Some may just have been in the middle of a change.
        tokio::time::sleep(TIME_OUT).await;
        if let Some(other) = unread.into_iter().find(cannot_be_read) {
            let text = format!("it cannot be read since {purged} was purged");
            self.hosts.world.checked(Err(Violation::new(Rule::PurgesSpareOthers, other, text)));
        }
    }

    async fn row(&self) -> Option<InstanceRow> {
        let client = self.hosts.client(self.through);
        let row: Result<_, StorageError> = in_time(client.get(&self.instance_id)).await?;
        row.ok()?
    }

    /// An id for an execution of this life.
    fn new_execution(&self, suffix: &str) -> ExecutionId {
        let mut id = [0; 16];
        let text = format!("{}/{}{suffix}", self.number, self.life);
        id.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        ExecutionId::from_bytes(id)
    }

    fn is_of_this_life(&self, row: &InstanceRow) -> bool {
        addressed::is_of(&row.state.tags, self.instance_id.as_str(), self.life)
    }

    fn say(&self, text: impl FnOnce() -> String) {
        self.hosts.world.trace.say(Who::Client, text);
    }
}

/// The start of an execution that nobody has asked anything special of.
fn start(execution_id: ExecutionId, program: &str, input_bytes: usize, now: Timestamp) -> ExecutionStarted {
    ExecutionStarted {
        input: Some(Input::first(input_bytes).to_payload()),
        ..ExecutionStarted::new(execution_id, program, now)
    }
}

/// Sends a message until there is an answer to that.
async fn send(hosts: &Hosts, instance_id: &InstanceId, through: Option<usize>, message: Message) {
    let say = |text: &dyn Fn() -> String| hosts.world.trace.say(Who::Client, text);
    say(&|| format!("sends {instance_id} {:.80}", message.to_string()));
    loop {
        match in_time(hosts.client(through).send(instance_id, message.clone())).await {
            Some(Ok(()) | Err(InstanceError::WrongStatus(_) | InstanceError::NotFound(_))) => return,
            Some(Err(error)) => say(&|| format!("sending to {instance_id}: {error}")),
            None => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The answer, if it comes in time.
async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(TIME_OUT, answer).await.ok()
}
