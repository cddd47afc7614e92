//! Programs drawn from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::{Activity, Op, Program, Rival};

/// Kinds of programs: `p0` is the shallowest, and starts children of kinds below it only.
const KINDS: usize = 6;

/// A child that sends its parent an event that the parent waits for.
const TELLER: &str = "teller";

/// Bytes of payloads: small, around the limit of a table's column, and above that of a queue message.
const SIZES: [usize; 5] = [0, 20, 32_760, 33_000, 70_000];

/// What may be drawn, so that a whole run can do without something.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Features {
    pub(crate) large_payloads: bool,
    pub(crate) wide_fan_outs: bool,
    pub(crate) long_waits: bool,
    pub(crate) mends: bool,
}

impl Features {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        Self {
            large_payloads: rng.u8(..4) == 0,
            wide_fan_outs: rng.u8(..12) == 0,
            long_waits: rng.u8(..3) == 0,
            mends: rng.u8(..3) == 0,
        }
    }
}

/// All programs of a run, by name.
pub(crate) fn programs(rng: &mut Rng, features: Features) -> BTreeMap<String, Arc<Program>> {
    let drawn = (0..KINDS).map(|kind| (format!("p{kind}"), Arc::new(program(rng, features, kind))));
    let mut programs: BTreeMap<_, _> = drawn.collect();
    let teller = vec![vec![Op::Sleep(sleep_ms(rng, features))], vec![Op::Tell("told".to_owned())]];
    let teller = Program { steps: teller, generations: 1, ..Program::default() };
    programs.insert(TELLER.to_owned(), Arc::new(teller));
    programs
}

/// The names of external events that a program waits for from clients, in order; those that come with a timer beside
/// may never be waited for.
pub(crate) fn events(program: &Program) -> Vec<&str> {
    let once = program.steps.iter().flatten().filter_map(|op| match op {
        Op::Await(name) if name == "told" => None,
        Op::Await(name) | Op::Race(name, _) => Some(name.as_str()),
        _ => None,
    });
    let once: Vec<&str> = once.chain(contended(program)).collect();
    once.iter().copied().cycle().take(once.len() * program.generations as usize).collect()
}

/// The names of those that programs let compete, in each generation.
fn contended(program: &Program) -> impl Iterator<Item = &str> {
    program.steps.iter().flatten().flat_map(|op| {
        let names = match op {
            Op::Contend(name, Rival::Event(rival)) => [Some(name), Some(rival)],
            Op::Contend(name, _) => [Some(name), None],
            _ => [None, None],
        };
        names.into_iter().flatten().map(String::as_str)
    })
}

fn program(rng: &mut Rng, features: Features, kind: usize) -> Program {
    let is_leaf = kind < 2;
    let steps = rng.usize(usize::from(!is_leaf)..5);
    let mut steps: Vec<Vec<Op>> = (0..steps).map(|_| step(rng, features, kind)).collect();
    if features.wide_fan_outs && kind == KINDS - 1 {
        let wide = rng.usize(60..140);
        steps.push((0..wide).map(|number| Op::Run(quick(format!("wide-{number}")))).collect());
    }
    let restless = [1, 1, 1, 2, 4][rng.usize(..5)];
    let size = |rng: &mut Rng| if features.large_payloads { SIZES[rng.usize(..SIZES.len())] } else { 0 };
    Program { steps, generations: restless, shows_steps: rng.bool(), input_bytes: size(rng), output_bytes: size(rng) }
}

fn step(rng: &mut Rng, features: Features, kind: usize) -> Vec<Op> {
    let width = [1, 1, 1, 2, 3, 6][rng.usize(..6)];
    if kind >= 2 && rng.u8(..8) == 0 {
        let teller = Op::Child { program: TELLER.to_owned(), is_detached: false, has_own_id: rng.bool() };
        return vec![teller, Op::Await("told".to_owned())];
    }
    (0..width).map(|_| op(rng, features, kind)).collect()
}

fn op(rng: &mut Rng, features: Features, kind: usize) -> Op {
    let has_events = kind >= 2;
    match rng.u8(..20) {
        // Below 9, and whatever a program of this kind cannot have: an activity.
        9 if features.mends && kind >= 1 => Op::Mend,
        9..13 => Op::Sleep(sleep_ms(rng, features)),
        13..15 if kind > 0 => Op::Child {
            program: format!("p{}", rng.usize(..kind.min(2))),
            is_detached: rng.u8(..4) == 0,
            has_own_id: rng.bool(),
        },
        15 => Op::Tell("told".to_owned()),
        16..18 if has_events => Op::Await(format!("x{}", rng.u8(..2))),
        18 if has_events => Op::Race(format!("r{}", rng.u8(..2)), sleep_ms(rng, features)),
        _ => Op::Run(activity(rng, features)),
    }
}

fn sleep_ms(rng: &mut Rng, features: Features) -> u64 {
    match rng.u8(..6) {
        0 => 0,
        1 | 2 => rng.u64(1..2_000),
        3 | 4 => rng.u64(1_000..30_000),
        _ if features.long_waits => rng.u64(50_000..400_000),
        _ => rng.u64(10_000..70_000),
    }
}

fn activity(rng: &mut Rng, features: Features) -> Activity {
    let attempts = [1, 1, 2, 3, 4][rng.usize(..5)];
    let takes_ms = match rng.u8(..8) {
        0..5 => rng.u64(0..500),
        5 | 6 => rng.u64(500..10_000),
        _ => rng.u64(20_000..80_000),
    };
    Activity {
        name: format!("a{}", rng.u8(..4)),
        takes_ms,
        bytes: if features.large_payloads && rng.u8(..4) == 0 { SIZES[rng.usize(..SIZES.len())] } else { 0 },
        failures: if rng.u8(..4) == 0 { rng.u32(..=attempts) } else { 0 },
        attempts,
    }
}

fn quick(name: String) -> Activity {
    Activity { name, takes_ms: 10, bytes: 0, failures: 0, attempts: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_drawn_and_children_are_of_lower_kinds() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut rng = Rng::with_seed(seed);
            let features = Features::draw(&mut rng);
            for (name, program) in programs(&mut rng, features) {
                for op in program.steps.iter().flatten() {
                    if let Op::Child { program, .. } = op {
                        assert!(*program < name || program == TELLER, "{name} starts {program}");
                    }
                    seen.insert(format!("{op:?}").chars().take_while(char::is_ascii_alphabetic).collect::<String>());
                }
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Await", "Child", "Mend", "Race", "Run", "Sleep", "Tell"]);
    }
}
