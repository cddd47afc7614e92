//! Wake-ups, and what is taken for one.

use super::*;

#[test]
fn what_others_have_consumed_does_not_release_a_held_instance() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.state.held(&id("a"), 0);
    world.state.inherit(&id("a"), 0, &[number_as_guid(2)], world.now + VISIBILITY * 2);
    assert_eq!(world.arrive("a", 2), Added::New);
    assert_eq!(world.taken(), []);
    world.arrive_saying("a", 3, Message::Wake);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1, 2, 3])]);
}

#[test]
fn a_commit_consumes_the_wake_ups_that_were_handed_out_before_it() {
    let mut world = World::new();
    world.arrive_saying("a", 1, Message::Wake);
    world.arrive("a", 2);
    world.take();
    world.arrive_saying("a", 3, Message::Wake);
    assert_eq!(world.commit("a", &[2], false).len(), 2, "the event, and the wake-up that was in hand");
    assert_eq!(world.taken(), [("a".to_owned(), vec![3])], "what came later is to come");
}

#[test]
fn a_wake_up_that_an_earlier_commit_has_had_deleted_is_no_lease() {
    let mut world = World::new();
    world.arrive_saying("a", 1, Message::Wake);
    world.arrive("a", 2);
    world.take();
    assert_eq!(world.commit("a", &[2], false), ["2", "1"]);
    world.arrive("a", 3);
    world.take();
    // Whoever was handed the wake-up consumes it all the same.
    assert_eq!(world.commit("a", &[1, 3], true), ["1"]);
    assert_eq!(world.renewals().len(), 1, "the event brings the instance back");
}

#[test]
fn a_commit_leaves_what_is_in_hand_and_not_consumed() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.arrive("a", 2);
    world.take();
    assert_eq!(world.commit("a", &[1], false).len(), 1);
    assert_eq!(world.state.unspent(), 1);
}
