//! Orchestrators that import WASI.

use engine::{Action, Execution, ExecutionId, Guest, LogLevel, kind};

use crate::support::*;

fn start(name: &str) -> Box<dyn Guest> {
    WASI_READER.start(&execution(name, None)).unwrap()
}

#[test]
fn both_clocks_say_each_turns_own_time() {
    let turns = [turn(1_500, Vec::new()), turn(2_000, Vec::new())];
    let answer = start("clocks").run(&turns).unwrap();
    assert_eq!(status(&answer[0]), "1.500000000 1500000000");
    assert_eq!(status(&answer[1]), "2.000000000 2000000000");
}

#[test]
fn random_numbers_are_drawn_again_on_replay() {
    let turns = [turn(1, Vec::new()), turn(2, Vec::new())];
    let answer = start("random").run(&turns).unwrap();
    let mut replayed = start("random");
    let first = replayed.run(&turns[..1]).unwrap();
    let second = replayed.run(&turns[1..]).unwrap();
    assert_eq!(answer, [first, second].concat());
    assert_ne!(answer[0], answer[1], "they go on, though");

    let other = Execution { execution_id: ExecutionId::from_bytes([8; 16]), ..execution("random", None) };
    assert_ne!(WASI_READER.start(&other).unwrap().run(&turns).unwrap()[0], answer[0]);
}

#[test]
fn there_is_nothing_around_an_orchestrator() {
    assert_eq!(status(&run_once(&mut *start("surroundings")).unwrap()), "[] [] None 0 true");
}

#[test]
fn output_becomes_log_lines_in_front_of_the_turns_actions() {
    let actions = run_once(&mut *start("print")).unwrap();
    let log = |level, message: &str| Action::Log { level, message: message.to_owned() };
    assert_eq!(
        actions[..4],
        [
            log(LogLevel::Info, "one"),
            log(LogLevel::Info, "two"),
            log(LogLevel::Warn, "careful"),
            log(LogLevel::Info, "three"),
        ]
    );
    assert!(matches!(actions[4..], [Action::SetCustomStatus { .. }]));
}

#[test]
fn a_thread_that_runs_async_tasks_may_run_guests_that_print() {
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let actions = tokio.block_on(async { run_once(&mut *start("print")).unwrap() });
    assert_eq!(actions.len(), 5);
}

#[test]
fn output_goes_with_the_turn_that_printed_it() {
    let turns = [turn(1, Vec::new()), turn(2, Vec::new())];
    let answer = start("print").run(&turns).unwrap();
    assert_eq!(answer[0].len(), 5);
    assert_eq!(answer[1].len(), 5);
}

#[test]
fn an_orchestrator_cannot_sleep() {
    let failure = failure(run_once(&mut *start("sleep")).unwrap_err());
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    insta::assert_snapshot!(failure.message, @"an orchestrator cannot wait inside a turn: use a durable timer of the SDK instead of a sleep, and an activity for anything else that takes time");
}

#[test]
fn what_is_due_now_is_ready_and_nothing_else() {
    assert_eq!(status(&run_once(&mut *start("poll")).unwrap()), "[1] false true");
}

#[test]
fn a_guest_that_ends_itself_has_failed() {
    let failure = failure(run_once(&mut *start("exit")).unwrap_err());
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    insta::assert_snapshot!(failure.message, @"the guest ended itself with exit status 1");
}

#[test]
fn the_last_words_of_a_guest_are_kept() {
    let failure = failure(run_once(&mut *start("print-and-panic")).unwrap_err());
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    let details = failure.details.unwrap();
    assert!(details.as_str().ends_with("\nlast output:\n  about to panic"), "{details}");
}

#[test]
fn an_import_for_activities_traps_with_advice() {
    let mut guest = HTTP_GETTER.start(&execution("reach-out", None)).unwrap();
    let failure = failure(run_once(&mut *guest).unwrap_err());
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    insta::assert_snapshot!(failure.message, @"the orchestrator called `[constructor]fields` of `wasi:http/types@0.2.12`, which only activities may use: move this call into an activity, schedule that activity, and await its result");
}
