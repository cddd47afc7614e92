//! Steps at random: whatever happens, the books are right and nothing is lost.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Arrive(u8),
    Take,
    Commit { instance: u8, needs_lease: bool },
    GiveBack(u8),
    Renew { is_lost: bool },
    Deleted(u8),
    Held(u8),
    TakenBack(u8),
    Forget,
    Gone(u8),
    GiveUpLease(u8),
    Inherit(u8),
    Load(u8),
    Pass(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let instance = 0..4_u8;
    prop_oneof![
        6 => (0..12_u8).prop_map(Step::Arrive),
        4 => Just(Step::Take),
        4 => (instance.clone(), any::<bool>()).prop_map(|(instance, needs_lease)| Step::Commit { instance, needs_lease }),
        2 => instance.clone().prop_map(Step::GiveBack),
        2 => any::<bool>().prop_map(|is_lost| Step::Renew { is_lost }),
        2 => (0..12_u8).prop_map(Step::Deleted),
        1 => instance.clone().prop_map(Step::Held),
        1 => instance.clone().prop_map(Step::TakenBack),
        1 => Just(Step::Forget),
        1 => instance.clone().prop_map(Step::Gone),
        1 => instance.clone().prop_map(Step::GiveUpLease),
        1 => (0..12_u8).prop_map(Step::Inherit),
        1 => instance.prop_map(Step::Load),
        2 => (1..20_u8).prop_map(Step::Pass),
    ]
}

/// Messages are of the instance of their number modulo four.
fn instance_of(number: u8) -> &'static str {
    ["a", "b", "o1", "o2"][usize::from(number % 4)]
}

/// Carries out a step; `in_hand` is what somebody works on: instance and message.
fn carry_out(world: &mut World, step: &Step, in_hand: &mut HashSet<(InstanceId, MessageId)>) {
    let of = |in_hand: &HashSet<(InstanceId, MessageId)>, instance: &str| -> Vec<MessageId> {
        let mut ids: Vec<_> = in_hand.iter().filter(|(id, _)| id.as_str() == instance).map(|(_, id)| *id).collect();
        ids.sort();
        ids
    };
    let drop_all = |in_hand: &mut HashSet<(InstanceId, MessageId)>, instance: &str| {
        in_hand.retain(|(id, _)| id.as_str() != instance);
    };
    match *step {
        Step::Arrive(number) => {
            if let Added::Spent(spent) = world.arrive(instance_of(number), number) {
                world.state.deleted(&id(instance_of(number)), spent.id);
            }
        }
        Step::Take => {
            for item in world.take() {
                for envelope in item.messages {
                    let is_new = in_hand.insert((item.instance_id.clone(), envelope.id));
                    assert!(is_new, "{envelope:?} was handed out twice");
                }
            }
        }
        Step::Commit { instance, needs_lease } => {
            let instance = instance_of(instance);
            let consumed = of(in_hand, instance);
            let numbers: Vec<_> = consumed.iter().map(|id| id.0).collect();
            world.commit(instance, &numbers, needs_lease);
            drop_all(in_hand, instance);
        }
        Step::GiveBack(instance) => {
            let instance = instance_of(instance);
            world.state.given_back(&id(instance), &of(in_hand, instance), false, world.time());
            drop_all(in_hand, instance);
        }
        Step::Renew { is_lost } => {
            for renewal in world.renewals() {
                if is_lost {
                    world.state.renewed(&renewal.place, Renewed::Lost);
                } else {
                    world.renew(&renewal);
                }
            }
        }
        Step::Deleted(number) => {
            let guid = number_as_guid(number);
            let instance = id(instance_of(number));
            let spent = world.state.entry(&instance).and_then(|entry| {
                let spent = entry.messages.iter().find(|(_, stored)| stored.guid == guid && stored.is_spent());
                spent.map(|(id, _)| *id)
            });
            if let Some(spent) = spent {
                world.state.deleted(&instance, spent);
            }
        }
        Step::Held(instance) => world.state.held(&id(instance_of(instance)), partition_of(instance_of(instance))),
        Step::TakenBack(instance) => {
            world.state.taken_back(&id(instance_of(instance)));
            drop_all(in_hand, instance_of(instance));
        }
        Step::Forget => {
            world.state.forget_partition(1, 0);
            drop_all(in_hand, "o1");
            drop_all(in_hand, "o2");
        }
        Step::Gone(instance) => {
            let next = world.state.next_message();
            world.state.gone(&id(instance_of(instance)), next);
            drop_all(in_hand, instance_of(instance));
        }
        Step::GiveUpLease(instance) => world.state.give_up_lease(&id(instance_of(instance))),
        Step::Inherit(number) => {
            let (instance, until) = (instance_of(number), world.now + VISIBILITY);
            world.state.inherit(&id(instance), partition_of(instance), &[number_as_guid(number)], until);
        }
        Step::Load(instance) => {
            let instance = id(instance_of(instance));
            let lapsed = world.state.lapsed(&instance, world.now);
            world.state.forget(&instance, &lapsed);
            in_hand.retain(|(of, id)| *of != instance || !lapsed.contains(id));
        }
        Step::Pass(seconds) => {
            world.pass(seconds.into());
            world.state.forget_inherited(world.now);
        }
    }
}

/// Wake-ups of a held instance bring back what is in hand, which whoever works on it does not learn.
fn is_tame(step: &Step) -> bool {
    !matches!(step, Step::Held(_))
}

proptest! {
    #[test]
    fn whatever_happens_the_books_are_right(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        let mut in_hand = HashSet::new();
        for step in &steps {
            carry_out(&mut world, step, &mut in_hand);
            world.state.check();
        }
    }

    #[test]
    fn whatever_has_not_been_consumed_can_be_had_in_the_end(
        steps in prop::collection::vec(step().prop_filter("holds", is_tame), 1..80),
    ) {
        let mut world = World::new();
        let mut in_hand = HashSet::new();
        for step in &steps {
            carry_out(&mut world, step, &mut in_hand);
        }
        // Everything that is known comes again, and everybody gives up what he has.
        for number in 0..4 {
            carry_out(&mut world, &Step::GiveBack(number), &mut in_hand);
        }
        world.pass(60);
        world.state.forget_inherited(world.now);
        for number in 0..12 {
            carry_out(&mut world, &Step::Arrive(number), &mut in_hand);
        }
        carry_out(&mut world, &Step::Take, &mut in_hand);
        world.state.check();
        let is_waiting = |instance: &str| world.state.entry(&id(instance)).is_some_and(super::entry::Entry::is_ready);
        for instance in ["a", "b", "o1", "o2"] {
            prop_assert!(!is_waiting(instance), "{} waits for ever", instance);
        }
        let unspent = world.state.unspent();
        prop_assert_eq!(unspent, in_hand.len(), "what is not consumed is in somebody's hand");
    }
}
