//! A random guest and a random world around it, for the properties.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::testing::{
    ScriptedGuests, cancel, child, complete, continue_as_new, custom_status, fail, log, retry, schedule, schedule_with,
    send_event, sub_with, wait_event,
};
use crate::{
    Action, Event, EventKey, Execution, Failure, Message, OutboxMessage, StartChild, TaskId, Turn, TurnOutcome,
};

/// Numbers from a seed; the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A guest that throws dice over everything it is told.
pub(super) fn gambler(seed: u64) -> ScriptedGuests {
    ScriptedGuests::fallible(move |execution, turns| {
        let mut next_task = 0;
        let mut actions = Vec::new();
        for (index, turn) in turns.iter().enumerate() {
            let told = u64::try_from(format!("{turn:?}").len()).unwrap();
            let mut dice = Dice(seed ^ (told << 20) ^ (index as u64) << 40 ^ generation(execution));
            actions = gamble(&mut dice, turn, &mut next_task)?;
        }
        Ok(actions)
    })
}

fn generation(execution: &Execution) -> u64 {
    u64::from(execution.execution_id.as_bytes()[15])
}

fn gamble(dice: &mut Dice, turn: &Turn, next_task: &mut u32) -> Result<Vec<Action>, crate::GuestError> {
    let failed =
        turn.events.iter().any(|event| matches!(event, Event::ActivityFailed { .. } | Event::ChildFailed { .. }));
    if failed && dice.roll(2) == 0 {
        return Ok(vec![fail("gave-up", "m")]);
    }
    let mut actions = Vec::new();
    let least = u64::from(*next_task == 0);
    for _ in 0..least + dice.roll(5) {
        let task = *next_task;
        let now_s = turn.now.as_millis() / 1_000;
        *next_task += 1;
        actions.push(match dice.roll(11) {
            0 => schedule(task, "plain"),
            1 => schedule_with(task, "stubborn", "", Some(retry(3))),
            2 => crate::testing::timer(task, now_s + dice.roll(4)),
            3 | 4 => wait_event(task, ["a", "B"][usize::from(dice.roll(2) == 0)]),
            5 => send_event(task, "order-2", "go", ""),
            6 => sub_with(StartChild { retry: Some(retry(2)), ..child(task, "ship") }),
            7 => sub_with(StartChild { detached: true, ..child(task, "audit") }),
            8 => {
                *next_task -= 1;
                custom_status(&dice.roll(3).to_string())
            }
            9 => {
                *next_task -= 1;
                log("line")
            }
            _ if task > 0 => {
                *next_task -= 1;
                cancel(u32::try_from(dice.roll(u64::from(task))).unwrap())
            }
            _ => schedule(task, "plain"),
        });
    }
    match dice.roll(80) {
        0 => actions.push(complete("done")),
        1 => actions.push(fail("bad-luck", "m")),
        2 | 3 => actions.push(continue_as_new("next", dice.roll(2) == 0)),
        4 => return Err(crate::GuestError::Failed(Failure::new(crate::kind::GUEST_TRAPPED, "bad luck"))),
        _ => {}
    }
    Ok(actions)
}

/// What the world around the instance does next.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) advance_ms: u64,
    pub(super) evict: bool,
    pub(super) deeds: Vec<(u8, u8)>,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    (0..4_u64, any::<bool>(), vec((0..32_u8, any::<u8>()), 0..4)).prop_map(|(half_seconds, evict, deeds)| Step {
        advance_ms: half_seconds * 500,
        evict,
        deeds,
    })
}

/// Everything that was ever asked of the world, and every message it ever sent.
#[derive(Default)]
pub(super) struct World {
    asked: Vec<(crate::ExecutionId, TaskId, u32, bool)>,
    sent: Vec<Message>,
}

impl World {
    pub(super) fn deed(&mut self, kind: u8, pick: u8) -> Option<Message> {
        let number = self.sent.len();
        let failure = || Failure::new("unlucky", "m");
        let message = match kind {
            0..=15 if !self.asked.is_empty() => {
                // Mostly one of the last: what is older has been answered or is forgotten.
                let recent = if pick.is_multiple_of(4) { self.asked.len() } else { self.asked.len().min(4) };
                let (execution_id, task, attempt, is_child) =
                    self.asked[self.asked.len() - 1 - usize::from(pick) % recent];
                match (is_child, kind < 10) {
                    (false, true) => Message::TaskCompleted { execution_id, task, attempt, output: None },
                    (false, false) => Message::TaskFailed { execution_id, task, attempt, failure: failure() },
                    (true, true) => Message::ChildCompleted { execution_id, task, attempt, output: None },
                    (true, false) => {
                        Message::ChildFailed { execution_id, task, attempt, failure: failure(), ending: None }
                    }
                }
            }
            16..=18 if !self.sent.is_empty() => self.sent[usize::from(pick) % number].clone(),
            19..=23 => Message::RaiseEvent {
                name: ["a", "b"][usize::from(pick) % 2].into(),
                data: None,
                key: EventKey::from_bytes((number as u128 + 1).to_be_bytes()),
                execution_id: None,
            },
            24 => Message::Suspend { reason: None, execution_id: None },
            25 | 26 => Message::Resume { reason: None, execution_id: None },
            27..=29 => Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None },
            30 if pick < 60 => Message::Terminate { reason: None, recurse: pick < 20, execution_id: None },
            30 => Message::Wake,
            31 => {
                let text = format!("start name=order execution={number:x} created_at={number}s");
                crate::text::parse_messages(&text).unwrap().pop()?
            }
            _ => return None,
        };
        self.sent.push(message.clone());
        Some(message)
    }

    pub(super) fn listen(&mut self, outcome: &TurnOutcome) {
        for activity in &outcome.activities {
            self.asked.push((activity.execution_id, activity.task, activity.attempt, false));
        }
        for OutboxMessage { message, .. } in &outcome.outbox {
            if let Message::Start(start) = message
                && let Some(parent) = &start.parent
            {
                self.asked.push((parent.execution_id, parent.task, parent.attempt, true));
            }
        }
    }
}
