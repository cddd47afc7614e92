//! What is refused before, or by, the service.

use std::time::Duration;

use azure::limits::{MESSAGE_BYTES_MAX, VISIBILITY_MAX};
use azure::{Query, Queue, Table, Value, Verb};

use crate::contract;
use crate::world::{World, entity, insert, key, outcome, text, write};

contract!(entities_that_are_too_large_are_refused, the_largest_entity_is_taken, messages_out_of_bounds_are_refused);

async fn entities_that_are_too_large_are_refused(world: &World) {
    let medium = world.with_table(Table::Instances).await;
    let row = key("p", "r");
    let too_large: Vec<(String, Value)> = (0..17).map(|n| (format!("P{n}"), Value::Binary(vec![0; 65_536]))).collect();
    let too_large: Vec<(&str, Value)> = too_large.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    for (properties, expected) in [
        (entity(&[("P", text(&"é".repeat(32_769)))]), "refused: PropertyValueTooLarge"),
        (entity(&[("P", Value::Binary(vec![0; 65_537]))]), "refused: PropertyValueTooLarge"),
        (entity(&[("P-Q", Value::Int(1))]), "refused: PropertyNameInvalid"),
        (entity(&[("RowKey", text("x"))]), "refused: PropertyNameInvalid"),
        (entity(&too_large), "refused: EntityTooLarge"),
    ] {
        let insert = write(&row, Verb::Insert(properties));
        assert_eq!(outcome(medium.write(Table::Instances, insert.clone()).await), expected);
        assert_eq!(outcome(medium.transact(Table::Instances, vec![insert]).await), expected);
    }
    for bad in ["a/b", "a\\b", "a#b", "a?b", "a\tb"] {
        let row = key("p", bad);
        assert_eq!(outcome(medium.get(Table::Instances, &row).await), "refused: OutOfRangeInput");
        assert_eq!(outcome(medium.write(Table::Instances, insert(&row, 1)).await), "refused: OutOfRangeInput");
    }
    let many = (0..101).map(|n| insert(&key("p", &n.to_string()), 1)).collect();
    assert_eq!(outcome(medium.transact(Table::Instances, many).await), "refused: InvalidInput");
    let elsewhere = vec![insert(&key("p", "1"), 1), insert(&key("q", "2"), 1)];
    let expected = "refused: CommandsInBatchActOnDifferentPartitions";
    assert_eq!(outcome(medium.transact(Table::Instances, elsewhere).await), expected);
    let twice = vec![insert(&key("p", "1"), 1), insert(&key("p", "1"), 1)];
    assert_eq!(outcome(medium.transact(Table::Instances, twice).await), "refused: InvalidDuplicateRow");
    for top in [0, 1_001] {
        let query = Query { top: Some(top), ..Query::default() };
        assert_eq!(outcome(medium.query(Table::Instances, &query).await), "refused: InvalidInput");
    }
    assert_eq!(medium.query(Table::Instances, &Query::default()).await.unwrap().entities, []);
}

async fn the_largest_entity_is_taken(world: &World) {
    let medium = world.with_table(Table::Instances).await;
    let ascii = entity(&[("Ascii", text(&"x".repeat(32_768))), ("Bytes", Value::Binary(vec![0xa5; 65_536]))]);
    let wide = entity(&[("Wide", text(&"日".repeat(32_768))), ("Pairs", text(&"🎺".repeat(16_384)))]);
    let (one, two) = (key("p", "1"), key("p", "2"));
    medium.write(Table::Instances, write(&one, Verb::Insert(ascii.clone()))).await.unwrap();
    // In a transaction: outside of one the emulator breaks characters that are split between two pieces of a body.
    medium.transact(Table::Instances, vec![write(&two, Verb::Insert(wide.clone()))]).await.unwrap();
    for (row, expected) in [(one, ascii), (two, wide)] {
        assert!(medium.get(Table::Instances, &row).await.unwrap().unwrap().entity == expected, "{row:?} is the same");
    }
}

async fn messages_out_of_bounds_are_refused(world: &World) {
    let queue = Queue::WorkItems;
    let medium = world.with_queue(queue).await;
    let receipt = medium.put(queue, "x", Duration::ZERO).await.unwrap();
    let hour = Duration::from_hours(1);
    let too_long = VISIBILITY_MAX + Duration::from_secs(1);
    let out_of_range = "refused: OutOfRangeQueryParameterValue";
    for max in [0, 33] {
        assert_eq!(outcome(medium.take(queue, max, hour).await), out_of_range);
        assert_eq!(outcome(medium.peek(queue, max).await), out_of_range);
    }
    assert_eq!(outcome(medium.take(queue, 1, Duration::ZERO).await), out_of_range);
    assert_eq!(outcome(medium.take(queue, 1, too_long).await), out_of_range);
    assert_eq!(outcome(medium.put(queue, "x", too_long).await), out_of_range);
    assert_eq!(outcome(medium.update(queue, &receipt, "x", too_long).await), out_of_range);
    let large = "x".repeat(MESSAGE_BYTES_MAX + 1);
    for (text, expected) in [
        (large.as_str(), "refused: MessageTooLarge"),
        ("a\u{1}b", "refused: InvalidInput"),
        ("a\rb", "refused: InvalidInput"),
    ] {
        assert_eq!(outcome(medium.put(queue, text, Duration::ZERO).await), expected);
        assert_eq!(outcome(medium.update(queue, &receipt, text, hour).await), expected);
    }
    assert_eq!(
        medium.put(queue, &large[1..], VISIBILITY_MAX).await.map(drop).map_err(|error| error.to_string()),
        Ok(())
    );
    assert_eq!(medium.count(queue).await.unwrap(), 2);
}
