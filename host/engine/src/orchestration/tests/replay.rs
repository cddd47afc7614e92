//! Cold guests repeat, warm guests go on, and failing guests fail their instance.

use std::cell::RefCell;
use std::rc::Rc;

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, complete, schedule, script, timer};
use crate::{
    Action, Digest, EngineRevision, Execution, Failure, Guest, GuestError, GuestSource, InstanceId, Orchestration,
    Timestamp, Turn, TurnError, kind,
};

/// Writes down how it is called.
#[derive(Default)]
struct Recorder {
    calls: Rc<RefCell<Vec<String>>>,
    lists: Option<usize>,
}

struct RecorderGuest {
    calls: Rc<RefCell<Vec<String>>>,
    turns: usize,
    lists: Option<usize>,
}

impl GuestSource for Recorder {
    fn start(&mut self, _: &Execution, pin: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        self.calls.borrow_mut().push(format!("start pin={:?}", pin.map(|pin| pin.short())));
        let guest = RecorderGuest { calls: self.calls.clone(), turns: 0, lists: self.lists };
        Ok((Box::new(guest), pin.unwrap_or(Digest::from_bytes([1; 32]))))
    }
}

impl Guest for RecorderGuest {
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        let shown: Vec<_> = turns.iter().map(|turn| format!("{}:{}", turn.now, turn.events.len())).collect();
        self.calls.borrow_mut().push(format!("run {}", shown.join(" ")));
        let lists = turns.iter().map(|_| {
            let task = u32::try_from(self.turns).unwrap();
            self.turns += 1;
            vec![timer(task, u64::from(task) + 1)]
        });
        Ok(lists.take(self.lists.unwrap_or(turns.len())).collect())
    }

    fn memory_bytes(&self) -> usize {
        1_000
    }
}

#[test]
fn a_warm_guest_gets_one_turn_and_a_cold_one_all_of_them_in_one_call() {
    let mut guests = Recorder::default();
    let id = InstanceId::new("order-1").unwrap();
    let mut orchestration = Orchestration::new(id.clone());
    let start = crate::text::parse_messages("start name=order").unwrap();
    let mut history = orchestration
        .run(Timestamp::from_millis(0), EngineRevision::NEWEST, start, &mut guests)
        .unwrap()
        .history
        .events()
        .to_vec();
    let fired = orchestration.run(Timestamp::from_millis(1_000), EngineRevision::NEWEST, vec![], &mut guests).unwrap();
    history.extend_from_slice(fired.history.events());
    assert!(orchestration.guest_bytes() > 1_000);

    let mut cold = Orchestration::load(id, history, fired.state.component, None).unwrap();
    assert_eq!(cold.guest_bytes(), 0);
    cold.run(Timestamp::from_millis(1_500), EngineRevision::NEWEST, vec![], &mut guests).unwrap();
    cold.run(Timestamp::from_millis(2_000), EngineRevision::NEWEST, vec![], &mut guests).unwrap();
    assert_snapshot!(guests.calls.borrow().join("\n"), @r#"
    start pin=None
    run 0ms:0
    run 1000ms:1
    start pin=Some("010101010101")
    run 0ms:0 1000ms:1 2000ms:1
    "#);
}

#[test]
fn a_wrong_number_of_answers_fails_the_instance() {
    let mut guests = Recorder { lists: Some(0), ..Recorder::default() };
    let mut orchestration = Orchestration::new(InstanceId::new("order-1").unwrap());
    let start = crate::text::parse_messages("start name=order").unwrap();
    let outcome = orchestration.run(Timestamp::from_millis(0), EngineRevision::NEWEST, start, &mut guests).unwrap();
    assert_snapshot!(crate::testing::render_outcome(&outcome), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 execution_failed kind=guest-broke-contract message='the guest answered 1 turns with 0 lists of actions' non_retriable
    4 orchestrator_completed
    = Failed failure=guest-broke-contract
    ");
    assert_eq!(orchestration.guest_bytes(), 0);
}

#[test]
fn a_guest_that_cannot_start_fails_the_instance() {
    let mut session = Session::new(script([vec![complete("done")]]));
    session.refuse_guests(Some(GuestError::Failed(Failure::new("bad-input", "not a number"))));
    assert_snapshot!(session.run("at=0s | start name=order"), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 execution_failed kind=bad-input message='not a number'
    4 orchestrator_completed
    = Failed failure=bad-input
    ");
}

#[test]
fn a_guest_that_traps_fails_the_instance() {
    let guests = ScriptedGuests::fallible(|_, turns| match turns {
        [_] => Ok(vec![schedule(0, "charge"), timer(1, 9)]),
        _ => Err(GuestError::Failed(Failure::new(kind::GUEST_TRAPPED, "unreachable"))),
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | task_completed task=0"), @"
    6 orchestrator_started at=1s
    7 task_completed task=0
    8 execution_failed kind=guest-trapped message='unreachable'
    9 orchestrator_completed
    = Failed failure=guest-trapped
    ");
    assert_eq!(session.orchestration.guest_bytes(), 0);
}

#[test]
fn a_guest_without_a_decision_waits_for_nothing_and_is_not_called_again() {
    let guests = script([vec![]]);
    let mut session = Session::new(guests.clone());
    assert_snapshot!(session.run("at=0s | start name=order"), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 orchestrator_completed
    = Running
    ");
    session.evict();
    assert_snapshot!(session.run("at=1s | raise_event name=go key=1"), @"
    4 orchestrator_started at=1s
    5 event_raised name=go key=1
    6 orchestrator_completed
    = Running (as before)
    ");
    assert_eq!(guests.started(), 1);
}

#[test]
fn a_replay_of_what_has_ended_compares_every_turn_of_it() {
    let guests = || script([vec![schedule(0, "charge")], vec![complete("done")]]);
    let mut session = Session::new(guests());
    session.run("at=0s | start name=order");
    session.run("at=1s | task_completed task=0");
    let replay = |mut guests: ScriptedGuests| {
        let id = InstanceId::new("order-7").unwrap();
        Orchestration::load(id, session.history.clone(), None, None).unwrap().replay(&mut guests)
    };
    assert_eq!(replay(guests()), Ok(()));
    for other in [
        [vec![schedule(0, "refund")], vec![complete("done")]],
        [vec![schedule(0, "charge")], vec![complete("otherwise")]],
    ] {
        assert!(matches!(replay(script(other)), Err(TurnError::Nondeterminism(_))));
    }
}
