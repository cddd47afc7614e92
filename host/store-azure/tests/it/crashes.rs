//! A fault at every request of every life: whatever fails, however it fails, the end is that of the undisturbed life.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use store::Client as _;

use crate::faulty::{Fault, When};
use crate::host::Host;
use crate::lives::{self, Life};
use crate::world::{Outcome, VISIBILITY, in_virtual_time};

/// What a host is subjected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// It dies there, and another takes over.
    Crash(Fault),
    /// The same, and the other dies in its turn, after so many requests; a third takes over.
    CrashTwice(Fault, usize),
    /// It stands still there until another has finished everything, then goes on.
    Stall(Fault),
    /// It stands still there until another has its messages, then both work on, each believing to own everything.
    Pause(Fault),
    /// One request fails, and it goes on by itself.
    Hiccup(Fault),
    /// It loses its partitions there for so long, and gets them back; whether the readers of its queues see that.
    Away(Duration, bool),
}

const TRIALS: [Trial; 15] = [
    Trial::Crash(Fault::StopBefore),
    Trial::Crash(Fault::StopAfter),
    Trial::CrashTwice(Fault::StopAfter, 1),
    Trial::CrashTwice(Fault::StopAfter, 3),
    Trial::Stall(Fault::StopBefore),
    Trial::Stall(Fault::StopAfter),
    Trial::Pause(Fault::StopBefore),
    Trial::Pause(Fault::StopAfter),
    Trial::Hiccup(Fault::LoseReply),
    Trial::Hiccup(Fault::Refuse),
    Trial::Hiccup(Fault::Throttle),
    Trial::Away(Duration::from_millis(12), false),
    Trial::Away(Duration::from_secs(1), false),
    Trial::Away(Duration::from_millis(1), true),
    Trial::Away(Duration::from_secs(1), true),
];

impl Trial {
    fn fault(self) -> Fault {
        match self {
            Self::Crash(fault)
            | Self::CrashTwice(fault, _)
            | Self::Stall(fault)
            | Self::Pause(fault)
            | Self::Hiccup(fault) => fault,
            Self::Away(..) => Fault::Tell,
        }
    }

    fn is_crash(self) -> bool {
        matches!(self, Self::Crash(_) | Self::CrashTwice(..))
    }

    /// Whether two hosts may have worked on the same.
    fn is_overlap(self) -> bool {
        matches!(self, Self::Stall(_) | Self::Pause(_))
    }

    /// How often an activity's attempt may have begun at most.
    fn attempts_max(self) -> usize {
        match self {
            Self::Hiccup(_) => 1,
            Self::Crash(_) | Self::Away(..) => 2,
            Self::CrashTwice(..) | Self::Stall(_) => 3,
            // Whoever finds that the other was there begins anew.
            Self::Pause(_) => 20,
        }
    }
}

/// How a run ended.
struct Run {
    outcome: Outcome,
    /// Requests of the host under test that changed something.
    changes: Vec<String>,
    split_brains: Vec<String>,
    troubles: Vec<String>,
    /// How often the attempt of an activity was begun that was begun most often.
    attempts: usize,
}

