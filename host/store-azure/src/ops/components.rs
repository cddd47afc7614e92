//! Deployed components: a blob each, and a row that describes it.

use azure::{Container, Entity, Error, Key, Query, Table, Value, Verb, Write, WrongType};
use engine::{Digest, Timestamp};
use store::{ComponentRecord, Outcome, StorageError};

use crate::core::Core;
use crate::{limits, steady};

/// Which component was deployed later than which.
const ORDER: &str = "RondoOrder";

impl Core {
    /// See [`store::Components::deploy`].
    pub(crate) async fn deploy(&self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.check_open("deploy")?;
        if bytes.len() > store::limits::COMPONENT_BYTES_MAX {
            let problem = format!("{} bytes exceed the limit of {}", bytes.len(), store::limits::COMPONENT_BYTES_MAX);
            return Err(StorageError::new("deploy", Outcome::Permanent, problem));
        }
        let name = blob_name(&record.digest);
        let failure = |error| steady::failure("deploy", error);
        // The bytes first: what is listed can be read.
        let put = || self.medium.put_blob(Container::Components, &name, bytes.clone());
        steady::repeat(put).await.map_err(failure)?;
        let key = Key { partition: String::new(), row: record.digest.to_string() };
        let mut entity = entity_of(&record)?;
        entity.set(ORDER, Value::Long(i64::try_from(self.next_order()).unwrap_or(i64::MAX)));
        let write = || async {
            let verb = Verb::InsertOrReplace(entity.clone());
            self.medium.write(Table::Components, Write { key: key.clone(), verb }).await
        };
        steady::repeat(write).await.map_err(failure)?;
        Ok(())
    }

    /// See [`store::Components::components`].
    pub(crate) async fn components(&self) -> Result<Vec<ComponentRecord>, StorageError> {
        self.check_open("components")?;
        let mut records = Vec::new();
        let mut query = Query::partition("");
        for _ in 0..limits::PAGES_MAX {
            let page = steady::repeat(|| self.medium.query(Table::Components, &query)).await;
            let page = page.map_err(|error| steady::failure("components", error))?;
            for stored in page.entities {
                match record_of(&stored.key.row, &stored.entity) {
                    Ok(record) => records.push((stored.entity.long(ORDER).ok().flatten(), record)),
                    Err(problem) => tracing::warn!(row = stored.key.row, %problem, "a component cannot be read"),
                }
            }
            query.after = page.end;
            if query.after.is_none() {
                break;
            }
        }
        records.sort_by_key(|(order, record)| std::cmp::Reverse((*order, record.digest)));
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// See [`store::Components::component_bytes`].
    pub(crate) async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        self.check_open("component_bytes")?;
        let name = blob_name(digest);
        let get = || self.medium.get_blob(Container::Components, &name);
        match steady::repeat(get).await {
            Ok(bytes) => Ok(bytes),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(steady::failure("component_bytes", error)),
        }
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("{digest}.wasm")
}

/// The row of a component.
fn entity_of(record: &ComponentRecord) -> Result<Entity, StorageError> {
    let ComponentRecord { digest: _, name, bytes, deployed_at, orchestrations, activities, grants } = record;
    let list = |names: &[String]| serde_json::to_string(names).expect("texts are always JSON");
    let mut entity = Entity::new();
    for (column, text) in [
        ("Name", name.clone()),
        ("Orchestrations", list(orchestrations)),
        ("Activities", list(activities)),
        ("Grants", grants.clone()),
    ] {
        if text.encode_utf16().count() > limits::COLUMN_UNITS_MAX {
            let problem = format!("the component's {} are too long", column.to_lowercase());
            return Err(StorageError::new("deploy", Outcome::Permanent, problem));
        }
        entity.set(column, Value::Text(text));
    }
    entity.set("Bytes", Value::Long(i64::try_from(*bytes).unwrap_or(i64::MAX)));
    entity.set("DeployedTime", Value::Time(deployed_at.as_millis()));
    Ok(entity)
}

fn record_of(row_key: &str, entity: &Entity) -> Result<ComponentRecord, Unreadable> {
    let text = |column| entity.text(column)?.ok_or(Unreadable::Missing(column));
    let list = |column| Ok::<Vec<String>, Unreadable>(serde_json::from_str(text(column)?)?);
    Ok(ComponentRecord {
        digest: row_key.parse().map_err(|_| Unreadable::Digest)?,
        name: text("Name")?.to_owned(),
        bytes: entity.long("Bytes")?.and_then(|bytes| u64::try_from(bytes).ok()).ok_or(Unreadable::Missing("Bytes"))?,
        deployed_at: entity
            .time("DeployedTime")?
            .map(Timestamp::from_millis)
            .ok_or(Unreadable::Missing("DeployedTime"))?,
        orchestrations: list("Orchestrations")?,
        activities: list("Activities")?,
        grants: text("Grants")?.to_owned(),
    })
}

/// Why a row is not one of a component.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("column {0} is missing")]
    Missing(&'static str),
    #[error(transparent)]
    Type(#[from] WrongType),
    #[error("a list of names is malformed: {0}")]
    List(#[from] serde_json::Error),
    #[error("the row key is no digest")]
    Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_component_is_as_it_is() {
        let record = ComponentRecord {
            digest: Digest::of(b"code"),
            name: "orders".to_owned(),
            bytes: 4,
            deployed_at: Timestamp::from_millis(1_700_000_000_000),
            orchestrations: vec!["order".to_owned()],
            activities: vec!["charge".to_owned(), "ship".to_owned()],
            grants: "{}".to_owned(),
        };
        let entity = entity_of(&record).unwrap();
        assert_eq!(entity.text("Activities").unwrap(), Some(r#"["charge","ship"]"#));
        assert_eq!(record_of(&record.digest.to_string(), &entity).unwrap(), record);
        assert_eq!(entity.time("DeployedTime").unwrap(), Some(1_700_000_000_000));
    }

    #[test]
    fn what_is_no_such_row_is_refused() {
        assert!(record_of("x", &Entity::new()).is_err());
        assert!(record_of(&Digest::of(b"").to_string(), &Entity::new()).is_err());
    }
}
