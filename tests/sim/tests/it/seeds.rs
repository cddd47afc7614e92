//! Seeds that once broke something, some that are always run, and some that are new.

use std::io::Write as _;
use std::time::{Duration, Instant};

use sim::{Backend, Scenario, run};

/// Seeds that are run each time.
const FIXED: u64 = 24;
/// Names the first of the new ones, so that whoever runs the tests can say which it was.
const FIRST_FRESH: &str = "RONDO_SIM_SEED";
/// For new seeds.
const FRESH_TIME: Duration = Duration::from_secs(30);

fn assert_kept(scenario: Scenario) {
    let ended = run(scenario, false).unwrap();
    let Some(violation) = ended.violation else { return };
    let Scenario { seed, backend, strangers, .. } = scenario;
    let tail = run(scenario, true).unwrap().tail;
    panic!(
        "{}\n\n{:?} {}\n{}\nagain: cargo xtask sim --seed {seed} --backend {backend}{}",
        tail.join("\n"),
        violation.rule,
        violation.instance,
        violation.text,
        if strangers { "" } else { " --without-strangers" },
    );
}

fn with_strangers(seed: u64, backend: Backend) -> Scenario {
    Scenario { seed, backend, sabotage: None, strangers: true }
}

/// Those of the list, on one backend; a line is: seed, backend, what was wrong.
fn named(backend: Backend) -> impl Iterator<Item = Scenario> {
    let lines = include_str!("../../seeds.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(move |line| {
        let mut words = line.split_whitespace();
        let seed = words.next().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| panic!("no seed in `{line}`"));
        let on = words.next().unwrap_or_default();
        let (on, strangers) = on.strip_suffix("+strangers").map_or((on, false), |on| (on, true));
        assert!(["memory", "azure"].contains(&on) && words.next().is_some(), "not a named seed: `{line}`");
        (on == backend.to_string()).then_some(Scenario { seed, backend, sabotage: None, strangers })
    })
}

#[test]
fn what_was_wrong_once_is_right_on_memory() {
    named(Backend::Memory).for_each(assert_kept);
}

#[test]
fn what_was_wrong_once_is_right_on_azure() {
    named(Backend::Azure).for_each(assert_kept);
}

#[test]
fn every_promise_is_kept_on_memory() {
    (0..FIXED).for_each(|seed| assert_kept(with_strangers(seed, Backend::Memory)));
}

#[test]
fn every_promise_is_kept_on_azure() {
    (0..FIXED).for_each(|seed| assert_kept(with_strangers(seed, Backend::Azure)));
}

#[test]
fn every_promise_is_kept_for_seeds_that_nobody_has_seen() {
    let given = std::env::var(FIRST_FRESH).map(|seed| seed.parse().unwrap());
    let first = given.unwrap_or_else(|_| fastrand::u64(..1 << 40));
    writeln!(std::io::stdout(), "the first fresh seed is {first}").unwrap();
    let began = Instant::now();
    for seed in (first..).take_while(|_| began.elapsed() < FRESH_TIME) {
        assert_kept(with_strangers(seed, Backend::of(seed)));
    }
}
