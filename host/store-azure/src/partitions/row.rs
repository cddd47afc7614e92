//! A row of the Partitions table.

use azure::{Entity, Key, Value, WrongType};
use engine::{EngineRevision, Timestamp};

/// Who holds a control queue, as everybody can read it. Times are by the clock of whoever wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LeaseRow {
    /// Who serves the queue.
    pub(crate) current_owner: Option<String>,
    /// Who wants it.
    pub(crate) next_owner: Option<String>,
    pub(crate) owned_since: Option<Timestamp>,
    pub(crate) last_renewal: Option<Timestamp>,
    /// From then on anybody may take it.
    pub(crate) expires_at: Option<Timestamp>,
    /// The owner finishes what it has in hand, for the next owner, or because it leaves.
    pub(crate) is_draining: bool,
    /// The newest engine revision that the owner knows. A host that does not say drops what stood here, and knows the
    /// oldest.
    pub(crate) owner_revision: EngineRevision,
    /// The same of who wants it.
    pub(crate) next_revision: EngineRevision,
}

const CURRENT_OWNER: &str = "CurrentOwner";
const NEXT_OWNER: &str = "NextOwner";
const OWNED_SINCE: &str = "OwnedSince";
const LAST_RENEWAL: &str = "LastRenewal";
const EXPIRES_AT: &str = "ExpiresAt";
const IS_DRAINING: &str = "IsDraining";
const OWNER_REVISION: &str = "RondoEngineRevision";
const NEXT_REVISION: &str = "RondoNextEngineRevision";

impl LeaseRow {
    /// Where the row of a control queue is.
    pub(crate) fn key(queue: &str) -> Key {
        Key { partition: String::new(), row: queue.to_owned() }
    }

    /// Reads a row. An empty owner is none.
    pub(crate) fn from_entity(entity: &Entity) -> Result<Self, WrongType> {
        let owner = |column| Ok(entity.text(column)?.filter(|owner| !owner.is_empty()).map(str::to_owned));
        let time = |column| Ok(entity.time(column)?.map(Timestamp::from_millis));
        let revision = |column| Ok(entity.int(column)?.map_or(EngineRevision::OLDEST, revision_of));
        Ok(Self {
            current_owner: owner(CURRENT_OWNER)?,
            next_owner: owner(NEXT_OWNER)?,
            owned_since: time(OWNED_SINCE)?,
            last_renewal: time(LAST_RENEWAL)?,
            expires_at: time(EXPIRES_AT)?,
            is_draining: entity.bool(IS_DRAINING)?.unwrap_or_default(),
            owner_revision: revision(OWNER_REVISION)?,
            next_revision: revision(NEXT_REVISION)?,
        })
    }

    /// The whole row: it is always replaced, so that what is none here is none there.
    pub(crate) fn to_entity(&self) -> Entity {
        let Self {
            current_owner,
            next_owner,
            owned_since,
            last_renewal,
            expires_at,
            is_draining,
            owner_revision,
            next_revision,
        } = self;
        let owner = |owner: &Option<String>| owner.clone().map(Value::Text);
        let time = |time: &Option<Timestamp>| time.map(|time| Value::Time(time.as_millis()));
        let mut entity = Entity::new();
        entity.set_some(CURRENT_OWNER, owner(current_owner));
        entity.set_some(NEXT_OWNER, owner(next_owner));
        entity.set_some(OWNED_SINCE, time(owned_since));
        entity.set_some(LAST_RENEWAL, time(last_renewal));
        entity.set_some(EXPIRES_AT, time(expires_at));
        entity.set(IS_DRAINING, Value::Bool(*is_draining));
        entity.set_some(OWNER_REVISION, int_of(*owner_revision));
        entity.set_some(NEXT_REVISION, int_of(*next_revision));
        entity
    }
}

/// A number that nobody could have written is that of rules nobody knows.
fn revision_of(stored: i32) -> EngineRevision {
    EngineRevision(u32::try_from(stored).unwrap_or(u32::MAX))
}

fn int_of(revision: EngineRevision) -> Option<Value> {
    let number = i32::try_from(revision.0).unwrap_or(i32::MAX);
    (revision != EngineRevision::OLDEST).then_some(Value::Int(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(entity: &Entity) -> String {
        let columns: Vec<String> = entity.0.iter().map(|(column, value)| format!("{column}={value:?}")).collect();
        columns.join("\n")
    }

    #[test]
    fn rows_have_the_columns_and_types_of_durabletask_and_two_of_our_own() {
        let row = LeaseRow {
            current_owner: Some("host-a".into()),
            next_owner: Some("host-b".into()),
            owned_since: Some(Timestamp::from_millis(1_000)),
            last_renewal: Some(Timestamp::from_millis(2_000)),
            expires_at: Some(Timestamp::from_millis(32_000)),
            is_draining: true,
            owner_revision: EngineRevision(1),
            next_revision: EngineRevision(2),
        };
        let expected = "CurrentOwner=Text(\"host-a\")\nExpiresAt=Time(32000)\nIsDraining=Bool(true)\n\
                        LastRenewal=Time(2000)\nNextOwner=Text(\"host-b\")\nOwnedSince=Time(1000)\n\
                        RondoEngineRevision=Int(1)\nRondoNextEngineRevision=Int(2)";
        assert_eq!(render(&row.to_entity()), expected);
        assert_eq!(LeaseRow::from_entity(&row.to_entity()), Ok(row));
        assert_eq!(LeaseRow::key("hub-control-00"), Key { partition: String::new(), row: "hub-control-00".into() });
    }

    #[test]
    fn a_free_row_has_no_owner_and_no_times() {
        assert_eq!(render(&LeaseRow::default().to_entity()), "IsDraining=Bool(false)");
        assert_eq!(LeaseRow::from_entity(&Entity::new()), Ok(LeaseRow::default()));
    }

    #[test]
    fn an_empty_owner_is_none() {
        let mut entity = Entity::new();
        entity.set(CURRENT_OWNER, Value::Text(String::new()));
        entity.set(NEXT_OWNER, Value::Text(String::new()));
        assert_eq!(LeaseRow::from_entity(&entity), Ok(LeaseRow::default()));
    }

    #[test]
    fn a_column_of_another_type_is_an_error() {
        for (column, value) in
            [(CURRENT_OWNER, Value::Int(1)), (EXPIRES_AT, Value::Text("soon".into())), (IS_DRAINING, Value::Int(0))]
        {
            let mut entity = Entity::new();
            entity.set(column, value);
            assert_eq!(LeaseRow::from_entity(&entity).unwrap_err().column, column);
        }
    }
}
