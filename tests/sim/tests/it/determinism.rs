//! The same seed leads to the same trace, byte by byte.

use std::thread;

use sim::{Backend, Scenario, run};

const SEEDS: u64 = 6;

fn trace(seed: u64, backend: Backend) -> Vec<String> {
    run(Scenario { seed, backend, sabotage: None, strangers: true }, true).unwrap().trace
}

fn assert_same(backend: Backend) {
    let first: Vec<_> = (0..SEEDS).map(|seed| trace(seed, backend)).collect();
    // In another order, on a thread that has run nothing before and beside one that runs something else.
    let beside = thread::spawn(move || trace(SEEDS, backend));
    let second = thread::spawn(move || (0..SEEDS).rev().map(|seed| trace(seed, backend)).collect::<Vec<_>>());
    let mut second = second.join().unwrap();
    second.reverse();
    beside.join().unwrap();
    for (seed, (first, second)) in first.iter().zip(&second).enumerate() {
        assert!(first.len() > 10, "seed {seed} does next to nothing");
        for (line, (first, second)) in first.iter().zip(second).enumerate() {
            assert_eq!(first, second, "line {line} of seed {seed}");
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

#[test]
fn equal_seeds_have_equal_traces_on_memory() {
    assert_same(Backend::Memory);
}

#[test]
fn equal_seeds_have_equal_traces_on_azure() {
    assert_same(Backend::Azure);
}

#[test]
fn keeping_a_trace_changes_nothing() {
    for seed in 0..SEEDS {
        let scenario = Scenario { seed, backend: Backend::Azure, sabotage: None, strangers: true };
        assert_eq!(run(scenario, true).unwrap().figures, run(scenario, false).unwrap().figures);
    }
}

#[test]
fn other_seeds_have_other_traces() {
    assert_ne!(trace(0, Backend::Azure), trace(1, Backend::Azure));
}
