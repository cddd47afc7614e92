//! Committing a turn.
//!
//! ```text
//! 1 history   event rows, outbox row and sentinel in one transaction, If-Match the sentinel   ← the fence
//! 2 outbox    messages into the queues of their receivers
//! 3 row       Insert, or Merge If-Match; only when a reader could see a difference
//! 4 inbox     the consumed messages are deleted; one may stay as the lease
//! ```
//!
//! A first commit does 3 before 2: until there is a sentinel, the row alone tells which execution has the id.
//! On any conflict **the sentinel decides**: if it carries this commit's id, this host is the rightful owner, whatever
//! happened to a reply or to the row, and goes on; if not, it is stale.

mod batches;
mod history;
mod inbox;
mod plan;
mod row;

pub(crate) use row::instance_key;

use engine::InstanceId;
use store::{CommitError, MessageId, Outcome, StorageError, Token, TurnCommit};
use tokio::time::Instant;

use self::plan::Plan;
use self::row::WrittenRow;
use crate::core::Core;
use crate::steady;
use crate::version::Version;

/// Why a step of a commit was not taken.
#[derive(Debug)]
enum Step {
    /// Somebody else moved the instance on.
    Stale,
    /// Storage failed, and this is what is known of the step.
    Failed(azure::Error),
}

impl From<azure::Error> for Step {
    fn from(error: azure::Error) -> Self {
        Self::Failed(error)
    }
}

impl Core {
    /// See [`store::WorkSource::commit`].
    pub(crate) async fn commit(&self, turn: TurnCommit) -> Result<Token, CommitError> {
        self.check_open("commit")?;
        let partition = self.partition_of(&turn.instance_id);
        self.check_owned(&turn.instance_id)?;
        let Some(version) = Version::of(&turn.token) else { return Err(self.stale(&turn).await) };
        if !self.dispatch.state().is_of_this_term(partition, MessageId(version.term), &turn.consumed) {
            self.wake_anew(&turn);
            return Err(CommitError::NotOwned { instance_id: turn.instance_id });
        }
        turn.last_event_after(version.last_event())?;
        // Until there is a history, only the start itself vouches for the turn: where it has lapsed, somebody else may have
        // begun the instance, and a client may have purged it since.
        let is_first = version.history.is_none();
        if is_first && self.dispatch.state().has_lapsed(&turn.instance_id, &turn.consumed, Instant::now()) {
            let problem = "the start of the instance has been out of hand";
            return Err(CommitError::Storage(StorageError::new("commit", Outcome::Unknown, problem)));
        }
        let plan = self.plan(&turn, version, partition);
        match self.carry_out(&turn, &plan).await {
            Ok(version) => {
                self.set_finished(&plan.sentinel.commit);
                self.rows_changed.notify_waiters();
                Ok(version.to_token())
            }
            Err(Step::Stale) => Err(self.stale(&turn).await),
            Err(Step::Failed(error)) => Err(CommitError::Storage(steady::failure("commit", error))),
        }
    }

    /// Has an instance handed out again, without which nobody would load it: what this turn was made of may have come of
    /// this term, a wake-up or the result of an activity that was begun in it.
    fn wake_anew(&self, turn: &TurnCommit) {
        let ready_at = self.now().saturating_add(store::limits::ABANDONED_REST);
        self.dispatch.change(|state| state.given_back(&turn.instance_id, &turn.consumed, true, ready_at));
    }

    async fn carry_out(&self, turn: &TurnCommit, plan: &Plan) -> Result<Version, Step> {
        let history = self.commit_history(turn, plan).await?;
        // From here on the turn is committed; what is not seen through is left to the next load.
        match self.follow_up(turn, plan).await {
            Ok(row) => Ok(plan.next_version(turn, history, row)),
            Err(Step::Stale) => Err(Step::Stale),
            Err(Step::Failed(error)) => {
                self.set_unfinished(&plan.sentinel.commit);
                let problem = format!("the turn is committed, what follows from it is not: {error}");
                Err(Step::Failed(azure::Error::Ambiguous(problem)))
            }
        }
    }

    /// Steps 2 to 4. Answers the row if it was written.
    async fn follow_up(&self, turn: &TurnCommit, plan: &Plan) -> Result<Option<WrittenRow>, Step> {
        let is_first = plan.is_first();
        let early = if is_first { self.commit_row(turn, plan).await? } else { None };
        let sender = Some((&turn.instance_id, turn.state.execution_id));
        self.put_all(sender, &turn.outbox).await?;
        let put = self.put_wakes(turn, plan).await?;
        let row = if is_first { early } else { self.commit_row(turn, plan).await? };
        self.commit_inbox(turn, plan, put);
        Ok(row)
    }

    /// What a stale commit is told, and what becomes of its messages.
    async fn stale(&self, turn: &TurnCommit) -> CommitError {
        let TurnCommit { instance_id, token, consumed, .. } = turn;
        let ready_at = self.now().saturating_add(store::limits::ABANDONED_REST);
        self.dispatch.change(|state| {
            state.give_up_lease(instance_id);
            state.given_back(instance_id, consumed, false, ready_at);
        });
        let stored = self.stored_token(instance_id).await.unwrap_or_else(|error| {
            tracing::debug!(instance_id = %instance_id, %error, "what is stored could not be read");
            None
        });
        CommitError::Stale { instance_id: instance_id.clone(), held: token.clone(), stored }
    }

    async fn stored_token(&self, instance_id: &InstanceId) -> Result<Option<Token>, StorageError> {
        let stored = self.read_heads(instance_id).await?;
        let term = self.dispatch.state().term(self.partition_of(instance_id));
        Ok(stored.version(term).map(|version| version.to_token()))
    }
}

/// For what must not happen, but would be a bug of ours rather than a reason to stop the host.
fn refused(problem: &str) -> azure::Error {
    azure::Error::Refused(azure::Refused { status: 0, code: "Unstorable".to_owned(), message: problem.to_owned() })
}
