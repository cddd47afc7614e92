//! Whose a row is, and who has how many.

use std::collections::{BTreeMap, BTreeSet};

use engine::EngineRevision;

use super::{Seen, Stage, View};
use crate::partitions::row::LeaseRow;

/// Whose a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// This host's, by what the row says.
    Mine,
    /// Another's, whose lease is not over.
    Others,
    /// Let go for another, who has had no time to take it.
    Promised,
    /// Anybody's, or let go for this host.
    Free,
}

impl Standing {
    pub(super) fn of(view: &View<'_>, seen: &Seen) -> Self {
        match (&seen.row.current_owner, &seen.row.next_owner) {
            (Some(owner), _) if owner == view.me => Self::Mine,
            (Some(_), _) if is_over(view, seen) => Self::Free,
            (Some(_), _) => Self::Others,
            (None, Some(next)) if next != view.me && !is_broken(view, seen) => Self::Promised,
            (None, _) => Self::Free,
        }
    }
}

/// Who wants a row, other than this host.
pub(super) fn heir<'a>(view: &View<'_>, row: &'a LeaseRow) -> Option<&'a str> {
    row.next_owner.as_deref().filter(|next| *next != view.me)
}

/// Whether its owner empties its memory and nobody has asked for it: the owner is leaving.
pub(super) fn is_leaving(view: &View<'_>, seen: &Seen) -> bool {
    Standing::of(view, seen) == Standing::Others && seen.row.is_draining && seen.row.next_owner.is_none()
}

/// Whether this host soon gets it: it was asked for, or its owner is late.
pub(super) fn is_awaited(view: &View<'_>, seen: &Seen) -> bool {
    let is_asked_for = seen.row.next_owner.as_deref() == Some(view.me);
    Standing::of(view, seen) == Standing::Others && (is_asked_for || has_passed(view, seen))
}

/// Whether the lease of another host is over. Its clock and this one's may differ: that the time has passed by this
/// clock is believed only of a lease that was also not renewed for a whole interval while this host was looking, which
/// takes no clock of anybody else, or if it has passed for a whole interval. And a lease that was not renewed for two
/// is over whatever its owner's clock was.
fn is_over(view: &View<'_>, seen: &Seen) -> bool {
    let expires_at = seen.row.expires_at.unwrap_or_default();
    seen.unchanged_for >= view.interval * 2
        || has_passed(view, seen)
            && (seen.unchanged_for >= view.interval || view.now.saturating_since(expires_at) >= view.interval)
}

fn has_passed(view: &View<'_>, seen: &Seen) -> bool {
    view.now >= seen.row.expires_at.unwrap_or_default()
}

/// Whether the next owner has not taken a row that was let go for it. Nobody serves it, so clocks matter little.
fn is_broken(view: &View<'_>, seen: &Seen) -> bool {
    let has_passed = seen.row.expires_at.is_some_and(|expires_at| view.now >= expires_at);
    has_passed || seen.unchanged_for >= view.interval
}

/// The newest engine revision that this host knows and every other one that serves a row or wants it.
pub(super) fn shared_revision(view: &View<'_>) -> EngineRevision {
    let others = view.rows.values().flat_map(|seen| {
        let row = &seen.row;
        let owner = (Standing::of(view, seen) == Standing::Others).then_some(row.owner_revision);
        let is_wanted = heir(view, row).is_some() && Standing::of(view, seen) != Standing::Free;
        [owner, is_wanted.then_some(row.next_revision)].into_iter().flatten()
    });
    others.fold(view.revision, EngineRevision::min)
}

/// Who has how many rows, once all that was asked for has changed hands.
#[derive(Debug)]
pub(super) struct Balance<'a> {
    me: &'a str,
    /// What each host can still be asked for.
    takeable: BTreeMap<u8, &'a str>,
    counts: BTreeMap<&'a str, usize>,
    rows: usize,
}

impl<'a> Balance<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        let mut balance = Self {
            me: view.me,
            takeable: BTreeMap::new(),
            counts: BTreeMap::from([(view.me, 0)]),
            rows: view.rows.len(),
        };
        let mut leaving = BTreeSet::new();
        for (&partition, seen) in view.rows {
            let owner = seen.row.current_owner.as_deref();
            let next = seen.row.next_owner.as_deref();
            match Standing::of(view, seen) {
                Standing::Mine => {
                    let stays = view.held.get(&partition).is_none_or(|grip| grip.stage == Stage::Owned);
                    balance.count(heir(view, &seen.row).or(stays.then_some(view.me)));
                }
                Standing::Others if is_leaving(view, seen) => leaving.extend(owner),
                Standing::Others => {
                    balance.count(next.or(owner));
                    // That it exists counts even if it is to lose all it has.
                    balance.counts.entry(owner.unwrap_or_default()).or_default();
                    if let (Some(owner), None) = (owner, next) {
                        balance.takeable.insert(partition, owner);
                    }
                }
                Standing::Promised => balance.count(next),
                Standing::Free => {}
            }
        }
        balance.counts.retain(|host, _| !leaving.contains(host));
        balance
    }

    fn count(&mut self, host: Option<&'a str>) {
        if let Some(host) = host {
            *self.counts.entry(host).or_default() += 1;
        }
    }

    fn mine(&self) -> usize {
        self.counts.get(self.me).copied().unwrap_or_default()
    }

    /// Whether this host has less than its share of the rows, rounded up: what nobody has it takes up to that, and
    /// leaves the rest to the others.
    pub(super) fn wants_more(&self) -> bool {
        self.mine() < self.rows.div_ceil(self.counts.len().max(1))
    }

    /// A row of the host that has most, if that is at least two more than this host has: then the exchange makes a
    /// difference. The first one in the given order.
    pub(super) fn surplus(&self, order: impl Iterator<Item = u8>) -> Option<u8> {
        let count = |owner: &str| self.counts.get(owner).copied().unwrap_or_default();
        let candidates = order.filter_map(|partition| Some((partition, count(self.takeable.get(&partition)?))));
        let rich = candidates.filter(|(_, count)| *count >= self.mine() + 2);
        // Of equals the first.
        rich.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(partition, _)| partition)
    }

    /// This host claims or asks for a row.
    pub(super) fn take(&mut self, partition: u8) {
        if let Some(owner) = self.takeable.remove(&partition)
            && let Some(count) = self.counts.get_mut(owner)
        {
            *count = count.saturating_sub(1);
        }
        self.count(Some(self.me));
    }
}
