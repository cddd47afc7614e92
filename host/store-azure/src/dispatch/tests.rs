//! What this host has in hand, step by step.

mod random;
mod wakes;

use std::time::Duration;

use azure::Receipt;
use engine::{EventKey, InstanceId, Message, Timestamp};
use store::{MessageId, WorkItem};
use tokio::time::Instant;

use super::*;

const VISIBILITY: Duration = Duration::from_secs(30);

/// A state, and a clock whose origin is fixed.
struct World {
    state: State,
    began: Instant,
    now: Instant,
    /// Times a message was handed out by its queue.
    takes: u32,
}

impl World {
    fn new() -> Self {
        let began = Instant::now();
        Self { state: State::new(), began, now: began, takes: 0 }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from((self.now - self.began).as_millis()).unwrap())
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn receipt(&mut self, number: u8) -> Receipt {
        self.takes += 1;
        Receipt { message_id: format!("{number:032x}").into(), pop_receipt: self.takes.to_string().into() }
    }

    fn arrive(&mut self, to: &str, number: u8) -> Added {
        self.arrive_saying(to, number, raised(number))
    }

    fn arrive_saying(&mut self, to: &str, number: u8, message: Message) -> Added {
        let arrival = Arrival {
            partition: partition_of(to),
            to: id(to),
            message,
            begins_without_row: false,
            switched_at: None,
            receipt: self.receipt(number),
            text: format!("text {number}").into(),
            dequeue_count: 1,
            lapses_at: self.now + VISIBILITY,
            hint: None,
        };
        self.state.add(arrival)
    }

    /// A suspend or resume that was sent at that second, and has been handed out so often.
    fn switch(&mut self, to: &str, number: u8, message: Message, sent_at: u64, dequeue_count: u32) {
        let arrival = Arrival {
            partition: partition_of(to),
            to: id(to),
            message,
            begins_without_row: false,
            switched_at: Some(Timestamp::from_millis(1_000 * sent_at)),
            receipt: self.receipt(number),
            text: format!("text {number}").into(),
            dequeue_count,
            lapses_at: self.now + VISIBILITY,
            hint: None,
        };
        assert_eq!(self.state.add(arrival), Added::New);
    }

    fn take(&mut self) -> Vec<WorkItem> {
        self.state.take(usize::MAX, self.time(), self.now, |_| true)
    }

    /// What is handed out, as instance and numbers of messages.
    fn taken(&mut self) -> Vec<(String, Vec<u64>)> {
        let numbers = |item: &WorkItem| item.messages.iter().map(|envelope| envelope.id.0).collect();
        self.take().iter().map(|item| (item.instance_id.to_string(), numbers(item))).collect()
    }

    /// A commit that consumes these; answers the receipts of what is to be deleted.
    fn commit(&mut self, instance: &str, consumed: &[u64], needs_lease: bool) -> Vec<String> {
        let consumed: Vec<_> = consumed.iter().copied().map(MessageId).collect();
        let plan = self.state.plan(&id(instance), &consumed, needs_lease);
        let committed = Committed {
            instance_id: &id(instance),
            partition: partition_of(instance),
            consumed: &consumed,
            lease: plan.lease,
            wake_at: None,
            armed: None,
        };
        receipts(self.state.committed(committed))
    }

    /// What is dropped as it came before a message: numbers, and what they say unless they are consumed.
    fn gone(&mut self, instance: &str, next: u64) -> Vec<(u64, Option<Message>)> {
        let gone = self.state.gone(&id(instance), MessageId(next));
        gone.into_iter().map(|(spent, _, message, _)| (spent.id.0, message)).collect()
    }

    fn renewals(&mut self) -> Vec<Renewal> {
        self.state.begin_renewals(self.now + VISIBILITY)
    }

    fn renew(&mut self, renewal: &Renewal) -> Option<Spent> {
        let receipt = Receipt { pop_receipt: "renewed".into(), ..renewal.receipt.clone() };
        self.state.renewed(&renewal.place, Renewed::Until { receipt, lapses_at: self.now + VISIBILITY })
    }
}

fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

/// Instances that begin with `o` are in another partition.
fn partition_of(instance: &str) -> u8 {
    u8::from(instance.starts_with('o'))
}

fn raised(number: u8) -> Message {
    Message::RaiseEvent {
        name: "go".to_owned(),
        data: None,
        key: EventKey::from_bytes([number; 16]),
        execution_id: None,
    }
}

fn number_as_guid(number: u8) -> Guid {
    guid(&format!("{number:032x}"))
}

fn receipts(spent: Vec<Spent>) -> Vec<String> {
    spent.into_iter().map(|spent| spent.receipt.pop_receipt.to_string()).collect()
}

