//! A client of DurableTask creates an id again while its execution runs.
//!
//! By default such a client replaces whatever there is: it puts the start, then its row in the place of the old one. The
//! old execution ends as by a terminate, so its activities and timers are gone, its children go on, and its parent is
//! told. Only then the start is let in. Clients of Rondo do not do that: they are refused.

use azure::{Condition, Entity, Error, Key, Table, Value, Verb, Write};
use engine::{InstanceId, Message, Payload};

use crate::core::Core;
use crate::dispatch::Hint;
use crate::heads::{HELD, Heads};
use crate::large::Unread;
use crate::layout::message::Replaces;
use crate::layout::sentinel::SENTINEL;
use crate::pump::Admission;

/// What is recorded as the reason.
const REASON: &str = "another execution of this id was created";

impl Core {
    /// Lets in the start that the row is of, or ends what runs before it. `heads`: the row.
    pub(crate) async fn supersede(
        &self,
        to: &InstanceId,
        heads: Heads,
        is_first_sight: bool,
    ) -> Result<Admission, Unread> {
        let Heads { row, .. } = heads;
        let Some(stored) = self.read_sentinel(&Self::key_of(to)).await? else {
            let hint = row.filter(|_| is_first_sight).map(|(row, etag)| Hint::Row { row: Box::new(row), etag });
            return Ok(Admission::Admitted(hint));
        };
        let heads = Heads { sentinel: Some(self.sentinel_of(stored).await?), row };
        if !heads.is_superseded() {
            // Of one that was held, nothing else says that there is work again.
            if heads.is_replaced() {
                self.dispatch.change(|state| state.taken_back(to));
            }
            return Ok(Admission::Admitted(None));
        }
        let Some((sentinel, etag)) = heads.sentinel else { return Ok(Admission::Early) };
        tracing::info!(
            instance_id = %to,
            execution_id = %sentinel.execution_id,
            "a client of DurableTask has created a running instance again: its execution is terminated"
        );
        let message = Message::Terminate {
            reason: Some(Payload::from(REASON)),
            recurse: false,
            execution_id: Some(sentinel.execution_id),
        };
        self.put_message(None, to, message, Replaces::Unsaid, None).await?;
        if sentinel.held.is_some() {
            let mut entity = Entity::new();
            entity.set(HELD, Value::Text(String::new()));
            let key = Key { partition: Self::key_of(to), row: SENTINEL.to_owned() };
            let write = Write { key, verb: Verb::Merge(entity, Condition::Match(etag)) };
            match self.medium.write(Table::History, write).await {
                Ok(_) => self.dispatch.change(|state| state.taken_back(to)),
                // The start comes again, and then this is looked at again.
                Err(Error::Changed | Error::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Admission::Early)
    }
}
