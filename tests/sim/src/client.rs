//! What clients do, as stubbornly as the manual says they must.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use engine::{EventKey, ExecutionId, ExecutionStarted, InstanceId, Message, Payload, RuntimeStatus};
use store::{CreateError, CreateInstance, ExistingInstance, InstanceError, InstanceRow, StorageError};
use tokio::time::Instant;

use crate::check::ending;
use crate::hosts::Hosts;
use crate::plan::{Deed, Life, Script};
use crate::program::guest::{Input, tags_of};
use crate::program::{BROKEN, filling, shown};
use crate::trace::Who;

/// A client does not wait for longer, and asks again.
const TIME_OUT: Duration = Duration::from_mins(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(700);
/// Between two looks at an instance.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// A request that was repeated may still be carried out this late. A first commit would find nothing in its way any more
/// if the instance had been purged by then.
const PURGED_AFTER: Duration = Duration::from_secs(45);

/// The tag that tells one life of an id from the next.
const LIFE: &str = "life";

/// One id and what is done with it.
pub(crate) struct Client {
    hosts: Rc<Hosts>,
    instance_id: InstanceId,
    life: usize,
    through: Option<usize>,
    /// Events sent so far, over all lives.
    events: u32,
    /// Names of those that this life asks for.
    raised: Vec<String>,
}

/// Plays a script to its end.
pub(crate) async fn play(hosts: Rc<Hosts>, script: Script) {
    let Ok(instance_id) = InstanceId::new(&script.instance) else { return };
    let mut client = Client { hosts, instance_id, life: 0, through: None, events: 0, raised: Vec::new() };
    for (number, life) in script.lives.iter().enumerate() {
        client.life = number;
        client.through = life.through;
        client.raised.clear();
        client.live(life).await;
    }
}

impl Client {
    async fn live(&mut self, life: &Life) {
        tokio::time::sleep(life.pause).await;
        self.create(life).await;
        let began = Instant::now();
        for (at, deed) in &life.deeds {
            tokio::time::sleep_until(began + *at).await;
            self.act(deed).await;
        }
        self.until_ended().await;
        self.check(life);
        if life.is_purged {
            tokio::time::sleep(PURGED_AFTER).await;
            self.purge().await;
        }
    }

    async fn create(&self, life: &Life) {
        let now = store::Clock::now(&self.hosts.world.clock);
        let mut tags = tags_of(self.instance_id.as_str());
        tags.insert(LIFE.to_owned(), self.life.to_string());
        let mut execution = [0; 16];
        execution
            .iter_mut()
            .zip(format!("{}/{}", self.instance_id, self.life).bytes())
            .for_each(|(to, from)| *to = from);
        let start = ExecutionStarted {
            execution_id: ExecutionId::from_bytes(execution),
            name: life.program.clone(),
            version: Some(format!("l{}", self.life)),
            input: Some(Input::first(life.input_bytes).to_payload()),
            tags,
            parent: None,
            scheduled_start: life.scheduled_start.map(|after| now.saturating_add(after)),
            created_at: now,
            component: None,
            generation: 0,
            trace_context: None,
            earlier_events: None,
            engine_revision: engine::EngineRevision::OLDEST,
            first_execution: None,
            left_children: None,
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
                self.raise(name, *bytes).await;
            }
            Deed::Suspend { time } => {
                self.send(Message::Suspend { reason: None, execution_id: None }).await;
                tokio::time::sleep(*time).await;
                self.send(Message::Resume { reason: None, execution_id: None }).await;
            }
            Deed::Terminate { recurse } => {
                let reason = format!("enough of {}", self.instance_id);
                self.hosts.world.checks().allowed.terminations.insert(reason.clone());
                let reason = Some(Payload::from(reason));
                self.send(Message::Terminate { reason, recurse: *recurse, execution_id: None }).await;
            }
            Deed::Release => {
                let component = self.row().await.and_then(|row| row.state.component);
                let _ = in_time(self.hosts.client(self.through).release(&self.instance_id, component)).await;
            }
        }
    }

    async fn raise(&mut self, name: &str, bytes: usize) {
        self.events += 1;
        let data = format!("{name} {} {} {}", self.instance_id, self.events, filling(bytes, 3));
        self.hosts.world.checks().allowed.sent.insert(shown(&data));
        let mut key = [0; 16];
        key.iter_mut().zip(format!("{}/{}", self.events, self.instance_id).bytes()).for_each(|(to, from)| *to = from);
        let data = Some(Payload::from(data));
        let (name, key) = (name.to_owned(), EventKey::from_bytes(key));
        self.send(Message::RaiseEvent { name, data, key, execution_id: None }).await;
    }

    /// Mends what is broken, and reopens the instance that failed with this row. Events that found it ended are lost, so
    /// all are raised again. It may fail once more, by a child that had failed unheard.
    async fn rewind(&mut self, failed: &InstanceRow) {
        let root = self.instance_id.to_string();
        self.hosts.world.mend(&root);
        self.hosts.world.checks().allowed.rewound.insert(root);
        self.send(Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }).await;
        // What comes before the rewind is taken in as well, and records nothing.
        let recorded = |row: &InstanceRow| (row.state.execution_id, row.last_event);
        let is_as_before =
            |row: &InstanceRow| row.state.status == RuntimeStatus::Failed && recorded(row) == recorded(failed);
        while self.row().await.is_none_or(|row| is_as_before(&row)) {
            tokio::time::sleep(PAUSE).await;
        }
        for name in self.raised.clone() {
            self.raise(&name, 0).await;
        }
    }

    /// Sends a message; one that can be told from a repeat, or does no harm twice.
    async fn send(&self, message: Message) {
        self.say(|| format!("sends {} {:.80}", self.instance_id, message.to_string()));
        loop {
            let client = self.hosts.client(self.through);
            match in_time(client.send(&self.instance_id, message.clone())).await {
                Some(Ok(()) | Err(InstanceError::WrongStatus(_) | InstanceError::NotFound(_))) => return,
                Some(Err(error)) => self.say(|| format!("sending to {}: {error}", self.instance_id)),
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn until_ended(&mut self) {
        loop {
            if let Some(row) = self.row().await.filter(|row| self.is_of_this_life(row)) {
                let state = &row.state;
                match state.status {
                    RuntimeStatus::Failed if state.failure.as_ref().is_some_and(|failure| failure.kind == BROKEN) => {
                        self.rewind(&row).await;
                    }
                    status if status.is_terminal() => break,
                    // Somebody's messages came in another order than they were sent.
                    RuntimeStatus::Suspended => self.send(Message::Resume { reason: None, execution_id: None }).await,
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
        world.checked(ending::check(world, &row, history, life.input_bytes));
    }

    async fn purge(&self) {
        self.say(|| format!("purges {}", self.instance_id));
        self.hosts.world.checks().allowed.purged.insert(self.instance_id.clone());
        loop {
            let client = self.hosts.client(self.through);
            match in_time(client.purge(&self.instance_id)).await {
                Some(Ok(()) | Err(InstanceError::NotFound(_))) => break,
                Some(Err(error)) => self.say(|| format!("purge of {}: {error}", self.instance_id)),
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.hosts.observer.look(&self.instance_id);
        self.say(|| format!("has purged {}", self.instance_id));
    }

    async fn row(&self) -> Option<InstanceRow> {
        let client = self.hosts.client(self.through);
        let row: Result<_, StorageError> = in_time(client.get(&self.instance_id)).await?;
        row.ok()?
    }

    fn is_of_this_life(&self, row: &InstanceRow) -> bool {
        row.state.tags.get(LIFE).is_some_and(|life| *life == self.life.to_string())
    }

    fn say(&self, text: impl FnOnce() -> String) {
        self.hosts.world.trace.say(Who::Client, text);
    }
}

/// The answer, if it comes in time.
async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(TIME_OUT, answer).await.ok()
}