#[test]
fn a_guid_is_its_own_sixteen_bytes_and_anything_else_a_hash() {
    let bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    assert_eq!(guid("00010203-0405-0607-0809-0a0b0c0d0e0f"), bytes);
    assert_ne!(guid("message-1"), guid("message-2"));
    assert_ne!(guid("1"), Guid::default());
}

#[test]
fn what_came_together_is_handed_out_together_and_once() {
    let mut world = World::new();
    assert_eq!(world.arrive("a", 1), Added::New);
    world.arrive("b", 2);
    world.arrive("a", 3);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1, 3]), ("b".to_owned(), vec![2])]);
    assert_eq!(world.taken(), []);
    world.arrive("a", 4);
    assert_eq!(world.taken(), [("a".to_owned(), vec![4])]);
}

#[test]
fn a_message_that_comes_again_is_known_by_its_latest_receipt() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    assert_eq!(world.arrive("a", 1), Added::Known);
    assert_eq!(world.taken(), [], "whoever has it in hand has it");
    assert_eq!(world.commit("a", &[1], false), ["2"]);
}

#[test]
fn a_message_that_comes_again_while_it_is_in_hand_is_not_deleted_by_its_renewal() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    assert_eq!(world.arrive("a", 1), Added::Known);
    let renewals = world.renewals();
    assert_eq!(renewals.len(), 1);
    assert_eq!(world.renew(&renewals[0]), None);
}

#[test]
fn a_consumed_message_that_comes_again_is_deleted_unless_it_is_the_lease() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.arrive("a", 2);
    world.take();
    assert_eq!(world.commit("a", &[1, 2], true), ["2"]);
    assert_eq!(world.arrive("a", 1), Added::Known, "the lease stays");
    assert!(matches!(world.arrive("a", 2), Added::Spent(Spent { id: MessageId(2), .. })));
    world.state.deleted(&id("a"), MessageId(2));
    assert_eq!(world.arrive("a", 2), Added::New, "it was said to be gone");
}

#[test]
fn the_lease_is_the_one_there_is_or_else_the_oldest_that_is_consumed() {
    let mut world = World::new();
    assert_eq!(world.state.plan(&id("a"), &[], true), CommitPlan::default(), "nothing could be one");
    world.arrive("a", 1);
    world.arrive("a", 2);
    world.take();
    let both = [MessageId(1), MessageId(2)];
    assert_eq!(world.state.plan(&id("a"), &both, false).lease, None);
    assert_eq!(world.state.plan(&id("a"), &both, true).lease, Some(MessageId(1)));
    world.commit("a", &[1, 2], true);
    world.arrive("a", 3);
    world.take();
    let plan = world.state.plan(&id("a"), &[MessageId(3)], true);
    assert_eq!(plan.lease, Some(MessageId(1)));
    assert_eq!(plan.taken_in, [1, 2, 3].map(number_as_guid), "until it is known to be deleted");
    world.state.deleted(&id("a"), MessageId(2));
    assert_eq!(world.commit("a", &[3], false), ["1", "3"], "nobody needs it any more");
}

#[test]
fn a_message_that_is_being_renewed_is_deleted_afterwards() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.pass(20);
    let renewals = world.renewals();
    assert_eq!(renewals.len(), 1);
    assert_eq!(world.renewals(), [], "one at a time");
    assert_eq!(world.commit("a", &[1], false), Vec::<String>::new());
    let spent = world.renew(&renewals[0]).unwrap();
    assert_eq!(&*spent.receipt.pop_receipt, "renewed", "the old receipt would not do");
    assert_eq!(world.renewals(), [], "what is to be deleted is not renewed");
}

#[test]
fn a_renewal_that_failed_is_tried_again() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.pass(20);
    let renewal = world.renewals().remove(0);
    assert_eq!(renewal.text.as_deref(), Some("text 1"));
    assert_eq!(world.state.renewed(&renewal.place, Renewed::Failed), None);
    let renewal = world.renewals().remove(0);
    world.renew(&renewal);
    world.pass(20);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1])], "it has not lapsed");
}

#[test]
fn a_lease_says_only_that_there_is_work_and_one_that_is_lost_is_forgotten() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.commit("a", &[1], true);
    let renewal = world.renewals().remove(0);
    assert_eq!(renewal.text, None);
    assert_eq!(world.state.renewed(&renewal.place, Renewed::Lost), None);
    assert!(world.state.entry(&id("a")).is_none());
}

