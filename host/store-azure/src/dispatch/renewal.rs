//! Keeping messages invisible while they are worked on.

use azure::Receipt;
use tokio::time::Instant;

use super::entry::{Phase, Spent};
use super::{Place, State};

/// A message to be made invisible for longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) place: Place,
    pub(crate) partition: u8,
    pub(crate) receipt: Receipt,
    /// Its text; none for a lease, which says only that its instance has work.
    pub(crate) text: Option<Box<str>>,
    /// Its instance is held: nobody will want it soon.
    pub(crate) is_held: bool,
}

/// How a renewal ended.
#[derive(Debug)]
pub(crate) enum Renewed {
    /// It is invisible again.
    Until { receipt: Receipt, lapses_at: Instant },
    /// Somebody else has it, or it is gone.
    Lost,
    /// Nothing is known; the next one may succeed.
    Failed,
}

impl State {
    /// Messages that would show up before `deadline`, each marked as being renewed.
    pub(crate) fn begin_renewals(&mut self, deadline: Instant) -> Vec<Renewal> {
        let mut renewals = Vec::new();
        for (instance_id, entry) in self.entries_mut() {
            let (partition, is_held, lease) = (entry.partition, entry.is_held, entry.lease);
            for (id, stored) in &mut entry.messages {
                if stored.is_renewing || stored.is_unwanted || stored.is_lost || stored.lapses_at > deadline {
                    continue;
                }
                let text = match &stored.phase {
                    Phase::Waiting(content) | Phase::InHand(content) => Some(content.text.clone()),
                    Phase::Spent if lease == Some(*id) => None,
                    Phase::Spent => continue,
                };
                stored.is_renewing = true;
                let place = Place { instance_id: instance_id.clone(), id: *id };
                renewals.push(Renewal { place, partition, receipt: stored.receipt.clone(), text, is_held });
            }
        }
        renewals
    }

    /// A renewal ended: answers the message if it is to be deleted now.
    pub(crate) fn renewed(&mut self, place: &Place, renewed: Renewed) -> Option<Spent> {
        let stored = self.stored_at(place)?;
        stored.is_renewing = false;
        match renewed {
            Renewed::Until { receipt, lapses_at } => {
                stored.receipt = receipt;
                stored.lapses_at = lapses_at;
            }
            Renewed::Failed => {}
            // The commit that consumes it decides whether this host was the right one; renewing is of no use.
            Renewed::Lost if matches!(stored.phase, Phase::InHand(_)) => stored.is_lost = true,
            Renewed::Lost => {
                self.deleted(&place.instance_id, place.id);
                return None;
            }
        }
        let is_unwanted = stored.is_unwanted;
        if is_unwanted { self.unwanted(&place.instance_id, place.id) } else { None }
    }
}
