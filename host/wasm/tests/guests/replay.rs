//! Many turns at once.

use std::time::Instant;

use engine::{Action, Turn, kind};

use crate::support::*;

/// The turns of an orchestration that completed `count` activities one after the other.
fn history(count: u32) -> Vec<Turn> {
    let mut turns = vec![turn(0, Vec::new())];
    turns.extend((0..count).map(|task| turn(u64::from(task) + 1, vec![completed(task, "{\"ok\":true}")])));
    turns
}

#[test]
#[allow(clippy::print_stdout, reason = "the cost is for people to see")]
fn ten_thousand_events_are_one_call() {
    let turns = history(10_000);
    let mut guest = start_with("count", Some("10000"));
    let started = Instant::now();
    let answer = guest.run(&turns).unwrap();
    let elapsed = started.elapsed();
    println!("replay of {} turns: {elapsed:?}, {:?} each", turns.len(), elapsed / 10_001);
    assert_eq!(answer.len(), turns.len());
    assert_eq!(answer[10_000], [Action::Complete { output: Some("10000".into()) }]);

    // A guest that answers one turn too few tells how many it was given in that call.
    let failure = failure(start("wrong-count").run(&turns).unwrap_err());
    assert_eq!(failure.message, "the guest was given 10001 turns and answered 10000 of them");
}

#[test]
fn a_replay_decides_what_the_turns_decided_one_by_one() {
    let turns = history(50);
    let at_once = start_with("count", Some("50")).run(&turns).unwrap();
    let mut guest = start_with("count", Some("50"));
    let one_by_one: Vec<_> = turns.iter().flat_map(|turn| guest.run(std::slice::from_ref(turn)).unwrap()).collect();
    assert_eq!(at_once, one_by_one);
}

#[test]
fn every_turn_has_its_own_time() {
    let answer = start("now").run(&history(2)).unwrap();
    assert_eq!(status(&answer[2]), "[0, 1, 2]");
}

#[test]
fn a_large_history_is_not_poured_into_the_guest_at_once() {
    let megabyte = "x".repeat(1_000_000);
    let turns: Vec<Turn> = (0..100).map(|task| turn(u64::from(task), vec![completed(task, &megabyte)])).collect();
    let mut guest = start("now");
    assert_eq!(guest.run(&turns).unwrap().len(), 100);
    assert!(guest.memory_bytes() < 20_000_000, "{}", guest.memory_bytes());
}

#[test]
fn a_replay_that_is_too_much_for_one_call_is_repeated_turn_by_turn() {
    // 240 MB of log lines: fine for twelve turns, too much for one call.
    let turns: Vec<Turn> = (0..12).map(|now| turn(now, Vec::new())).collect();
    let mut guest = start("huge-replay");
    let answer = guest.run(&turns).unwrap();
    assert_eq!(answer.len(), 12);
    assert!(guest.memory_bytes() < 100_000_000, "{}", guest.memory_bytes());
    // It is still a guest like any other.
    assert_eq!(guest.run(&[turn(13, Vec::new())]).unwrap().len(), 1);
}

#[test]
fn a_turn_that_fails_alone_fails_in_a_replay() {
    let turns: Vec<Turn> = (0..3).map(|now| turn(now, Vec::new())).collect();
    for (name, kind) in [
        ("huge", kind::GUEST_PROTOCOL),
        ("loop", kind::GUEST_DEADLINE),
        ("allocate", kind::GUEST_MEMORY),
        ("trap", kind::GUEST_TRAPPED),
    ] {
        assert_eq!(failure(start(name).run(&turns).unwrap_err()).kind, kind, "{name}");
    }
}

#[test]
fn no_turns_are_no_actions() {
    let mut guest = start("chain");
    assert_eq!(guest.run(&[]), Ok(Vec::new()));
    run_once(&mut *guest).unwrap();
}