#[test]
fn a_message_that_somebody_else_took_can_still_be_consumed_but_is_not_handed_out_again() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    let renewal = world.renewals().remove(0);
    world.state.renewed(&renewal.place, Renewed::Lost);
    assert_eq!(world.renewals(), []);
    assert_eq!(world.state.plan(&id("a"), &[MessageId(1)], false).taken_in, [number_as_guid(1)]);
    world.state.given_back(&id("a"), &[MessageId(1)], false, Timestamp::default());
    assert_eq!(world.taken(), []);
    assert_eq!(world.arrive("a", 1), Added::New, "it was nobody's in the end");
}

#[test]
fn what_has_lapsed_is_not_handed_out_until_it_comes_anew() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.pass(31);
    world.arrive("a", 2);
    assert_eq!(world.taken(), [("a".to_owned(), vec![2])]);
    assert_eq!(world.arrive("a", 1), Added::New);
    assert_eq!(world.taken(), [("a".to_owned(), vec![3])]);
}

#[test]
fn whoever_loads_is_told_what_has_lapsed_in_hand() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.pass(31);
    world.arrive("a", 2);
    assert_eq!(world.state.lapsed(&id("a"), world.now), [MessageId(1)]);
    assert!(world.state.has_lapsed(&id("a"), &[MessageId(1)], world.now));
    assert!(!world.state.has_lapsed(&id("a"), &[MessageId(2)], world.now));
    world.state.forget(&id("a"), &[MessageId(1)]);
    assert_eq!(world.commit("a", &[1], false), Vec::<String>::new(), "it is not this host's to delete");
}

#[test]
fn what_others_have_consumed_is_deleted_when_it_shows_up_and_kept_in_mind_until_then() {
    let mut world = World::new();
    let until = world.now + VISIBILITY * 2;
    world.arrive("a", 2);
    world.take();
    world.state.inherit(&id("a"), 0, &[number_as_guid(1), number_as_guid(2)], until);
    let plan = world.state.plan(&id("a"), &[MessageId(1)], false);
    assert_eq!(plan.taken_in, [number_as_guid(1), number_as_guid(2)]);
    world.commit("a", &[1], true);
    assert!(matches!(world.arrive("a", 1), Added::Spent(_)));
    assert_eq!(world.taken(), []);
    world.pass(60);
    world.state.forget_inherited(world.now);
    assert_eq!(world.arrive("a", 1), Added::New);
}

#[test]
fn what_others_have_consumed_wakes_an_instance_that_has_no_lease_here() {
    let mut world = World::new();
    world.state.inherit(&id("a"), 0, &[number_as_guid(1)], world.now + VISIBILITY * 2);
    assert_eq!(world.arrive("a", 1), Added::New);
    let messages = world.take().remove(0).messages;
    assert_eq!(messages.into_iter().map(|envelope| envelope.message).collect::<Vec<_>>(), [Message::Wake]);
}

#[test]
fn a_lease_that_was_overtaken_is_left_to_lapse() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.commit("a", &[1], true);
    world.state.give_up_lease(&id("a"));
    assert_eq!(world.renewals(), []);
    assert_eq!(world.arrive("a", 1), Added::New);
}

#[test]
fn what_is_given_back_rests_and_comes_with_what_came_meanwhile() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    let rested = world.time().saturating_add(Duration::from_secs(5));
    world.state.given_back(&id("a"), &[MessageId(1)], false, rested);
    world.arrive("a", 2);
    assert_eq!(world.taken(), []);
    assert_eq!(world.state.next_ready_at(|_| true), Some(rested));
    assert_eq!(world.state.next_ready_at(|_| false), None, "nobody waits for what is not served");
    world.pass(5);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1, 2])]);
}

#[test]
fn an_instance_is_woken_when_its_time_has_come_unless_a_commit_says_otherwise() {
    let mut world = World::new();
    let wake_at = world.time().saturating_add(Duration::from_secs(5));
    world.state.loaded(&id("a"), 0, Some(wake_at));
    assert_eq!(world.taken(), []);
    assert_eq!(world.state.next_ready_at(|_| true), Some(wake_at));
    world.pass(5);
    assert_eq!(world.taken(), [("a".to_owned(), Vec::new())]);
    assert_eq!(world.taken(), [], "once");
    world.state.given_back(&id("a"), &[], true, Timestamp::default());
    world.commit("a", &[], false);
    assert_eq!(world.taken(), []);
}

#[test]
fn a_held_instance_waits_for_a_wake_up() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.state.held(&id("a"), 0);
    world.arrive("a", 2);
    assert_eq!(world.taken(), []);
    assert!(world.renewals().iter().all(|renewal| renewal.is_held), "nobody will want them soon");
    world.arrive_saying("a", 3, Message::Wake);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1, 2, 3])], "what was in hand comes again");
}

