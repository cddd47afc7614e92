//! The name of a task hub, and of everything in the account that belongs to it.

use std::fmt;
use std::str::FromStr;

use crate::{Container, Queue, Table};

/// 3 to 45 ASCII letters and digits, the first a letter.
///
/// The bounds are those of the DurableTask provider: the longest name made of it must still be a table, queue or
/// container name. Two names that differ only in case name the same hub as far as the service is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubName(Box<str>);

/// A text is not the name of a task hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot name a task hub: 3 to 45 letters (a-z, A-Z) and digits, a letter first")]
pub struct BadHubName(pub String);

impl HubName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, BadHubName> {
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && (3..=45).contains(&name.len()) {
            return Ok(Self(name.into()));
        }
        Err(BadHubName(name.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a table is called.
    pub fn table(&self, table: Table) -> String {
        let suffix = match table {
            Table::Instances => "Instances",
            Table::History => "History",
            Table::Partitions => "Partitions",
            Table::Components => "Components",
        };
        format!("{}{suffix}", self.0)
    }

    /// What a queue is called. Queue names are lower case.
    pub fn queue(&self, queue: Queue) -> String {
        let hub = self.0.to_ascii_lowercase();
        match queue {
            Queue::Control(partition) => format!("{hub}-control-{partition:02}"),
            Queue::WorkItems => format!("{hub}-workitems"),
        }
    }

    /// What a container is called. Container names are lower case.
    pub fn container(&self, container: Container) -> String {
        let suffix = match container {
            Container::LargeMessages => "largemessages",
            Container::Components => "components",
            Container::Leases => "leases",
            Container::AppLease => "applease",
        };
        format!("{}-{suffix}", self.0.to_ascii_lowercase())
    }
}

impl FromStr for HubName {
    type Err = BadHubName;

    fn from_str(name: &str) -> Result<Self, BadHubName> {
        Self::new(name)
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_other_tools_look_for() {
        let hub = HubName::new("MyHub1").unwrap();
        let tables =
            [Table::Instances, Table::History, Table::Partitions, Table::Components].map(|table| hub.table(table));
        assert_eq!(tables, ["MyHub1Instances", "MyHub1History", "MyHub1Partitions", "MyHub1Components"]);
        let queues = [Queue::Control(0), Queue::Control(15), Queue::WorkItems].map(|queue| hub.queue(queue));
        assert_eq!(queues, ["myhub1-control-00", "myhub1-control-15", "myhub1-workitems"]);
        let containers = [Container::LargeMessages, Container::Components, Container::Leases, Container::AppLease];
        let containers = containers.map(|container| hub.container(container));
        let expected = ["myhub1-largemessages", "myhub1-components", "myhub1-leases", "myhub1-applease"];
        assert_eq!(containers, expected);
    }

    #[test]
    fn every_name_of_the_longest_hub_fits() {
        let hub = HubName::new(&"h".repeat(45)).unwrap();
        assert!(hub.table(Table::Partitions).len() <= 63);
        assert!(hub.queue(Queue::Control(255)).len() <= 63);
        assert!(hub.container(Container::LargeMessages).len() <= 63);
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "ab", &"h".repeat(46), "1abc", "a-bc", "a_bc", "ab c", "äbc", "abc\n"] {
            assert_eq!(HubName::new(name), Err(BadHubName(name.to_owned())));
        }
        HubName::new("abc").unwrap();
    }
}
