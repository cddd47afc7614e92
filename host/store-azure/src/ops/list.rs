//! Finding instances.
//!
//! A table knows one order, that of its keys: instances come by their id. Filters are the service's work, but it reads
//! every row of the range for them.

use azure::{PageEnd, Query, Table, quoted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{RuntimeStatus, Timestamp};
use store::{InstanceFilter, InstancePage, InvalidContinuation, Outcome, PageRoom, PurgeFilter, StorageError};

use crate::core::Core;
use crate::large::Unread;
use crate::layout::{instance, keys, times};
use crate::{limits, steady};

impl Core {
    /// See [`store::Client::list`].
    pub(crate) async fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError> {
        self.check_open("list")?;
        let rows_max = filter.page_rows();
        let from = filter.continuation.as_deref().map(Continuation::read).transpose()?;
        let mut query = Query { filter: Some(wanted(filter, from.as_ref())), ..Query::default() };
        query.after = from.and_then(Continuation::into_end);
        let mut page = InstancePage::default();
        let mut room = PageRoom::of(rows_max);
        // The service may answer with few rows, or none, and have more nevertheless.
        for _ in 0..limits::PAGES_MAX {
            query.top = u32::try_from(rows_max - page.rows.len()).ok();
            let found = steady::repeat(|| self.medium.query(Table::Instances, &query)).await;
            let found = found.map_err(|error| steady::failure("list", error))?;
            let mut found_rows = found.entities.into_iter().peekable();
            while let Some(stored) = found_rows.next() {
                let key = stored.key.partition.clone();
                let shown = page.rows.len();
                match self.row_of(stored.clone()).await {
                    Ok((row, _)) if filter.matches(&row) => page.rows.push(row),
                    Ok(_) => {}
                    Err(Unread::Damaged(_)) if self.is_half_purged(instance::id_of(&key).ok().as_ref()).await => {}
                    // The service has found it by what can be read of it.
                    Err(unread) => match Self::shown_instead(stored, unread) {
                        Ok(row) => page.rows.push(row),
                        Err(problem) => {
                            tracing::warn!(key, %problem, "an instance row cannot be read and is not listed");
                        }
                    },
                }
                for row in page.rows.iter().skip(shown) {
                    room.take(row.payload_bytes());
                }
                // The service says where its own pages end, not where this one does.
                if room.is_full() && found_rows.peek().is_some() {
                    page.continuation = Some(Continuation::Behind(key).write());
                    return Ok(page);
                }
            }
            query.after = found.end;
            if query.after.is_none() || room.is_full() {
                break;
            }
        }
        page.continuation = query.after.map(|end| Continuation::Service(end).write());
        Ok(page)
    }
}

/// The filter as the service understands it; what it does not is looked at afterwards.
fn wanted(filter: &InstanceFilter, from: Option<&Continuation>) -> String {
    let InstanceFilter { statuses, name, id_prefix, created_from, created_to, held, .. } = filter;
    let mut conditions = vec![quoted_eq("RowKey", "")];
    conditions.extend(one_of(statuses));
    conditions.extend(name.as_ref().map(|name| quoted_eq("Name", name)));
    if let Some(prefix) = id_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        let from = keys::escape(prefix);
        conditions.push(format!("PartitionKey ge {}", quoted(&from)));
        conditions.extend(after_prefix(&from).map(|to| format!("PartitionKey lt {}", quoted(&to))));
    }
    if let Some(Continuation::Behind(key)) = from {
        conditions.push(format!("PartitionKey gt {}", quoted(key)));
    }
    conditions.extend(created(*created_from, *created_to));
    if *held {
        conditions.push("RondoHeld ne ''".to_owned());
    }
    conditions.join(" and ")
}

/// Ended instances, as the service understands it.
pub(super) fn ended(filter: &PurgeFilter) -> String {
    let PurgeFilter { statuses, created_from, created_to } = filter;
    let ended: Vec<_> = RuntimeStatus::ALL
        .into_iter()
        .filter(|status| status.is_terminal() && (statuses.is_empty() || statuses.contains(status)))
        .collect();
    let mut conditions = vec![quoted_eq("RowKey", "")];
    // Of a filter that names only what has not ended, nothing is left.
    conditions.push(one_of(&ended).unwrap_or_else(|| quoted_eq("RuntimeStatus", "")));
    conditions.extend(created(*created_from, *created_to));
    conditions.join(" and ")
}

fn one_of(statuses: &[RuntimeStatus]) -> Option<String> {
    let each: Vec<_> = statuses.iter().map(|status| quoted_eq("RuntimeStatus", status.name())).collect();
    (!each.is_empty()).then(|| format!("({})", each.join(" or ")))
}