#[test]
fn what_is_taken_back_is_handed_out_again_at_once() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.take();
    world.state.held(&id("a"), 0);
    world.state.taken_back(&id("a"));
    assert_eq!(world.taken(), [("a".to_owned(), vec![1])]);
    world.state.loaded(&id("b"), 0, Some(world.time()));
    world.state.taken_back(&id("b"));
    assert_eq!(world.taken(), [("b".to_owned(), vec![])], "the wake-up may be that of its successor");
}

#[test]
fn a_partition_that_is_not_served_waits_and_one_that_is_forgotten_is_handed_back() {
    let mut world = World::new();
    for (number, instance) in [(1, "a"), (2, "other"), (3, "other"), (4, "other")] {
        world.arrive(instance, number);
    }
    let items = world.state.take(usize::MAX, world.time(), world.now, |partition| partition == 1);
    assert_eq!(items.len(), 1);
    assert!(world.state.has_in_hand(1) && !world.state.has_in_hand(0));
    world.commit("other", &[2, 3], true);
    world.arrive("other", 5);
    let mut handed_back: Vec<_> =
        world.state.forget_partition(1, 0).into_iter().map(|shown| (shown.id.0, shown.text)).collect();
    handed_back.sort();
    let text = |text: &str| Some(text.into());
    assert_eq!(handed_back, [(2, None), (4, text("text 4")), (5, text("text 5"))], "not what is consumed");
    assert_eq!(world.state.unspent(), 1);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1])]);
    assert_eq!(world.commit("other", &[4], false), Vec::<String>::new(), "it is somebody else's now");
}

#[test]
fn of_what_does_not_exist_nothing_stays() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.arrive("a", 2);
    world.take();
    world.commit("a", &[1], true);
    assert_eq!(world.gone("a", 3), [(1, None), (2, Some(raised(2)))]);
    assert!(world.state.entry(&id("a")).is_none());
    assert_eq!(world.state.unspent(), 0);
}

#[test]
fn of_what_did_not_exist_a_while_ago_what_came_since_stays() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.arrive("a", 2);
    world.take();
    world.commit("a", &[1], true);
    world.arrive("a", 3);
    assert_eq!(world.gone("a", 3), [(1, None), (2, Some(raised(2)))]);
    assert_eq!(world.taken(), [("a".to_owned(), vec![3])]);
    world.state.check();
}

#[test]
fn nothing_is_handed_out_after_the_shutdown() {
    let mut world = World::new();
    world.arrive("a", 1);
    world.state.shut_down();
    assert_eq!(world.taken(), []);
}

/// What a work item asks for, as text.
fn asked(items: &[WorkItem]) -> Vec<String> {
    let messages = items.iter().flat_map(|item| &item.messages);
    messages.map(|envelope| format!("{} {}", envelope.id.0, envelope.message)).collect()
}

#[test]
fn suspends_and_resumes_that_come_again_are_handed_out_in_the_order_they_were_sent() {
    let (suspend, resume) =
        (Message::Suspend { reason: None, execution_id: None }, Message::Resume { reason: None, execution_id: None });
    let mut world = World::new();
    world.switch("a", 1, resume.clone(), 2, 2);
    world.arrive("a", 2);
    world.switch("a", 3, suspend.clone(), 1, 2);
    let items = world.take();
    let asked = asked(&items);
    assert!(asked[0].starts_with("3 suspend") && asked[2].starts_with("1 resume"), "{asked:?}");

    // What comes for the first time comes in the order of its queue, whatever its sender's clock says.
    let mut world = World::new();
    world.switch("a", 1, resume, 2, 1);
    world.switch("a", 2, suspend, 1, 1);
    assert_eq!(world.taken(), [("a".to_owned(), vec![1, 2])]);
}

#[test]
fn a_suspend_that_comes_again_after_a_later_resume_was_taken_in_asks_for_nothing() {
    let (suspend, resume) =
        (Message::Suspend { reason: None, execution_id: None }, Message::Resume { reason: None, execution_id: None });
    let mut world = World::new();
    world.switch("a", 1, resume, 2, 1);
    world.take();
    world.switch("a", 2, suspend.clone(), 1, 2);
    let plan = world.state.plan(&id("a"), &[MessageId(1)], false);
    assert_eq!(plan.switched_at, Some(Timestamp::from_millis(2_000)));
    world.commit("a", &[1], false);
    assert_eq!(asked(&world.take()), ["2 wake"]);
    world.commit("a", &[2], false);
    // A later one does.
    world.switch("a", 3, suspend, 3, 2);
    assert!(asked(&world.take())[0].starts_with("3 suspend"));
}
