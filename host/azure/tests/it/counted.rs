//! Requests are counted, whatever becomes of them.

use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeAccount;
use azure::{
    Blobs as _, Condition, Container, Counted, Counts, Entity, HubName, Query, Queue, Queues as _, Table, Tables as _,
    Verb,
};

use crate::world::{delete, insert, key, write};

#[tokio::test]
async fn every_request_is_counted_by_its_kind() {
    let fake = FakeAccount::new(Arc::new(|| 0)).medium(&HubName::new("hub").unwrap());
    let counted = Counted::new(fake);
    counted.create_table(Table::History).await.unwrap();
    counted.create_queue(Queue::WorkItems).await.unwrap();
    counted.create_container(Container::Components).await.unwrap();
    let before = counted.counts();
    assert_eq!(before.total(), 3);

    let row = key("p", "r");
    let hour = Duration::from_hours(1);
    counted.write(Table::History, insert(&row, 1)).await.unwrap();
    counted.write(Table::History, insert(&row, 1)).await.unwrap_err();
    counted.write(Table::History, write(&row, Verb::Merge(Entity::new(), Condition::Any))).await.unwrap();
    counted.write(Table::History, write(&row, Verb::Replace(Entity::new(), Condition::Any))).await.unwrap();
    counted.write(Table::History, delete(&row)).await.unwrap();
    counted.transact(Table::History, vec![insert(&row, 1), insert(&key("p", "s"), 1)]).await.unwrap();
    counted.get(Table::History, &row).await.unwrap();
    counted.query(Table::History, &Query::default()).await.unwrap();
    counted.take(Queue::WorkItems, 32, hour).await.unwrap();
    counted.put(Queue::WorkItems, "a", Duration::ZERO).await.unwrap();
    counted.put(Queue::WorkItems, "b", Duration::ZERO).await.unwrap();
    counted.peek(Queue::WorkItems, 1).await.unwrap();
    counted.count(Queue::WorkItems).await.unwrap();
    let taken = counted.take(Queue::WorkItems, 32, hour).await.unwrap();
    let receipt = counted.update(Queue::WorkItems, &taken[0].receipt, "c", hour).await.unwrap();
    counted.delete(Queue::WorkItems, &receipt).await.unwrap();
    counted.put_blob(Container::Components, "x", Vec::new()).await.unwrap();
    counted.get_blob(Container::Components, "x").await.unwrap();
    counted.list_blobs(Container::Components, "", None).await.unwrap();
    counted.delete_blob(Container::Components, "x").await.unwrap();

    let expected = Counts {
        table_insert: 2,
        table_merge: 1,
        table_replace: 1,
        table_delete: 1,
        transact: 1,
        transact_writes: 2,
        table_get: 1,
        table_query: 1,
        queue_take_empty: 1,
        queue_take: 1,
        queue_taken: 2,
        queue_put: 2,
        queue_peek: 1,
        queue_count: 1,
        queue_update: 1,
        queue_delete: 1,
        blob_put: 1,
        blob_get: 1,
        blob_list: 1,
        blob_delete: 1,
        ..Counts::default()
    };
    let since = counted.counts() - before;
    assert_eq!(since, expected);
    assert_eq!(since.total(), 19);
}
