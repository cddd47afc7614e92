//! What a host does to the rows, given what it sees. Pure.

mod standing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use azure::ETag;
use engine::{EngineRevision, Timestamp};

use self::standing::{Balance, Standing};
use super::row::LeaseRow;

/// What a host sees and knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// Who it is: a name that no other host has, nor this one after a restart.
    pub(crate) me: &'a str,
    /// The newest engine revision that it knows.
    pub(crate) revision: EngineRevision,
    /// By its own clock.
    pub(crate) now: Timestamp,
    /// How long a lease lasts.
    pub(crate) interval: Duration,
    /// How often hosts look.
    pub(crate) renew_every: Duration,
    /// The rows as just read.
    pub(crate) rows: &'a BTreeMap<u8, Seen>,
    /// What it holds.
    pub(crate) held: &'a BTreeMap<u8, Grip>,
}

/// A row as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) row: LeaseRow,
    pub(crate) etag: ETag,
    /// How long this host has been looking at this very version, by its monotonic clock.
    pub(crate) unchanged_for: Duration,
}

/// How this host holds a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grip {
    pub(crate) stage: Stage,
    /// It is time to renew the lease.
    pub(crate) is_due: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Owned,
    /// Something of it is in hand.
    Draining,
    /// Nothing is any more, or it took too long.
    Drained,
}

/// A conditional write of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) partition: u8,
    pub(crate) change: Change,
    /// The row as it is to be.
    pub(crate) row: LeaseRow,
    /// The version it is to replace.
    pub(crate) etag: ETag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nobody holds it: it becomes this host's.
    Claim,
    /// It stays this host's for another interval.
    Renew,
    /// It stays this host's while it finishes what is in hand of it.
    Drain,
    /// It is this host's no more, from before the request is sent.
    Release,
    /// Its owner is asked to let go of it. It is not this host's.
    Request,
}

/// What follows from a look at the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// Held until now, but somebody else's or nobody's according to the row.
    pub(crate) lost: Vec<u8>,
    /// At most one for each row; they do not depend on each other.
    pub(crate) steps: Vec<Step>,
    /// Something is changing hands: look again soon.
    pub(crate) is_moving: bool,
    /// The newest engine revision that all hosts know which serve a partition or wait for one.
    pub(crate) revision: EngineRevision,
}

/// Decides what to do.
pub(crate) fn plan(view: &View<'_>) -> Plan {
    let mut plan = Plan { lost: lost(view), revision: standing::shared_revision(view), ..Plan::default() };
    let mut balance = Balance::of(view);
    for (&partition, seen) in view.rows {
        if Standing::of(view, seen) == Standing::Mine {
            plan.steps.extend(keep(view, partition, seen));
        }
    }
    for (partition, seen) in rotated(view) {
        if Standing::of(view, seen) == Standing::Free && (is_for(view.me, seen) || balance.wants_more()) {
            plan.steps.push(step(view, partition, seen, Change::Claim));
            balance.take(partition);
        }
    }
    for (partition, seen) in rotated(view) {
        if standing::is_leaving(view, seen) && balance.wants_more() {
            plan.steps.push(step(view, partition, seen, Change::Request));
            balance.take(partition);
        }
    }
    while let Some(partition) = balance.surplus(rotated(view).map(|(partition, _)| partition)) {
        if let Some(seen) = view.rows.get(&partition) {
            plan.steps.push(step(view, partition, seen, Change::Request));
        }
        balance.take(partition);
    }
    plan.is_moving = plan.steps.iter().any(|step| step.change != Change::Renew)
        || view.held.values().any(|grip| grip.stage != Stage::Owned)
        || view.rows.values().any(|seen| standing::is_awaited(view, seen));
    plan
}

/// Lets go of everything that rows say is this host's.
pub(crate) fn leave(view: &View<'_>) -> Vec<Step> {
    let mine = view.rows.iter().filter(|(_, seen)| Standing::of(view, seen) == Standing::Mine);
    mine.map(|(&partition, seen)| step(view, partition, seen, Change::Release)).collect()
}

fn lost(view: &View<'_>) -> Vec<u8> {
    let is_mine =
        |partition: &u8| view.rows.get(partition).is_some_and(|seen| Standing::of(view, seen) == Standing::Mine);
    view.held.keys().copied().filter(|partition| !is_mine(partition)).collect()
}

/// What becomes of a row that says it is this host's.
fn keep(view: &View<'_>, partition: u8, seen: &Seen) -> Option<Step> {
    let is_wanted = standing::heir(view, &seen.row).is_some();
    let change = match (view.held.get(&partition), is_wanted) {
        // Written by a request whose answer got lost, or lapsed meanwhile: nothing of it is in hand.
        (None, true) | (Some(Grip { stage: Stage::Drained, .. }), _) => Change::Release,
        (None, false) => Change::Claim,
        (Some(Grip { stage: Stage::Owned, .. }), true) => Change::Drain,
        (Some(Grip { is_due: true, .. }), _) => Change::Renew,
        (Some(Grip { is_due: false, .. }), _) => return None,
    };
    Some(step(view, partition, seen, change))
}

fn step(view: &View<'_>, partition: u8, seen: &Seen, change: Change) -> Step {
    let lease = LeaseRow {
        current_owner: Some(view.me.to_owned()),
        owner_revision: view.revision,
        last_renewal: Some(view.now),
        expires_at: Some(view.now.saturating_add(view.interval)),
        ..seen.row.clone()
    };
    let row = match change {
        Change::Claim => LeaseRow {
            owned_since: Some(view.now),
            next_owner: None,
            next_revision: EngineRevision::OLDEST,
            is_draining: false,
            ..lease
        },
        Change::Renew => lease,
        Change::Drain => LeaseRow { is_draining: true, ..lease },
        Change::Release => {
            let next_owner = standing::heir(view, &seen.row).map(str::to_owned);
            // The next owner looks often while it waits; if it is dead, others need not wait for a whole interval.
            let expires_at = next_owner.is_some().then(|| view.now.saturating_add(view.renew_every));
            let next_revision = if next_owner.is_some() { seen.row.next_revision } else { EngineRevision::OLDEST };
            LeaseRow { next_owner, expires_at, next_revision, ..LeaseRow::default() }
        }
        Change::Request => {
            LeaseRow { next_owner: Some(view.me.to_owned()), next_revision: view.revision, ..seen.row.clone() }
        }
    };
    Step { partition, change, row, etag: seen.etag.clone() }
}

/// Whether a free row was let go for this host.
fn is_for(me: &str, seen: &Seen) -> bool {
    seen.row.current_owner.is_none() && seen.row.next_owner.as_deref() == Some(me)
}

/// The rows, beginning at another place for each host: hosts that see the same reach for different rows.
fn rotated<'a>(view: &View<'a>) -> impl Iterator<Item = (u8, &'a Seen)> {
    let rows = view.rows;
    let hash = view.me.bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let start = hash.checked_rem(rows.len()).unwrap_or_default();
    rows.iter().cycle().skip(start).take(rows.len()).map(|(partition, seen)| (*partition, seen))
}
