//! Messages.

use std::time::Duration;

use azure::{Queue, QueueMessage, Receipt};

use crate::contract;
use crate::world::{World, outcome};

contract!(
    a_queue_that_exists_is_fine,
    any_text_comes_back,
    a_message_is_invisible_once_taken,
    peeking_takes_nothing,
    an_updated_message_has_a_new_text_and_receipt,
    a_delayed_message_can_be_changed_before_it_is_visible,
    a_message_becomes_visible_again,
    a_take_is_bounded,
);

const QUEUE: Queue = Queue::Control(3);
const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

async fn a_queue_that_exists_is_fine(world: &World) {
    let receipt = Receipt { message_id: "0a0b0c0d-0000-4000-8000-000000000001".into(), pop_receipt: "AAAA".into() };
    assert_eq!(outcome(world.put(QUEUE, "x", Duration::ZERO).await), "NotFound");
    assert_eq!(outcome(world.take(QUEUE, 1, HOUR).await), "NotFound");
    assert_eq!(outcome(world.peek(QUEUE, 1).await), "NotFound");
    assert_eq!(outcome(world.count(QUEUE).await), "NotFound");
    assert_eq!(outcome(world.delete(QUEUE, &receipt).await), "NotFound");
    assert_eq!(outcome(world.delete_queue(QUEUE).await), "NotFound");
    assert_eq!(outcome(world.create_queue(QUEUE).await), "done");
    assert_eq!(outcome(world.create_queue(QUEUE).await), "done");
    assert_eq!(outcome(world.delete(QUEUE, &receipt).await), "NotFound");
    assert_eq!(outcome(world.update(QUEUE, &receipt, "x", HOUR).await), "NotFound");
    assert_eq!(outcome(world.take(Queue::Control(4), 1, HOUR).await), "NotFound");
    assert_eq!(outcome(world.delete_queue(QUEUE).await), "done");
    assert_eq!(outcome(world.count(QUEUE).await), "NotFound");
}

async fn any_text_comes_back(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    let large = "x".repeat(azure::limits::MESSAGE_BYTES_MAX);
    let texts = [
        "<a&\"b\">",
        "&amp;",
        "&lt;x&gt;",
        "]]>",
        "<![CDATA[x]]>",
        "<!-- x -->",
        "it's",
        "🎺 日本",
        "one\ntwo\n\nthree",
        "a\tb",
        "a  b",
        "%20+&=",
        "{\"$type\":\"x\",\"a\":[1,null]}",
        "",
        "\u{7f}\u{85}\u{2028}",
        &large,
    ];
    for text in texts {
        let put = medium.put(QUEUE, text, Duration::ZERO).await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let seen = medium.peek(QUEUE, 1).await.unwrap().remove(0);
        assert_eq!(seen.text, text);
        let taken = medium.take(QUEUE, 1, HOUR).await.unwrap().remove(0);
        assert_eq!((taken.text.as_str(), &taken.receipt.message_id), (text, &put.message_id));
        // Updating sends the text by another way.
        let receipt = medium.update(QUEUE, &taken.receipt, text, Duration::ZERO).await.unwrap();
        let taken = medium.take(QUEUE, 1, HOUR).await.unwrap().remove(0);
        assert_eq!((taken.text.as_str(), &taken.receipt.message_id), (text, &receipt.message_id));
        medium.delete(QUEUE, &taken.receipt).await.unwrap();
    }
}

