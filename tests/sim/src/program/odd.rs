//! What programs of our own design do not do by themselves: they end with what they leave behind, let waits compete, and
//! have many events waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::{Activity, Op, Program, Rival};

/// Has one event after the other out of many, and continues as new all the while.
pub(crate) const HOARDER: &str = "hoarder";

/// The event that it waits for.
pub(crate) const HOARDED: &str = "hoarded";

/// Events that each of its generations takes.
const TAKEN_AT_ONCE: u32 = 40;

/// Changes programs; those that clients raise events for let events compete as well.
pub(crate) fn change(rng: &mut Rng, programs: &mut BTreeMap<String, Arc<Program>>) {
    for (name, program) in programs.iter_mut() {
        let Some(kind) = name.strip_prefix('p').and_then(|kind| kind.parse::<usize>().ok()) else { continue };
        let program = Arc::make_mut(program);
        for _ in 0..if kind >= 2 { [0, 1, 1, 2][rng.usize(..4)] } else { 0 } {
            let step = (0..rng.usize(1..3)).map(|_| contend(rng)).collect();
            program.steps.insert(rng.usize(..=program.steps.len()), step);
        }
        // Children that fail until somebody rewinds their parent.
        if kind < 2 && rng.u8(..3) == 0 {
            program.steps.push(vec![Op::Mend]);
        }
        if kind >= 2 && rng.u8(..3) == 0 {
            let child = format!("p{}", rng.usize(..2));
            program.steps.push(vec![Op::Child { program: child, is_detached: false, has_own_id: rng.bool() }]);
        }
        // They begin in the turn in which the program ends.
        if kind >= 1 && rng.u8(..3) == 0 {
            let child = |rng: &mut Rng| Op::Child {
                program: format!("p{}", rng.usize(..kind.min(2))),
                is_detached: true,
                has_own_id: rng.bool(),
            };
            program.steps.push((0..rng.usize(1..3)).map(|_| child(rng)).collect());
        }
    }
}

fn contend(rng: &mut Rng) -> Op {
    let name = format!("c{}", rng.u8(..2));
    let rival = match rng.u8(..4) {
        0 => Rival::Timer(rng.u64(0..60_000)),
        1 => Rival::Activity(Activity {
            name: "rival".to_owned(),
            takes_ms: rng.u64(0..60_000),
            bytes: 0,
            failures: 0,
            attempts: 1,
        }),
        _ => Rival::Event(format!("d{}", rng.u8(..2))),
    };
    Op::Contend(name, rival)
}

/// A program that waits for about so many events, and how many it is.
pub(crate) fn hoarder(events: u32) -> (Program, u32) {
    let generations = events.div_ceil(TAKEN_AT_ONCE);
    let step = (0..TAKEN_AT_ONCE).map(|_| Op::Await(HOARDED.to_owned())).collect();
    (Program { steps: vec![step], generations, ..Program::default() }, generations * TAKEN_AT_ONCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::generate::{self, Features};

    #[test]
    fn everything_is_added_and_every_event_of_it_is_known() {
        let (mut contends, mut events, mut ends_detached) = (0, 0, 0);
        for seed in 0..50 {
            let mut rng = Rng::with_seed(seed);
            let features = Features::draw(&mut rng);
            let mut programs = generate::programs(&mut rng, features);
            change(&mut rng, &mut programs);
            for program in programs.values() {
                let once = program.steps.iter().flatten();
                contends += once.clone().filter(|op| matches!(op, Op::Contend(..))).count();
                events += generate::events(program).iter().filter(|name| name.starts_with(['c', 'd'])).count();
                let is_detached = |op: &Op| matches!(op, Op::Child { is_detached: true, .. });
                ends_detached += usize::from(program.steps.last().is_some_and(|step| step.iter().all(is_detached)));
            }
        }
        assert!(contends > 100 && events > contends && ends_detached > 50, "{contends} {events} {ends_detached}");
    }

    #[test]
    fn a_hoarder_takes_all_its_events() {
        let (program, count) = hoarder(150);
        assert_eq!((count, generate::events(&program).len()), (160, 160));
    }
}
