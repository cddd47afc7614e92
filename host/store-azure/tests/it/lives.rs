//! The lives that faults are tried on: what runs, what clients do meanwhile, and how it ends undisturbed.

use std::sync::Arc;

use engine::{EventKey, Message, Payload};

use crate::programs::{Do, Program, Programs, steps};
use crate::world::World;

/// What a client does once a history says something: the instance, the text, what.
pub(crate) type Deed = (&'static str, &'static str, Client);

/// What a client does to `main`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    Raise(&'static str, u8),
    Suspend,
    Resume,
    Terminate,
}

/// An instance, what it runs and what happens to it.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) name: &'static str,
    /// `main` is what is started.
    pub(crate) programs: Vec<(&'static str, Program)>,
    pub(crate) deeds: Vec<Deed>,
    /// Whether a client in the host itself starts it, which spares it reading what it has written.
    pub(crate) is_started_by_host: bool,
    /// Whether events can come in one order only.
    pub(crate) is_ordered: bool,
    /// What the undisturbed row says.
    pub(crate) ends_with: &'static str,
}

impl Life {
    fn new(name: &'static str, main: Program, ends_with: &'static str) -> Self {
        Self {
            name,
            programs: vec![("main", main)],
            deeds: Vec::new(),
            is_started_by_host: false,
            is_ordered: true,
            ends_with,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, program: Program) -> Self {
        self.programs.push((name, program));
        self
    }

    fn when(mut self, instance: &'static str, says: &'static str, client: Client) -> Self {
        self.deeds.push((instance, says, client));
        self
    }

    fn in_any_order(self) -> Self {
        Self { is_ordered: false, ..self }
    }

    pub(crate) async fn world(&self) -> World {
        World::new(Programs::new(self.programs.clone())).await
    }

    /// Starts it, unless that was done, and does what clients do, to the end.
    pub(crate) async fn live(&self, world: Arc<World>) {
        if !self.is_started_by_host {
            world.create("main", "main").await;
        }
        for (number, (instance, says, client)) in (0_u8..).zip(&self.deeds) {
            world.until_history(instance, says).await;
            let message = match client {
                Client::Raise(name, key) => Message::RaiseEvent {
                    name: (*name).to_owned(),
                    data: Some(Payload::from(format!("{name} {key}"))),
                    key: EventKey::from_bytes([*key; 16]),
                    execution_id: None,
                },
                Client::Suspend => {
                    Message::Suspend { reason: Some(Payload::from(format!("deed {number}"))), execution_id: None }
                }
                Client::Resume => {
                    Message::Resume { reason: Some(Payload::from(format!("deed {number}"))), execution_id: None }
                }
                Client::Terminate => {
                    Message::Terminate { reason: Some(Payload::from("enough")), recurse: true, execution_id: None }
                }
            };
            world.send("main", message).await;
        }
        world.until_ended("main").await;
    }
}

/// A life of one turn, which is its first and its last.
pub(crate) fn moment() -> Life {
    Life::new("moment", steps([]), "Completed Some(\"\")")
}

pub(crate) fn own_moment() -> Life {
    Life { name: "own_moment", is_started_by_host: true, ..moment() }
}

pub(crate) fn own_chain() -> Life {
    Life { name: "own_chain", is_started_by_host: true, ..chain() }
}

pub(crate) fn own_family() -> Life {
    Life { name: "own_family", is_started_by_host: true, ..family() }
}

/// First, middle and last turns, each but the last with an open activity.
pub(crate) fn chain() -> Life {
    let main = steps([&[Do::Run("a", 700)], &[Do::Run("b", 0)], &[Do::Run("c", 45_000)]]);
    Life::new("chain", main, "Completed Some(\"a,b,c\")")
}

/// The same, and every turn changes the row.
pub(crate) fn shown_chain() -> Life {
    let main = Program { shows_steps: true, ..steps([&[Do::Run("a", 700)], &[Do::Run("b", 700)]]) };
    Life::new("shown_chain", main, "Completed Some(\"a,b\")")
}

/// Activities side by side that end one after the other, and one that fails first.
pub(crate) fn fan_out() -> Life {
    let main = steps([&[Do::Run("a", 700), Do::Run("b", 100), Do::RunTwice("c"), Do::Run("d", 700)]]);
    Life::new("fan_out", main, "Completed Some(\"a,b,flaky-c,d\")").in_any_order()
}

/// An output that is kept in a blob.
pub(crate) fn large() -> Life {
    let main = Program { output_bytes: 100_000, ..steps([&[Do::Run("a", 700)]]) };
    Life::new("large", main, "Completed Some(\"aabejqc")
}

/// Three executions, with an activity in each.
pub(crate) fn again() -> Life {
    let main = Program { again: 2, shows_steps: true, ..steps([&[Do::Run("a", 700)]]) };
    Life::new("again", main, "Completed Some(\"a\")")
}

/// A child with a child, and work before and after.
pub(crate) fn family() -> Life {
    let main = steps([&[Do::Run("a", 100)], &[Do::Child("child", "child-1")], &[Do::Run("b", 100)]]);
    Life::new("family", main, "Completed Some(\"a,c,grown,b\")")
        .with("child", steps([&[Do::Run("c", 700)], &[Do::Child("grandchild", "child-2")]]))
        .with("grandchild", steps([&[Do::Run("grown", 100)]]))
}

/// Children that nobody waits for and whose parent ends in the same turn: one that starts such a one itself, and one that
/// continues as new.
pub(crate) fn detached() -> Life {
    let main = steps([&[Do::Detach("child", "free-1"), Do::Detach("restless", "free-2")]]);
    Life::new("detached", main, "Completed Some(\"\")")
        .with("child", steps([&[Do::Run("c", 700)], &[Do::Detach("leaf", "free-3")]]))
        .with("restless", Program { again: 1, ..steps([&[Do::Run("d", 700)]]) })
        .with("leaf", steps([]))
}

/// A child that continues as new, beside an activity.
pub(crate) fn restless_child() -> Life {
    let main = steps([&[Do::Child("child", "child-1"), Do::Run("a", 100)]]);
    Life::new("restless_child", main, "Completed Some(\"c,a\")")
        .with("child", Program { again: 1, ..steps([&[Do::Run("c", 700)]]) })
        .in_any_order()
}

/// Timers that are kept by a lease, and by a scheduled message.
pub(crate) fn timers() -> Life {
    let main = steps([&[Do::Sleep(5)], &[Do::Sleep(200)], &[Do::Sleep(0)]]);
    Life::new("timers", main, "Completed Some(\"slept,slept,slept\")")
}

/// A far timer while a near one is waited for first, and an activity that outlasts a lease.
pub(crate) fn mixed_timers() -> Life {
    let main = steps([&[Do::Sleep(150), Do::Sleep(20), Do::Run("a", 70_000)]]);
    Life::new("mixed_timers", main, "Completed Some(\"slept,slept,a\")").in_any_order()
}

/// Events that are waited for, and one that comes before it is.
pub(crate) fn events() -> Life {
    let main = steps([&[Do::Await("x")], &[Do::Run("a", 700)], &[Do::Await("y")], &[Do::Await("x")]]);
    Life::new("events", main, "Completed Some(\"x 1,a,y 3,x 2\")")
        .when("main", "event_awaited task=0", Client::Raise("x", 1))
        .when("main", "event_raised", Client::Raise("x", 2))
        .when("main", "event_awaited task=2", Client::Raise("y", 3))
        .in_any_order()
}

/// Two instances that speak to each other.
pub(crate) fn conversation() -> Life {
    let main = steps([&[Do::Child("child", "child-1"), Do::Await("hello")], &[Do::Tell("child-1", "late")]]);
    Life::new("conversation", main, "Completed Some(\"told,told\")")
        .with("child", steps([&[Do::Tell("main", "hello"), Do::Tell("child-1", "self")], &[Do::Await("self")]]))
        .in_any_order()
}

/// Stopped and released again, twice; what comes meanwhile waits.
pub(crate) fn suspended() -> Life {
    let main = steps([&[Do::Run("a", 700)], &[Do::Await("x")], &[Do::Run("b", 60_000)], &[Do::Await("y")]]);
    Life::new("suspended", main, "Completed Some(\"a,x 1,b,y 2\")")
        .when("main", "event_awaited task=1", Client::Suspend)
        .when("main", "execution_suspended reason='deed 0'", Client::Raise("x", 1))
        .when("main", "event_raised", Client::Resume)
        .when("main", "event_awaited task=3", Client::Suspend)
        .when("main", "execution_suspended reason='deed 3'", Client::Resume)
        .when("main", "execution_resumed reason='deed 4'", Client::Raise("y", 2))
}

/// Ended from outside, with all that it waits for. A host that does not know looks when its activity has ended.
pub(crate) fn terminated() -> Life {
    let main = steps([&[Do::Run("a", 100)], &[Do::Child("child", "child-1"), Do::Run("b", 600_000)]]);
    Life::new("terminated", main, "Terminated Some(\"enough\")")
        .with("child", steps([&[Do::Run("c", 600_000)]]))
        .when("child-1", "task_scheduled", Client::Terminate)
        .in_any_order()
}