fn texts(messages: &[QueueMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

async fn a_message_is_invisible_once_taken(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    assert_eq!(medium.take(QUEUE, 32, HOUR).await.unwrap(), []);
    let put = medium.put(QUEUE, "x", Duration::ZERO).await.unwrap();
    let taken = medium.take(QUEUE, 32, HOUR).await.unwrap();
    assert_eq!((texts(&taken), taken[0].dequeue_count), (vec!["x"], 1));
    assert_eq!(taken[0].receipt.message_id, put.message_id);
    assert_eq!(taken[0].inserted_at % 1000, 0);
    assert!(taken[0].inserted_at > 1_700_000_000_000);
    assert_eq!(medium.take(QUEUE, 32, HOUR).await.unwrap(), []);
    assert_eq!(medium.count(QUEUE).await.unwrap(), 1);
    // The receipt from putting it is outdated.
    assert_eq!(outcome(medium.delete(QUEUE, &put).await), "NotFound");
    assert_eq!(outcome(medium.update(QUEUE, &put, "y", HOUR).await), "NotFound");
    assert_eq!(outcome(medium.delete(QUEUE, &taken[0].receipt).await), "done");
    assert_eq!(outcome(medium.delete(QUEUE, &taken[0].receipt).await), "NotFound");
    assert_eq!(outcome(medium.update(QUEUE, &taken[0].receipt, "y", HOUR).await), "NotFound");
    assert_eq!(medium.count(QUEUE).await.unwrap(), 0);
}

async fn peeking_takes_nothing(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    medium.put(QUEUE, "one", Duration::ZERO).await.unwrap();
    medium.put(QUEUE, "hidden", HOUR).await.unwrap();
    for _ in 0..2 {
        let seen = medium.peek(QUEUE, 32).await.unwrap();
        assert_eq!((texts(&seen), seen[0].dequeue_count), (vec!["one"], 0));
    }
    assert_eq!(medium.count(QUEUE).await.unwrap(), 2);
    assert_eq!(texts(&medium.take(QUEUE, 32, HOUR).await.unwrap()), ["one"]);
    assert_eq!(medium.peek(QUEUE, 32).await.unwrap(), []);
}

async fn an_updated_message_has_a_new_text_and_receipt(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    medium.put(QUEUE, "old", Duration::ZERO).await.unwrap();
    let taken = medium.take(QUEUE, 1, HOUR).await.unwrap().remove(0);
    let updated = medium.update(QUEUE, &taken.receipt, "new", HOUR).await.unwrap();
    assert_eq!(updated.message_id, taken.receipt.message_id);
    assert_eq!(outcome(medium.update(QUEUE, &taken.receipt, "newer", HOUR).await), "NotFound");
    assert_eq!(outcome(medium.delete(QUEUE, &taken.receipt).await), "NotFound");
    assert_eq!(medium.take(QUEUE, 1, HOUR).await.unwrap(), []);
    // Made visible at once.
    medium.update(QUEUE, &updated, "newest", Duration::ZERO).await.unwrap();
    let again = medium.take(QUEUE, 1, HOUR).await.unwrap().remove(0);
    assert_eq!((again.text.as_str(), again.dequeue_count), ("newest", 2));
    assert_eq!(outcome(medium.delete(QUEUE, &again.receipt).await), "done");
}

async fn a_delayed_message_can_be_changed_before_it_is_visible(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    let one = medium.put(QUEUE, "one", HOUR).await.unwrap();
    let two = medium.put(QUEUE, "two", HOUR).await.unwrap();
    assert_eq!(medium.take(QUEUE, 32, HOUR).await.unwrap(), []);
    assert_eq!(outcome(medium.delete(QUEUE, &one).await), "done");
    medium.update(QUEUE, &two, "three", Duration::ZERO).await.unwrap();
    let taken = medium.take(QUEUE, 32, HOUR).await.unwrap();
    assert_eq!((texts(&taken), taken[0].dequeue_count), (vec!["three"], 1));
}

async fn a_message_becomes_visible_again(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    medium.put(QUEUE, "x", SECOND).await.unwrap();
    let first = world.take_when_visible(QUEUE, SECOND).await.remove(0);
    // Outdated only when somebody else has it: the one who took it may still delete it late.
    let second = world.take_when_visible(QUEUE, SECOND).await.remove(0);
    assert_eq!((first.dequeue_count, second.dequeue_count), (1, 2));
    assert_eq!(first.inserted_at, second.inserted_at);
    assert_eq!(outcome(medium.delete(QUEUE, &first.receipt).await), "NotFound");
    let updated = medium.update(QUEUE, &second.receipt, "y", SECOND).await.unwrap();
    let third = world.take_when_visible(QUEUE, HOUR).await.remove(0);
    assert_eq!((third.text.as_str(), third.dequeue_count), ("y", 3));
    assert_eq!(outcome(medium.delete(QUEUE, &updated).await), "NotFound");
    assert_eq!(outcome(medium.delete(QUEUE, &third.receipt).await), "done");
}

async fn a_take_is_bounded(world: &World) {
    let medium = world.with_queue(QUEUE).await;
    let names: Vec<String> = (0..40).map(|n| format!("{n:02}")).collect();
    for name in &names {
        medium.put(QUEUE, name, Duration::ZERO).await.unwrap();
    }
    let first = medium.take(QUEUE, 32, HOUR).await.unwrap();
    let rest = medium.take(QUEUE, 32, HOUR).await.unwrap();
    assert_eq!((first.len(), rest.len()), (32, 8));
    let mut all: Vec<&str> = first.iter().chain(&rest).map(|message| message.text.as_str()).collect();
    all.sort_unstable();
    assert_eq!(all, names);
}
