//! What hosts have left in storage, read without any of them.

mod azure;
mod replay;
mod sqlite;

use std::collections::BTreeMap;

use engine::HistoryEvent;
use store::InstanceRow;

pub use self::azure::{AzureLeftovers, AzureStored};
pub use replay::replays;
pub use sqlite::{SqliteLeftovers, sqlite, sqlite_leftovers};

/// All that is stored of an instance.
#[derive(Debug)]
pub struct Stored {
    /// Its row.
    pub row: InstanceRow,
    /// The history of its latest execution.
    pub history: Vec<HistoryEvent>,
}

/// Every instance, by id.
pub type Instances = BTreeMap<String, Stored>;
