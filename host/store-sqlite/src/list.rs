//! Finding instances.

use engine::RuntimeStatus;
use rusqlite::{Connection, ToSql, params_from_iter};
use store::{Cursor, InstanceFilter, InstancePage, InstanceRow, PageRoom, StorageError};

use crate::error::{Damaged, ReadError};
use crate::rows::{instance, instance_id, ms, number, timestamp, unsigned};

/// A filter in SQL.
pub(crate) struct Query {
    conditions: Vec<&'static str>,
    params: Vec<Box<dyn ToSql + Send>>,
    rows_max: usize,
}

impl Query {
    /// # Errors
    /// `Permanent` if the continuation is none.
    pub(crate) fn new(filter: &InstanceFilter) -> Result<Self, StorageError> {
        let InstanceFilter { statuses, name, id_prefix, created_from, created_to, held, top: _, continuation } = filter;
        let mut query = Self { conditions: Vec::new(), params: Vec::new(), rows_max: filter.page_rows() };
        if let Some(text) = continuation {
            let Cursor { created_at, number: last } = Cursor::from_continuation(text)?;
            query.require("(i.created_at_ms, i.id) < (?, ?)", [ms(created_at), number(last)]);
        }
        if !statuses.is_empty() {
            let mask = RuntimeStatus::ALL.into_iter().filter(|status| statuses.contains(status));
            let mask = mask.fold(0, |mask, status| mask | 1 << instance::status_number(status));
            query.require("(? >> i.status) & 1", [mask]);
        }
        if let Some(name) = name {
            query.require("i.name = ?", [name.clone()]);
        }
        if let Some(prefix) = id_prefix {
            query.require("i.instance_id >= ?", [prefix.clone()]);
            if let Some(end) = end_of_prefix(prefix) {
                query.require("i.instance_id < ?", [end]);
            }
        }
        if let Some(from) = created_from {
            query.require("i.created_at_ms >= ?", [ms(*from)]);
        }
        if let Some(to) = created_to {
            query.require("i.created_at_ms <= ?", [ms(*to)]);
        }
        if *held {
            query.require::<i64, 0>("i.held_code IS NOT NULL", []);
        }
        Ok(query)
    }

    fn require<P: ToSql + Send + 'static, const N: usize>(&mut self, condition: &'static str, params: [P; N]) {
        self.conditions.push(condition);
        self.params.extend(params.map(|param| Box::new(param) as Box<dyn ToSql + Send>));
    }

    /// One page. Which rows it has is found first, so that nothing large is sorted.
    pub(crate) fn run(self, connection: &Connection) -> Result<InstancePage, ReadError> {
        let found = self.find(connection)?;
        let mut statement = connection.prepare_cached(&format!("{} WHERE i.id = ?1", instance::SELECT))?;
        let mut page = InstancePage::default();
        let mut room = PageRoom::of(self.rows_max);
        let mut last = None;
        for cursor in found {
            if room.is_full() {
                page.continuation = last.map(Cursor::to_continuation);
                break;
            }
            last = Some(cursor);
            let mut rows = statement.query([number(cursor.number)])?;
            match rows.next()?.map(instance::read).transpose() {
                Ok(stored) => {
                    room.take(stored.as_ref().map_or(0, |stored| stored.row.payload_bytes()));
                    page.rows.extend(stored.map(|stored| stored.row));
                }
                // The others are not to suffer.
                Err(ReadError::Damaged(error)) => {
                    room.take(0);
                    page.rows.extend(unreadable(connection, cursor.number, &error)?);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// The rows of a page and the one behind it.
    fn find(&self, connection: &Connection) -> Result<Vec<Cursor>, ReadError> {
        let conditions = if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT i.created_at_ms, i.id FROM instances i WHERE {conditions}
             ORDER BY i.created_at_ms DESC, i.id DESC LIMIT ?"
        ))?;
        let limit = i64::try_from(self.rows_max + 1).unwrap_or(i64::MAX);
        let params = self.params.iter().map(|param| &**param as &dyn ToSql).chain([&limit as &dyn ToSql]);
        let mut rows = statement.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Cursor { created_at: timestamp(row.get(0)?), number: unsigned(row.get(1)?) });
        }
        Ok(found)
    }
}

/// What is shown of a damaged row; nothing if not even its id can be read.
fn unreadable(
    connection: &Connection,
    number_in_file: u64,
    damaged: &Damaged,
) -> Result<Option<InstanceRow>, ReadError> {
    let sql = "SELECT instance_id FROM instances WHERE id = ?1";
    let text = connection.prepare_cached(sql)?.query_row([number(number_in_file)], |row| row.get::<_, String>(0));
    let Some(id) = text.ok().and_then(|text| instance_id(&text).ok()) else {
        tracing::error!(error = %damaged, "an instance is left out of a query");
        return Ok(None);
    };
    instance::unreadable(connection, &id, damaged).map(Some)
}

/// The first text behind all those that begin with `prefix`; none if there is none.
fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // A range of characters leaves out those numbers that are none.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_behind_everything_that_begins_with_it() {
        assert_eq!(end_of_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(end_of_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end_of_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
        assert_eq!(end_of_prefix(""), None);
    }
}
