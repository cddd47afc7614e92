//! A shard alone, driven by hand: no threads, no tokio, no time.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{EngineRevision, ExecutionId, ExecutionStarted, HistoryChange, InstanceId, Message, Timestamp};
use store::{Envelope, InstanceRow, MessageId, Snapshot, Token, TurnCommit, WorkItem, pending_state};
use worker::shard::{ActivityKey, Config, Effect, Input, Shard};

use crate::guests::{Closures, Guests};
use crate::world::id;

/// A shard, what is stored of its instances, and what it wanted done last.
pub(crate) struct Bench {
    pub(crate) shard: Shard,
    pub(crate) now: Timestamp,
    pub(crate) stored: BTreeMap<InstanceId, Snapshot>,
    messages: u64,
}

impl Bench {
    pub(crate) fn new(runtime: &Arc<Closures>) -> Self {
        Self::with(runtime, Config { warm_bytes_max: usize::MAX, warm_max: usize::MAX, busy_max: usize::MAX })
    }

    pub(crate) fn with(runtime: &Arc<Closures>, config: Config) -> Self {
        Self {
            shard: Shard::new(config, Box::new(Guests(Arc::clone(runtime)))),
            now: Timestamp::from_millis(1_000_000),
            stored: BTreeMap::new(),
            messages: 0,
        }
    }

    /// Tells the shard something and lets it run what it can.
    pub(crate) fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.tell_all([input])
    }

    /// Tells it several things before it runs anything.
    pub(crate) fn tell_all(&mut self, inputs: impl IntoIterator<Item = Input>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for input in inputs {
            self.shard.handle(input, self.now, &mut effects);
        }
        while self.shard.run_next(self.now, EngineRevision::NEWEST, &mut effects) {}
        effects
    }

    /// Stores a pending instance; answers with its start as a work item.
    pub(crate) fn create(&mut self, instance: &str, name: &str) -> Input {
        let start = ExecutionStarted::new(ExecutionId::from_bytes([9; 16]), name, self.now);
        let row = InstanceRow {
            state: pending_state(id(instance), &start),
            held: None,
            last_event: None,
            revision: 1,
            wake_at: None,
        };
        let snapshot = Snapshot {
            token: Token("1".into()),
            row,
            history: Vec::new(),
            damage: None,
            taken_in: Vec::new(),
            is_unfinished: false,
        };
        self.stored.insert(id(instance), snapshot);
        self.work(instance, vec![Message::Start(Box::new(start))])
    }

    /// Stores a pending instance in the place of one that has ended, whose history stays until the first turn.
    pub(crate) fn replace(&mut self, instance: &str, name: &str) {
        let history = std::mem::take(&mut self.stored.get_mut(&id(instance)).unwrap().history);
        self.create(instance, name);
        let snapshot = self.stored.get_mut(&id(instance)).unwrap();
        snapshot.history = history;
        snapshot.row.state.execution_id = ExecutionId::from_bytes([10; 16]);
    }

    pub(crate) fn work(&mut self, instance: &str, messages: Vec<Message>) -> Input {
        let envelopes = messages
            .into_iter()
            .map(|message| {
                self.messages += 1;
                Envelope { id: MessageId(self.messages), message }
            })
            .collect();
        Input::Work(WorkItem { instance_id: id(instance), messages: envelopes })
    }

    pub(crate) fn loaded(&self, instance: &str) -> Input {
        let snapshot = self.stored.get(&id(instance)).cloned();
        Input::Loaded { instance_id: id(instance), result: Ok(snapshot.map(Box::new)) }
    }

    pub(crate) fn prepared(instance: &str) -> Input {
        Input::Prepared { instance_id: id(instance), result: Ok(()) }
    }

    /// Stores what is to be committed; answers with the success.
    pub(crate) fn committed(&mut self, commit: &TurnCommit) -> Input {
        let snapshot = self.stored.get_mut(&commit.instance_id).unwrap();
        assert_eq!(snapshot.token, commit.token, "a stale commit was taken for a good one");
        match commit.history.clone() {
            HistoryChange::None => {}
            HistoryChange::Append { events } => snapshot.history.extend(events),
            HistoryChange::Replace { events } => snapshot.history = events,
        }
        snapshot.row.state = commit.state.clone();
        snapshot.row.wake_at = commit.wake_at;
        snapshot.row.revision += 1;
        snapshot.token = Token(snapshot.row.revision.to_string().into());
        Input::Committed { instance_id: commit.instance_id.clone(), result: Ok(snapshot.token.clone()) }
    }

    /// Brings a new instance to its first commit, not yet answered.
    pub(crate) fn first_commit(&mut self, instance: &str, name: &str) -> TurnCommit {
        let start = self.create(instance, name);
        assert_eq!(names(&self.tell(start)), ["load"]);
        assert_eq!(names(&self.tell(self.loaded(instance))), ["prepare"]);
        commit_in(self.tell(Self::prepared(instance)))
    }

    /// Brings a new instance past its first commit; answers with the activities that began.
    pub(crate) fn first_turn(&mut self, instance: &str, name: &str) -> Vec<ActivityKey> {
        let commit = self.first_commit(instance, name);
        let committed = self.committed(&commit);
        activities_in(&self.tell(committed))
    }
}

/// What each effect is, in a word.
pub(crate) fn names(effects: &[Effect]) -> Vec<&'static str> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Load { .. } => "load",
            Effect::Prepare { .. } => "prepare",
            Effect::Commit { .. } => "commit",
            Effect::Hold { .. } => "hold",
            Effect::RunActivity { .. } => "run",
            Effect::CancelActivity(_) => "cancel",
            Effect::Abandon(_) => "abandon",
            Effect::GuestLog { .. } => "log",
            Effect::Tell(_) => "tell",
            Effect::Notice(_) => "notice",
        })
        .collect()
}

/// The one commit, which is the only effect.
pub(crate) fn commit_in(effects: Vec<Effect>) -> TurnCommit {
    assert_eq!(names(&effects), ["commit"], "{effects:?}");
    let Some(Effect::Commit { commit, .. }) = effects.into_iter().next() else { unreachable!() };
    *commit
}

pub(crate) fn activities_in(effects: &[Effect]) -> Vec<ActivityKey> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::RunActivity { task, .. } => Some(ActivityKey::of(task)),
            _ => None,
        })
        .collect()
}

pub(crate) fn done(key: ActivityKey) -> Input {
    Input::ActivityDone { key, result: Ok(None), span: None }
}
