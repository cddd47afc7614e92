//! What becomes of an instance when the host panics over it: a bug may cost that instance, never the others of its shard.
//!
//! All that is in hand of the instance is dropped, its guest included, for nothing says how far the panic let it come.
//! Then it is loaded again, only to be held: its reason can be read in its status, and its release hands out again what
//! was dropped here.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::InstanceId;
use store::panic_text;

use super::inbox::Inbox;
use super::{Effect, Notice, Shard};
use crate::limits;

/// The instances that are to be held once it is known what is stored of them.
#[derive(Debug, Default)]
pub(super) struct Broken(BTreeMap<InstanceId, Breakage>);

/// Panics over one instance.
#[derive(Debug)]
pub(super) struct Breakage {
    /// What the last one said.
    pub(super) what: String,
    times: u32,
}

impl Broken {
    /// Takes an instance out; it is no longer to be held, unless it is noted again.
    pub(super) fn take(&mut self, instance_id: &InstanceId) -> Option<Breakage> {
        if self.0.is_empty() { None } else { self.0.remove(instance_id) }
    }

    pub(super) fn note(&mut self, instance_id: InstanceId, breakage: Breakage) {
        self.0.insert(instance_id, breakage);
    }
}

impl Shard {
    /// Does something for one instance, or for none in particular.
    pub(super) fn contained(
        &mut self,
        instance_id: Option<InstanceId>,
        effects: &mut Vec<Effect>,
        step: impl FnOnce(&mut Self, &mut Vec<Effect>),
    ) {
        let before = effects.len();
        // What is half done belongs to the instance and is dropped below. The sums of `slots` change with its maps, in
        // steps that allocate at most.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| step(self, effects))) {
            // Nothing of it may leave: a commit, or activities that nobody would wait for.
            effects.truncate(before);
            self.panicked(instance_id, panic_text(&*panic).to_owned(), effects);
        }
    }

    /// The host panicked while it carried out an effect of this shard, for which `waiting` waits.
    pub(crate) fn panicked_outside(&mut self, waiting: Option<InstanceId>, what: String, effects: &mut Vec<Effect>) {
        match waiting {
            Some(_) => self.panicked(waiting, what, effects),
            // To tell of it would be such an effect again.
            None => self.counters.panics += 1,
        }
    }

    fn panicked(&mut self, instance_id: Option<InstanceId>, what: String, effects: &mut Vec<Effect>) {
        self.counters.panics += 1;
        let Some(instance_id) = instance_id else {
            effects.push(Effect::Notice(Notice::Panicked { instance_id: None, what, is_left_alone: false }));
            return;
        };
        // A guest may be the reason, also when it is dropped.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(self.slots.take(&instance_id))));
        self.counters.panics += u64::from(dropped.is_err());
        // Whether they were begun is not known. Whatever is still open then is begun again after the release.
        effects.extend(self.in_flight.take_all(&instance_id).into_iter().map(Effect::CancelActivity));
        let times = self.broken.take(&instance_id).map_or(0, |breakage| breakage.times) + 1;
        let is_left_alone = times > limits::PANICS_PER_INSTANCE_MAX || self.is_draining;
        effects.push(Effect::Notice(Notice::Panicked {
            instance_id: Some(instance_id.clone()),
            what: what.clone(),
            is_left_alone,
        }));
        if !is_left_alone {
            self.broken.note(instance_id.clone(), Breakage { what, times });
            self.load(instance_id, Inbox::default(), 0, effects);
        }
    }
}
