//! One look at the rows, and what follows from it.

use std::collections::BTreeMap;

use azure::{Condition, ETag, Error, Query, Table, Verb, Write};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::leases::Inner;
use super::plan::{self, Seen, Step, View};
use super::row::LeaseRow;

/// How a pass ended that reached storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    /// Something is changing hands.
    pub(super) is_moving: bool,
    /// A row was changed by somebody else meanwhile: what was planned for it is outdated.
    pub(super) has_conflict: bool,
}

/// Looks and acts. Dropping it midway is safe: what was sent is taken note of when the rows are read again.
pub(super) async fn pass(inner: &Inner) -> Result<Passed, Error> {
    let rows = read(inner).await?;
    // In this order: the lease is over here no later than others may read in the row.
    let started = Instant::now();
    let now = inner.clock.now();
    let plan = inner.change(|book, news| {
        news.extend(book.fence(started));
        let (rows, held) = (book.look(rows, started), book.grips(started));
        let plan = plan::plan(&view(inner, now, &rows, &held));
        news.extend(plan.lost.iter().filter_map(|partition| book.drop(*partition, super::book::News::Lost)));
        plan
    });
    inner.share_revision(plan.revision);
    let has_conflict = take(inner, plan.steps, started).await?;
    Ok(Passed { is_moving: plan.is_moving, has_conflict })
}

/// Lets go of everything. Answers whether nothing is left.
pub(super) async fn leave(inner: &Inner) -> Result<bool, Error> {
    let rows = read(inner).await?;
    let started = Instant::now();
    let rows = inner.change(|book, _| book.look(rows, started));
    let steps = plan::leave(&view(inner, inner.clock.now(), &rows, &BTreeMap::new()));
    Ok(!take(inner, steps, started).await?)
}

fn view<'a>(
    inner: &'a Inner,
    now: engine::Timestamp,
    rows: &'a BTreeMap<u8, Seen>,
    held: &'a BTreeMap<u8, plan::Grip>,
) -> View<'a> {
    let super::LeaseOptions { interval, renew_every, engine_revision: revision, .. } = inner.options;
    View { me: &inner.id, revision, now, interval, renew_every, rows, held }
}

/// The rows of the partitions. A damaged one is left alone, and so is its queue.
async fn read(inner: &Inner) -> Result<BTreeMap<u8, (LeaseRow, ETag)>, Error> {
    let mut rows = BTreeMap::new();
    let mut query = Query::partition("");
    loop {
        let page = inner.medium.query(Table::Partitions, &query).await?;
        for stored in page.entities {
            let Some(partition) = inner.partition_of(&stored.key.row) else { continue };
            match LeaseRow::from_entity(&stored.entity) {
                Ok(row) => drop(rows.insert(partition, (row, stored.etag))),
                Err(error) => {
                    tracing::error!(queue = stored.key.row, %error, "a row of the Partitions table is damaged");
                }
            }
        }
        if page.end.is_none() {
            return Ok(rows);
        }
        query.after = page.end;
    }
}

/// Sends all steps at once. Answers whether one of them came too late; fails if one of them does for another reason.
async fn take(inner: &Inner, steps: Vec<Step>, started: Instant) -> Result<bool, Error> {
    let answers = join_all(steps.iter().map(|step| send(inner, step, started))).await;
    let mut has_conflict = false;
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(()) => {}
            Err(Error::Changed | Error::NotFound) => has_conflict = true,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(has_conflict), Err)
}

async fn send(inner: &Inner, step: &Step, started: Instant) -> Result<(), Error> {
    let Some(queue) = inner.options.queues.get(usize::from(step.partition)) else { return Ok(()) };
    inner.change(|book, news| news.extend(book.sending(step)));
    let verb = Verb::Replace(step.row.to_entity(), Condition::Match(step.etag.clone()));
    inner.medium.write(Table::Partitions, Write { key: LeaseRow::key(queue), verb }).await?;
    inner.change(|book, news| news.extend(book.sent(step, started)));
    Ok(())
}
