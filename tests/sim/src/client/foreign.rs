//! What clients of DurableTask do, and those who know nothing of the family that an id belongs to.

use dotnet::{Creation, DotNet};
use engine::{EventKind, ExecutionId, RuntimeStatus};
use store::{CreateError, CreateInstance, ExistingInstance};

use super::{Client, PAUSE, PURGED_AFTER, in_time, start};
use crate::plan::{By, Life, Spoiling};
use crate::program::BROKEN;
use crate::program::guest::{Input, tags_of};

/// What runs under the id of somebody's child.
const STRANGER: &str = "p0";

impl Client {
    /// Creates a life as a client of DurableTask does it, whatever has the id.
    pub(super) async fn create_as_dotnet(&self, dotnet: &DotNet, life: &Life) -> ExecutionId {
        let tags = tags_of(self.instance_id.as_str(), self.life);
        let tags: Vec<(&str, &str)> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let input = Input::first(0).to_payload();
        self.say(|| format!("starts {} life {} as {} by DurableTask", self.instance_id, self.life, life.program));
        for attempt in 0_u32.. {
            let execution_id = self.new_execution(&format!("n{attempt}"));
            let creation = Creation {
                instance: self.instance_id.as_str(),
                program: &life.program,
                execution: &execution_id.to_string(),
                input: Some(input.as_str()),
                tags: &tags,
                starts_in: life.scheduled_start.map(|after| after.as_secs()),
            };
            match dotnet.create(creation).await {
                Ok(()) => {
                    self.until_begun(execution_id).await;
                    return execution_id;
                }
                // Somebody has changed the row meanwhile, and the user tries again.
                Err(error) => self.say(|| format!("start of {}: {error}", self.instance_id)),
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.new_execution("")
    }

    /// Waits until an execution has the id whose row is there before it has ended the one before it. What is sent to it
    /// earlier, the one before throws away.
    async fn until_begun(&self, execution_id: ExecutionId) {
        loop {
            let history = self.hosts.observer.read(&self.instance_id).map(|(_, history)| history);
            let started = history.unwrap_or_default().into_iter().find_map(|event| match event.kind {
                EventKind::ExecutionStarted(started) => Some(started),
                _ => None,
            });
            if started.is_some_and(|started| started.lineage().is_known_as(execution_id)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Terminates whatever runs.
    pub(super) async fn terminate_any(&self) {
        let Some(dotnet) = &self.dotnet else { return };
        let reason = format!("enough of {}", self.instance_id);
        self.hosts.world.checks().allowed.terminations.insert(reason.clone());
        self.say(|| format!("sends {} {reason}", self.instance_id));
        if let Err(error) = dotnet.terminate(self.instance_id.as_str(), &reason).await {
            self.say(|| format!("terminating {}: {error}", self.instance_id));
        }
    }

    /// Rewinds as a client of DurableTask does it; as a client of Rondo where such a client gives up.
    pub(super) async fn rewind_as_dotnet(&self, dotnet: &DotNet) {
        self.say(|| format!("rewinds {} by DurableTask", self.instance_id));
        if let Err(error) = dotnet.rewind(self.instance_id.as_str(), "again").await {
            self.say(|| format!("rewinding {}: {error}", self.instance_id));
            self.send(self.control(crate::plan::Control::Rewind, self.life)).await;
        }
    }

    /// Takes the ids of failed children from their parents.
    pub(super) async fn spoil(&self, spoiling: Spoiling) {
        tokio::time::sleep(PURGED_AFTER).await;
        let root = tags_of(self.instance_id.as_str(), self.life);
        for (number, row) in self.hosts.observer.rows().unwrap_or_default().into_iter().enumerate() {
            let state = row.state;
            let has_failed = state.status == RuntimeStatus::Failed
                && state.failure.as_ref().is_some_and(|failure| failure.kind == BROKEN);
            if state.tags != root || state.instance_id == self.instance_id || !has_failed {
                continue;
            }
            {
                let mut checks = self.hosts.world.checks();
                checks.allowed.purged.insert(state.instance_id.clone());
                checks.allowed.spoiled.insert(state.instance_id.clone());
            }
            let execution_id = self.new_execution(&format!("s{number}"));
            let (execution, input) = (execution_id.to_string(), Input::first(0).to_payload());
            match (spoiling, &self.dotnet) {
                (Spoiling::Purged, _) => self.purge_of(&state.instance_id).await,
                (Spoiling::Replaced(By::DotNet), Some(dotnet)) => {
                    let creation = Creation {
                        instance: state.instance_id.as_str(),
                        program: STRANGER,
                        execution: &execution,
                        input: Some(input.as_str()),
                        ..Creation::default()
                    };
                    let created = dotnet.create(creation).await;
                    self.say(|| format!("takes {} by DurableTask: {created:?}", state.instance_id));
                }
                (Spoiling::Replaced(_), _) => {
                    let now = store::Clock::now(&self.hosts.world.clock);
                    let start = start(execution_id, STRANGER, 0, now);
                    let (instance_id, existing) = (state.instance_id.clone(), ExistingInstance::ReplaceEnded);
                    let new = CreateInstance { instance_id, start, existing };
                    self.say(|| format!("takes {}", state.instance_id));
                    while !matches!(
                        in_time(self.hosts.client(self.through).create(new.clone())).await,
                        Some(Ok(()) | Err(CreateError::Exists(_)))
                    ) {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }
}
