//! What an operation works on while its transaction is open.

use engine::{ExecutionId, InstanceId, Message};
use rusqlite::{Connection, OptionalExtension as _};
use store::MessageId;

use crate::dispatch::{Change, Key, Loaded};
use crate::rows::{inbox, number};
use crate::watchers::Watchers;

/// An open transaction and what becomes true with its commit.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) numbers: &'a mut Numbers,
    pub(crate) ledger: Ledger,
    pub(crate) changes: Vec<Change>,
    pub(crate) watchers: &'a Watchers,
}

/// The next free numbers. They only grow, also when a transaction is rolled back.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) instance: i64,
    pub(crate) message: u64,
}

/// What the writer knows of the tables without reading them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ledger {
    /// Messages that are stored.
    pub(crate) messages: usize,
    /// The highest revision of any purged instance.
    pub(crate) revision_floor: u64,
}

/// A message and its bytes in the file, encoded before the writer has it.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) message: Message,
    pub(crate) body: Vec<u8>,
}

impl Encoded {
    pub(crate) fn new(message: Message) -> Self {
        Self { body: store::codec::encode_message(&message), message }
    }

    /// The same for that execution, unless it names one.
    pub(crate) fn addressed_to(&self, execution_id: ExecutionId) -> Self {
        Self::new(self.message.clone().addressed_to(execution_id))
    }
}

impl Transaction<'_> {
    /// A number for a new instance.
    pub(crate) fn next_instance(&mut self) -> i64 {
        self.numbers.instance += 1;
        self.numbers.instance
    }

    /// Stores a message for an instance that exists.
    pub(crate) fn store_message(&mut self, key: Key, is_held: bool, encoded: &Encoded) -> rusqlite::Result<()> {
        self.numbers.message += 1;
        let id = MessageId(self.numbers.message);
        inbox::insert(self.connection, id, key.number, &encoded.body)?;
        self.ledger.messages += 1;
        let message = Loaded { id, message: encoded.message.clone(), bytes: encoded.body.len() };
        self.changes.push(Change::Stored { key, is_held, message });
        Ok(())
    }

    /// Removes a message, if it is there.
    pub(crate) fn consume_message(&mut self, id: MessageId, instance: i64) -> rusqlite::Result<()> {
        if inbox::delete(self.connection, id, instance)? {
            self.ledger.messages = self.ledger.messages.saturating_sub(1);
        }
        Ok(())
    }

    /// Notes that an instance of this revision is no more.
    pub(crate) fn raise_revision_floor(&mut self, revision: u64) -> rusqlite::Result<()> {
        if revision > self.ledger.revision_floor {
            self.ledger.revision_floor = revision;
            self.connection
                .prepare_cached("UPDATE meta SET value = ?1 WHERE key = 'revision_floor'")?
                .execute([number(revision)])?;
        }
        Ok(())
    }

    /// Where an instance is and whether it is held.
    pub(crate) fn locate(&self, id: &InstanceId) -> rusqlite::Result<Option<Located>> {
        self.connection
            .prepare_cached(
                "SELECT id, revision, last_event, held_code IS NOT NULL FROM instances WHERE instance_id = ?1",
            )?
            .query_row([id.as_str()], |row| {
                Ok(Located {
                    number: row.get(0)?,
                    revision: row.get(1)?,
                    last_event: row.get(2)?,
                    is_held: row.get(3)?,
                })
            })
            .optional()
    }
}

/// What most operations need to know of an instance.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) number: i64,
    pub(crate) revision: i64,
    pub(crate) last_event: i64,
    pub(crate) is_held: bool,
}