fn created(from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<String> {
    let from = from.map(|from| format!("CreatedTime ge datetime'{}'", times::iso(from)));
    let to = to.map(|to| format!("CreatedTime le datetime'{}'", times::iso(to)));
    from.into_iter().chain(to).collect()
}

fn quoted_eq(column: &str, text: &str) -> String {
    format!("{column} eq {}", quoted(text))
}

/// The first key behind all that begin with `prefix`; none if there is no such key.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // Skips the surrogates, which are no characters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// Where a page ended.
#[derive(Debug, PartialEq)]
enum Continuation {
    /// Where the service said that its own page ended.
    Service(PageEnd),
    /// Behind the row with this partition key: the page was full before the service's was.
    Behind(String),
}

/// What a continuation begins with that is not the service's, whose are Base64.
const BEHIND: &str = "~";

impl Continuation {
    fn write(&self) -> String {
        match self {
            Self::Service(PageEnd { partition, row }) => {
                let row = row.as_deref().unwrap_or_default();
                format!("{}.{}", URL_SAFE_NO_PAD.encode(partition), URL_SAFE_NO_PAD.encode(row))
            }
            Self::Behind(key) => format!("{BEHIND}{}", URL_SAFE_NO_PAD.encode(key)),
        }
    }

    fn read(text: &str) -> Result<Self, StorageError> {
        let part = |text: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let filled = |text: &str| part(text).filter(|text| !text.is_empty());
        let read = match text.strip_prefix(BEHIND) {
            Some(key) => filled(key).map(Self::Behind),
            None => text.split_once('.').and_then(|(partition, row)| {
                let row = part(row)?;
                let row = Some(row).filter(|row| !row.is_empty());
                Some(Self::Service(PageEnd { partition: filled(partition)?, row }))
            }),
        };
        read.ok_or_else(|| StorageError::new("list", Outcome::Permanent, InvalidContinuation(text.to_owned())))
    }

    fn into_end(self) -> Option<PageEnd> {
        match self {
            Self::Service(end) => Some(end),
            Self::Behind(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continuation_round_trips_and_anything_else_is_refused() {
        let service = |row| Continuation::Service(PageEnd { partition: "1!8!b3JkZXI-".to_owned(), row });
        for end in [service(None), service(Some("x".to_owned())), Continuation::Behind("a^0b".to_owned())] {
            assert_eq!(Continuation::read(&end.write()).unwrap(), end);
        }
        for text in ["", ".", "x", "!.!", ".eA", "~", "~!", "~eA.eA"] {
            assert_eq!(Continuation::read(text).unwrap_err().outcome, Outcome::Permanent, "{text}");
        }
    }

    #[test]
    fn filters_are_what_the_service_understands() {
        let filter = InstanceFilter {
            statuses: vec![RuntimeStatus::Failed, RuntimeStatus::Running],
            name: Some("it's".to_owned()),
            id_prefix: Some("a/b".to_owned()),
            created_from: Some(Timestamp::from_millis(0)),
            held: true,
            ..InstanceFilter::default()
        };
        assert_eq!(
            wanted(&filter, None),
            "RowKey eq '' and (RuntimeStatus eq 'Failed' or RuntimeStatus eq 'Running') and Name eq 'it''s' \
             and PartitionKey ge 'a^0b' and PartitionKey lt 'a^0c' \
             and CreatedTime ge datetime'1970-01-01T00:00:00.000Z' and RondoHeld ne ''"
        );
    }

    #[test]
    fn a_page_that_was_full_goes_on_behind_its_last_row() {
        let from = Continuation::Behind("it's".to_owned());
        assert_eq!(wanted(&InstanceFilter::default(), Some(&from)), "RowKey eq '' and PartitionKey gt 'it''s'");
    }

    #[test]
    fn a_purge_that_names_nothing_that_has_ended_purges_nothing() {
        let filter = PurgeFilter { statuses: vec![RuntimeStatus::Running], ..PurgeFilter::default() };
        assert_eq!(ended(&filter), "RowKey eq '' and RuntimeStatus eq ''");
        assert!(ended(&PurgeFilter::default()).contains("RuntimeStatus eq 'Completed'"));
    }

    #[test]
    fn what_follows_a_prefix_skips_what_is_no_character() {
        assert_eq!(after_prefix("ab").unwrap(), "ac");
        assert_eq!(after_prefix("a\u{d7ff}").unwrap(), "a\u{e000}");
        assert_eq!(after_prefix("a\u{10ffff}").unwrap(), "b");
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
