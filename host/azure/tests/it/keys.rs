//! Keys with characters that mean something in addresses, filters or XML.

use azure::{Condition, Query, Table, Value, Verb, quoted};

use crate::contract;
use crate::world::{World, entity, insert, key, outcome, write};

contract!(any_key_names_one_entity);

const TABLE: Table = Table::History;

const KEYS: &[&str] = &[
    "it's",
    "''",
    "'",
    "a b",
    " ",
    "100%",
    "%20",
    "%2F",
    "a+b",
    "a&b",
    "a=b",
    "a;b:c,d",
    "(x)",
    "{}[]|",
    "^0",
    "~`",
    "\"q\"",
    "<a>",
    "$batch",
    "@x",
    "*",
    "é",
    "日本",
    "🎺",
    "a.b",
    "..",
    "x')or('a'eq'a",
    "",
];

async fn any_key_names_one_entity(world: &World) {
    let medium = world.with_table(TABLE).await;
    for (n, name) in (0..).zip(KEYS) {
        let (alone, together) = (key(name, name), key(name, &format!("{name}2")));
        medium.write(TABLE, insert(&alone, n)).await.unwrap_or_else(|error| panic!("insert {name:?}: {error}"));
        let etags = medium.transact(TABLE, vec![insert(&together, n)]).await;
        let etag = etags.unwrap_or_else(|error| panic!("transact {name:?}: {error}")).remove(0).unwrap();
        assert_eq!(outcome(medium.write(TABLE, insert(&alone, n)).await), "Exists", "{name:?}");

        let more = entity(&[("More", Value::Bool(true))]);
        medium.write(TABLE, write(&alone, Verb::Merge(more.clone(), Condition::Any))).await.unwrap();
        medium.transact(TABLE, vec![write(&together, Verb::Merge(more, Condition::Match(etag)))]).await.unwrap();
        let expected = entity(&[("N", Value::Int(n)), ("More", Value::Bool(true))]);
        for row in [&alone, &together] {
            let found = medium.get(TABLE, row).await.unwrap().unwrap_or_else(|| panic!("{name:?} is not found"));
            assert_eq!((&found.key, &found.entity), (row, &expected));
        }
        let page = medium.query(TABLE, &Query::partition(name)).await.unwrap();
        assert_eq!(page.entities.iter().map(|found| &found.key).collect::<Vec<_>>(), [&alone, &together]);
        let filter = format!("PartitionKey eq {} and RowKey eq {}", quoted(name), quoted(&together.row));
        let page = medium.query(TABLE, &Query { filter: Some(filter), ..Query::default() }).await.unwrap();
        assert_eq!(page.entities.iter().map(|found| &found.key).collect::<Vec<_>>(), [&together]);
    }
    for name in KEYS {
        let (alone, together) = (key(name, name), key(name, &format!("{name}2")));
        medium.write(TABLE, write(&alone, Verb::Delete(Condition::Any))).await.unwrap();
        medium.transact(TABLE, vec![write(&together, Verb::Delete(Condition::Any))]).await.unwrap();
    }
    assert_eq!(medium.query(TABLE, &Query::default()).await.unwrap().entities, []);
}