/// Lives a life on one host, or on two where the first does not survive.
fn run(life: &Life, trial: Option<(usize, Trial)>) -> Run {
    in_virtual_time(async {
        let world = Arc::new(life.world().await);
        let (subject, ownership) = world.fickle_host();
        if life.is_started_by_host {
            // Before anything is counted: what a client does that fails is the client's to repeat.
            subject.backend.create(world.start_of("main", "main")).await.unwrap();
        }
        match trial {
            Some((number, trial)) => subject.medium.arm(When::Number(number), trial.fault()),
            None => subject.medium.arm(When::Number(usize::MAX), Fault::Refuse),
        }
        let mut living = {
            let (life, world) = (life.clone(), Arc::clone(&world));
            tokio::task::spawn_local(async move { life.live(world).await })
        };
        let mut subject = Some(subject);
        let mut successor = None;
        let mut changes = Vec::new();
        if let Some((_, Trial::Away(time, is_noticed))) = trial {
            subject.as_ref().unwrap().medium.fired().await;
            ownership.leave(is_noticed);
            tokio::time::sleep(time).await;
            ownership.come_back();
        }
        if trial.is_some_and(|(_, trial)| trial.fault().is_stop()) {
            let host = subject.as_ref().unwrap();
            tokio::select! {
                () = host.medium.fired() => {}
                ended = &mut living => {
                    ended.unwrap();
                    // What is left to do is the deletion of messages.
                    host.medium.fired().await;
                }
            }
            changes = host.medium.changes();
            if trial.is_some_and(|(_, trial)| trial.is_crash()) {
                subject = None;
            }
            successor = Some(world.host());
        }
        if let (Some((_, Trial::CrashTwice(fault, number))), Some(host)) = (trial, &successor) {
            host.medium.arm(When::Number(number), fault);
            tokio::select! {
                () = host.medium.fired() => {}
                () = tokio::time::sleep(2 * VISIBILITY) => host.medium.stop(),
            }
            drop(successor.take());
            successor = Some(world.host());
        }
        if let (Some(host), Some((_, Trial::Pause(_)))) = (&subject, trial) {
            tokio::time::sleep(VISIBILITY + Duration::from_secs(2)).await;
            host.medium.let_go();
        }
        if !living.is_finished() {
            living.await.unwrap();
        }
        if let (Some(host), Some((_, Trial::Stall(_)))) = (&subject, trial) {
            // The successor has seen to everything that it could see.
            tokio::time::sleep(Duration::from_mins(2)).await;
            host.medium.let_go();
        }
        world.until_queues_are_empty().await;
        // Whatever has been put off comes to pass.
        tokio::time::sleep(Duration::from_mins(4)).await;
        world.until_queues_are_empty().await;
        if let Some(host) = &subject
            && changes.is_empty()
        {
            changes = host.medium.changes();
        }
        let hosts = || subject.iter().chain(&successor);
        Run {
            outcome: world.outcome().await,
            changes,
            split_brains: hosts().flat_map(Host::split_brains).collect(),
            troubles: hosts().flat_map(Host::troubles).collect(),
            attempts: most_often(&world.programs.attempts()),
        }
    })
}

/// Tries every fault at every request of a life.
fn try_everything(life: &Life) {
    let undisturbed = run(life, None);
    assert!(undisturbed.split_brains.is_empty() && undisturbed.troubles.is_empty(), "{life:?}");
    let main = format!("{:?}", undisturbed.outcome.instances["main"]);
    assert!(main.contains(&format!("{:?}", life.ends_with).trim_matches('"').to_owned()), "{main}");
    let expected = comparable(life, undisturbed.outcome);
    assert!(!undisturbed.changes.is_empty());
    let mut failures = Vec::new();
    for number in 1..=undisturbed.changes.len() {
        for trial in TRIALS {
            let at = &undisturbed.changes[number - 1];
            let tried = catch_unwind(AssertUnwindSafe(|| {
                let ended = run(life, Some((number, trial)));
                assert_eq!(comparable(life, ended.outcome), expected);
                assert_eq!(ended.troubles, Vec::<String>::new());
                if !trial.is_overlap() {
                    assert_eq!(ended.split_brains, Vec::<String>::new());
                }
                assert!(ended.attempts <= trial.attempts_max(), "an attempt was begun {} times", ended.attempts);
            }));
            if tried.is_err() {
                failures.push(format!("{} {number} {trial:?} ({at})", life.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn most_often(attempts: &[String]) -> usize {
    attempts.iter().map(|attempt| attempts.iter().filter(|other| *other == attempt).count()).max().unwrap_or_default()
}

/// What has to be the same, whoever did what when.
fn comparable(life: &Life, outcome: Outcome) -> Outcome {
    let Outcome { instances } = outcome;
    for (name, instance) in &instances {
        assert!(instance.is_consistent(), "the row of {name} is not what its history says: {instance:#?}");
    }
    let instances = instances.into_iter();
    Outcome {
        instances: instances.map(|(id, seen)| (id, if life.is_ordered { seen } else { seen.sorted() })).collect(),
    }
}

macro_rules! every_fault {
    ($($life:ident)*) => {
        $(
            #[test]
            fn $life() {
                try_everything(&lives::$life());
            }
        )*
    };
}

every_fault!(
    moment chain shown_chain fan_out large again family restless_child detached timers mixed_timers events conversation
    suspended terminated own_moment own_chain own_family
);
