//! What the guard costs the host: runs with and without the conditions on etags, in turn: `cargo xtask bench guard`.
//!
//! Storage is in this process, where a request takes next to no time; so what a condition costs the host, and nothing
//! else, is as large a share of a run as it can ever be. That a condition needs no request of its own is counted by
//! `cargo xtask bench requests`.

mod conditions;

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;
use wasm::LoadedComponent;
use worker::Options;

use self::conditions::Conditions;
use crate::host::{self, Host, Storage};
use crate::hub::Hub;
use crate::progress;
use crate::workload::Workload;

/// Odd, so that there is a median, and a multiple of the orders in which the runs of a round can begin.
const ROUNDS: usize = 9;

/// The ratios of all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Guard {
    instances: usize,
    /// Orchestrations a second with the guard to without; below 1 the guard costs something.
    speed: Ratios,
    /// The same of two runs with the guard: what chance does.
    speed_by_chance: Ratios,
    /// Processor time with the guard to without; above 1 the guard costs something.
    processor: Ratios,
    /// The same of two runs with the guard.
    processor_by_chance: Ratios,
}

/// Sorted.
#[derive(Debug, Serialize)]
struct Ratios(Vec<f64>);

/// What one run came to.
#[derive(Debug, Clone, Copy)]
struct Run {
    orchestrations_per_second: f64,
    cpu_ms: f64,
}

/// Runs of one round: with the guard, without, and with it again, in an order that changes from round to round.
type Round = [Run; 3];

/// Which runs of a round have the guard.
const IS_GUARDED: [bool; 3] = [true, false, true];

/// Runs all rounds.
pub(crate) async fn measure(instances: usize) -> Result<Guard> {
    let component = host::workload().await?;
    // Once before anything is counted, so that what is done only once is done.
    run(&component, instances, true).await?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for number in 0..ROUNDS {
        progress::now(format_args!("round {} of {ROUNDS}", number + 1));
        let mut round: Round = [Run { orchestrations_per_second: 0.0, cpu_ms: 0.0 }; 3];
        for step in 0..round.len() {
            let place = (number + step) % round.len();
            round[place] = run(&component, instances, IS_GUARDED[place]).await?;
        }
        rounds.push(round);
    }
    let speed = |run: &Run| run.orchestrations_per_second;
    let processor = |run: &Run| run.cpu_ms;
    Ok(Guard {
        instances,
        speed: Ratios::of(&rounds, |[on, off, _]| speed(on) / speed(off)),
        speed_by_chance: Ratios::of(&rounds, |[on, _, again]| speed(on) / speed(again)),
        processor: Ratios::of(&rounds, |[on, off, _]| processor(on) / processor(off)),
        processor_by_chance: Ratios::of(&rounds, |[on, _, again]| processor(on) / processor(again)),
    })
}

impl Ratios {
    fn of(rounds: &[Round], ratio: impl Fn(&Round) -> f64) -> Self {
        let mut ratios: Vec<_> = rounds.iter().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        Self(ratios)
    }
}

/// One run on a hub of its own.
async fn run(component: &LoadedComponent, instances: usize, is_guarded: bool) -> Result<Run> {
    let hub = Hub::in_memory().await?;
    let medium = Arc::new(Conditions { medium: hub.medium(), are_kept: is_guarded });
    let backend = hub.backend(Some(medium), true, store_azure::Options::default());
    let host = Host::running(Storage::Fake, Arc::new(backend), component.clone(), Options::default())?;
    let row = Workload::sequence(instances).run(&host).await?;
    host.stop().await?;
    hub.delete().await?;
    Ok(Run { orchestrations_per_second: row.orchestrations_per_second, cpu_ms: row.cpu_ms_per_orchestration })
}

/// Prints the ratios: the least, the quartiles, the most.
pub(crate) fn print(guard: &Guard) {
    let Guard { instances, speed, speed_by_chance, processor, processor_by_chance } = guard;
    println!("the etag conditions on against off: {ROUNDS} rounds, {instances} times 10 activities in sequence\n");
    println!("{:<32}{:>8}{:>8}{:>8}{:>8}{:>8}", "", "least", "lower", "median", "upper", "most");
    let lines = [
        ("orchestrations a second, on/off", speed),
        ("  on/on", speed_by_chance),
        ("processor time, on/off", processor),
        ("  on/on", processor_by_chance),
    ];
    for (name, Ratios(ratios)) in lines {
        print!("{name:<32}");
        for quarter in 0..=4 {
            print!("{:>8.3}", ratios[(ratios.len() - 1) * quarter / 4]);
        }
        println!();
    }
}
