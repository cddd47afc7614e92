//! A medium to test, and its time.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure::fake::FakeAccount;
use azure::{
    Account, Condition, ConnectOptions, Container, Entity, Error, HubName, Key, Medium, Queue, QueueMessage, Table,
    Value, Verb, Write, connect,
};
use azurite::{Azurite, unique_hub};

/// 2024-02-29T12:34:56Z.
pub(crate) const START_MS: u64 = 1_709_210_096_000;

/// Questions to the emulator before a test gives up on a message: 5 s.
const TRIES_MAX: u32 = 100;

/// A task hub of which nothing is there yet.
pub(crate) struct World {
    medium: Box<dyn Medium>,
    time: Time,
    pub(crate) hub: HubName,
}

enum Time {
    /// Milliseconds that the test moves on.
    Told(Arc<AtomicU64>),
    /// The emulator's own; it runs as long as this is held.
    Real(#[expect(dead_code, reason = "held, not used")] Azurite),
}

impl World {
    pub(crate) fn fake() -> Self {
        let now = Arc::new(AtomicU64::new(START_MS));
        let clock = Arc::clone(&now);
        let account = FakeAccount::new(Arc::new(move || clock.load(Ordering::Relaxed)));
        let hub = HubName::new("MyHub").unwrap();
        Self { medium: Box::new(account.medium(&hub)), time: Time::Told(now), hub }
    }

    pub(crate) fn emulator() -> Self {
        let azurite = azurite::shared().unwrap();
        let account = Account::parse(&azurite.connection_string()).unwrap();
        let hub = HubName::new(&unique_hub()).unwrap();
        let cloud = connect(&account, &hub, &ConnectOptions::default()).unwrap();
        Self { medium: Box::new(cloud), time: Time::Real(azurite), hub }
    }

    pub(crate) async fn with_table(&self, table: Table) -> &dyn Medium {
        self.create_table(table).await.unwrap();
        self.medium.as_ref()
    }

    pub(crate) async fn with_queue(&self, queue: Queue) -> &dyn Medium {
        self.create_queue(queue).await.unwrap();
        self.medium.as_ref()
    }

    pub(crate) async fn with_container(&self, container: Container) -> &dyn Medium {
        self.create_container(container).await.unwrap();
        self.medium.as_ref()
    }

    /// Takes messages once there are any to take.
    pub(crate) async fn take_when_visible(&self, queue: Queue, visibility: Duration) -> Vec<QueueMessage> {
        for _ in 0..TRIES_MAX {
            let taken = self.take(queue, 32, visibility).await.unwrap();
            if !taken.is_empty() {
                return taken;
            }
            match &self.time {
                Time::Told(now) => drop(now.fetch_add(100, Ordering::Relaxed)),
                Time::Real(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("no message became visible");
    }
}

impl Deref for World {
    type Target = dyn Medium;

    fn deref(&self) -> &Self::Target {
        self.medium.as_ref()
    }
}

pub(crate) fn key(partition: &str, row: &str) -> Key {
    Key { partition: partition.to_owned(), row: row.to_owned() }
}

pub(crate) fn entity(properties: &[(&str, Value)]) -> Entity {
    let mut entity = Entity::new();
    for (name, value) in properties {
        entity.set(name, value.clone());
    }
    entity
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn write(key: &Key, verb: Verb) -> Write {
    Write { key: key.clone(), verb }
}

/// One entity with a property `N`.
pub(crate) fn insert(key: &Key, n: i32) -> Write {
    write(key, Verb::Insert(entity(&[("N", Value::Int(n))])))
}

pub(crate) fn delete(key: &Key) -> Write {
    write(key, Verb::Delete(Condition::Any))
}

/// The variant, and of refusals the code.
pub(crate) fn outcome<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(Error::Refused(refused)) => format!("refused: {}", refused.code),
        Err(Error::Throttled { retry_after }) => format!("throttled: {retry_after:?}"),
        Err(Error::Unreachable(_)) => "unreachable".to_owned(),
        Err(Error::Ambiguous(_)) => "ambiguous".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}
