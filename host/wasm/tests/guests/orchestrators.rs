//! Orchestrators that misbehave, and those beside them.

use std::sync::mpsc::{TryRecvError, channel};

use engine::{Action, GuestError, TaskId, kind};
use wasm::{Engines, Options};

use crate::support::*;

#[test]
fn a_chain_schedules_and_completes() {
    let mut guest = start_with("chain", Some("\"hello\""));
    let scheduled = Action::ScheduleActivity {
        task: TaskId(0),
        name: "echo".to_owned(),
        input: Some("\"hello\"".into()),
        retry: None,
    };
    assert_eq!(run_once(&mut *guest), Ok(vec![scheduled]));
    let answer = guest.run(&[turn(2_000, vec![completed(0, "done")])]);
    assert_eq!(answer, Ok(vec![vec![Action::Complete { output: Some("done".into()) }]]));
}

#[test]
fn a_component_built_from_rust_imports_nothing() {
    let inspection = engines().inspect(&guest_file("guests"));
    assert_eq!(inspection.imports, Vec::<String>::new());
}

#[test]
fn a_guest_that_failed_is_not_used_again() {
    let mut guest = start("trap-later");
    run_once(&mut *guest).unwrap();
    let failure = failure(guest.run(&[turn(2, vec![completed(0, "")])]).unwrap_err());
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    assert!(matches!(guest.run(&[turn(3, Vec::new())]), Err(GuestError::Unavailable(_))));
    assert_eq!(guest.memory_bytes(), 0, "its memory is free");
    // And the next one knows nothing of it.
    run_once(&mut *start("trap-later")).unwrap();
}

#[test]
fn a_panic_is_a_trap() {
    let failure = failure_of("trap");
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    assert!(!failure.non_retriable);
    insta::assert_snapshot!(failure.message, @"the guest trapped: it panicked or aborted (`unreachable` was executed)");
}

#[test]
fn a_guest_may_fail_before_it_begins() {
    let start = |name| failure(GUESTS.start(&execution(name, None)).map(drop).unwrap_err());
    assert_eq!(start("trap-in-start").kind, kind::GUEST_TRAPPED);
    assert_eq!(start("refuse").kind, "bad-input");
}

#[test]
fn an_endless_loop_meets_its_deadline() {
    let failure = failure_of("loop");
    assert_eq!(failure.kind, kind::GUEST_DEADLINE);
    insta::assert_snapshot!(failure.message, @"the guest was interrupted after 2s, which is as long as one turn may take");
}

#[test]
fn a_guest_that_wants_all_memory_is_refused() {
    let failure = failure_of("allocate");
    assert_eq!(failure.kind, kind::GUEST_MEMORY);
    assert!(failure.message.ends_with("MiB of memory and may have 256"), "{}", failure.message);
}

#[test]
fn what_a_guest_keeps_is_counted() {
    let mut guest = start("keep");
    let before = guest.memory_bytes();
    guest.run(&[turn(1, Vec::new())]).unwrap();
    guest.run(&[turn(2, Vec::new()), turn(3, Vec::new())]).unwrap();
    let kept = guest.memory_bytes() - before;
    assert!((3_000_000..8_000_000).contains(&kept), "{kept}");
}

#[test]
fn endless_recursion_exhausts_the_guests_stack_and_not_ours() {
    let failure = failure_of("recurse");
    assert_eq!(failure.kind, kind::GUEST_TRAPPED);
    insta::assert_snapshot!(failure.message, @"the guest trapped: its call stack is exhausted, probably by endless recursion");
}

#[test]
fn a_payload_of_100_mb_breaks_the_contract() {
    let failure = failure_of("huge");
    assert_eq!(failure.kind, kind::GUEST_PROTOCOL);
    insta::assert_snapshot!(failure.message, @"the guest's answer is larger than the 32 MiB that are allowed for one turn");
}

#[test]
fn the_same_bytes_a_thousand_times_are_not_copied_a_thousand_times() {
    let failure = failure_of("alias");
    assert_eq!(failure.kind, kind::GUEST_PROTOCOL);
    insta::assert_snapshot!(failure.message, @"the guest's answer is larger than the 32 MiB that are allowed for one turn");
}

#[test]
fn more_actions_than_anybody_needs_break_the_contract() {
    let failure = failure_of("chatter");
    assert_eq!(failure.kind, kind::GUEST_PROTOCOL);
    insta::assert_snapshot!(failure.message, @"the guest decided 200000 actions in one turn, more than the 100000 that are looked at");
}

#[test]
fn an_answer_of_another_length_breaks_the_contract() {
    let failure = failure_of("wrong-count");
    assert_eq!(failure.kind, kind::GUEST_PROTOCOL);
    insta::assert_snapshot!(failure.message, @"the guest was given 1 turns and answered 0 of them");
}

#[test]
fn a_payload_that_is_not_text_breaks_the_contract() {
    let failure = failure_of("not-text");
    assert_eq!(failure.kind, kind::GUEST_PROTOCOL);
    insta::assert_snapshot!(failure.message, @"the guest's answer cannot be read: invalid utf-8 sequence of 1 bytes from index 0");
}

#[test]
fn garbage_task_ids_are_for_the_engine_to_judge() {
    let actions = run_once(&mut *start("task-ids")).unwrap();
    assert!(matches!(actions[..], [Action::ScheduleActivity { task: TaskId(7), .. }]), "{actions:?}");
}

#[test]
fn an_unknown_name_is_not_the_instances_fault() {
    let error = GUESTS.start(&execution("nobody", None)).map(drop).unwrap_err();
    assert!(matches!(error, GuestError::Unavailable(ref why) if why.contains("nobody")), "{error}");
}

#[test]
fn a_host_without_room_says_so_and_recovers() {
    let engines = Engines::new(Options { orchestrators_max: 2, ..options() }).unwrap();
    let component = engines.load(&guest_file("guests")).unwrap();
    let start = || component.start(&execution("chain", None));
    let (first, _second) = (start().unwrap(), start().unwrap());
    assert!(matches!(start(), Err(GuestError::Unavailable(_))));
    drop(first);
    run_once(&mut *start().unwrap()).unwrap();
}

#[test]
fn a_looping_guest_does_not_disturb_its_neighbours() {
    let (done, is_done) = channel::<()>();
    let looping = std::thread::spawn(move || {
        let failure = failure_of("loop");
        drop(done);
        failure
    });
    let mut turns = 0;
    while is_done.try_recv() == Err(TryRecvError::Empty) {
        run_once(&mut *start("chain")).unwrap();
        turns += 1;
    }
    assert_eq!(looping.join().unwrap().kind, kind::GUEST_DEADLINE);
    assert!(turns > 10, "{turns}");
}

#[test]
fn guests_outlive_the_engines_they_came_from() {
    let engines = Engines::new(options()).unwrap();
    let mut guest = engines.load(&guest_file("guests")).unwrap().start(&execution("loop", None)).unwrap();
    drop(engines);
    assert_eq!(failure(run_once(&mut *guest).unwrap_err()).kind, kind::GUEST_DEADLINE, "deadlines are still kept");
}
