//! What is deployed, by digest and by name, and what of it is loaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use engine::Digest;
use store::ComponentRecord;
use wasm::Grants;

use crate::limits::{OFFERED_NAMED_MAX, PINNED_COMPONENTS_LOADED_MAX};

/// A deployed component and what its activities may reach.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    pub(super) record: ComponentRecord,
    /// What is wrong with them if they cannot be read; then no activity of the component runs.
    pub(super) grants: Result<Arc<Grants>, String>,
}

impl Deployed {
    pub(super) fn offers_orchestration(&self, name: &str) -> bool {
        self.record.orchestrations.iter().any(|offered| offered == name)
    }

    pub(super) fn offers_activity(&self, name: &str) -> bool {
        self.record.activities.iter().any(|offered| offered == name)
    }
}

/// Maps names to digests and digests to components. The newest component of every name stays loaded; of the others,
/// those used last do.
#[derive(Debug)]
pub(super) struct Index<L> {
    deployed: HashMap<Digest, Deployed>,
    orchestrations: HashMap<String, Digest>,
    activities: HashMap<String, Digest>,
    loaded: HashMap<Digest, Loaded<L>>,
    /// Counts uses, to tell which was longest ago.
    uses: u64,
}

#[derive(Debug)]
struct Loaded<L> {
    component: L,
    last_use: u64,
}

impl<L> Default for Index<L> {
    fn default() -> Self {
        Self {
            deployed: HashMap::new(),
            orchestrations: HashMap::new(),
            activities: HashMap::new(),
            loaded: HashMap::new(),
            uses: 0,
        }
    }
}

impl<L: Clone> Index<L> {
    /// Makes a component the newest of all its names.
    pub(super) fn insert(&mut self, deployed: Deployed) {
        let digest = deployed.record.digest;
        for name in &deployed.record.orchestrations {
            self.orchestrations.insert(name.clone(), digest);
        }
        for name in &deployed.record.activities {
            self.activities.insert(name.clone(), digest);
        }
        self.deployed.insert(digest, deployed);
    }

    pub(super) fn deployed(&self, digest: &Digest) -> Option<&Deployed> {
        self.deployed.get(digest)
    }

    /// The newest component that offers an orchestration.
    pub(super) fn orchestration(&self, name: &str) -> Option<Digest> {
        self.orchestrations.get(name).copied()
    }

    /// Which orchestrations are offered, for whoever has asked for another.
    pub(super) fn offered(&self) -> String {
        let mut names: Vec<&str> = self.orchestrations.keys().map(String::as_str).collect();
        names.sort_unstable();
        let Some((last, first)) = names.get(..names.len().min(OFFERED_NAMED_MAX)).and_then(<[_]>::split_last) else {
            return "no orchestration is offered at all".to_owned();
        };
        let quoted = |name: &&str| format!("\"{name}\"");
        let first: Vec<String> = first.iter().map(quoted).collect();
        match (first.is_empty(), names.len().saturating_sub(OFFERED_NAMED_MAX)) {
            (true, _) => format!("check the name (case matters): {} is offered", quoted(last)),
            (false, 0) => {
                format!("check the name (case matters): {} and {} are offered", first.join(", "), quoted(last))
            }
            (false, more) => {
                let named = first.join(", ");
                format!("check the name (case matters): {named}, {} and {more} more are offered", quoted(last))
            }
        }
    }

    /// The newest component that offers an activity.
    pub(super) fn activity(&self, name: &str) -> Option<Digest> {
        self.activities.get(name).copied()
    }

    /// The components that are the newest of some name, the last deployed first.
    pub(super) fn newest(&self) -> Vec<ComponentRecord> {
        let digests = self.newest_digests();
        let mut records: Vec<_> =
            digests.iter().filter_map(|digest| Some(self.deployed.get(digest)?.record.clone())).collect();
        records.sort_by_key(|record| (std::cmp::Reverse(record.deployed_at), record.digest));
        records
    }

    /// A loaded component; counts as a use of it.
    pub(super) fn loaded(&mut self, digest: &Digest) -> Option<L> {
        let loaded = self.loaded.get_mut(digest)?;
        self.uses += 1;
        loaded.last_use = self.uses;
        Some(loaded.component.clone())
    }

    /// Keeps a component loaded, at the price of the one that was not used for longest.
    pub(super) fn set_loaded(&mut self, digest: Digest, component: L) {
        self.uses += 1;
        self.loaded.insert(digest, Loaded { component, last_use: self.uses });
        let newest = self.newest_digests();
        while self.loaded.keys().filter(|digest| !newest.contains(digest)).count() > PINNED_COMPONENTS_LOADED_MAX {
            let pinned = self.loaded.iter().filter(|(digest, _)| !newest.contains(digest));
            let Some((oldest, _)) = pinned.min_by_key(|(_, loaded)| loaded.last_use) else { return };
            let oldest = *oldest;
            self.loaded.remove(&oldest);
        }
    }

    fn newest_digests(&self) -> HashSet<Digest> {
        self.orchestrations.values().chain(self.activities.values()).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use engine::Timestamp;

    use super::*;

    fn digest(number: usize) -> Digest {
        Digest::of(&number.to_be_bytes())
    }

    fn deployed(number: usize, orchestrations: &[&str], activities: &[&str]) -> Deployed {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Deployed {
            record: ComponentRecord {
                digest: digest(number),
                name: format!("c{number}"),
                bytes: 1,
                deployed_at: Timestamp::from_millis(number as u64),
                orchestrations: names(orchestrations),
                activities: names(activities),
                grants: "{}".into(),
            },
            grants: Ok(Arc::default()),
        }
    }

    #[test]
    fn the_last_deployed_component_serves_its_names_and_older_ones_the_rest() {
        let mut index = Index::<()>::default();
        index.insert(deployed(1, &["a", "b"], &["x"]));
        index.insert(deployed(2, &["a"], &[]));
        assert_eq!(index.orchestration("a"), Some(digest(2)));
        assert_eq!(index.orchestration("b"), Some(digest(1)));
        assert_eq!(index.activity("x"), Some(digest(1)));
        assert_eq!(index.orchestration("c"), None);
        let newest: Vec<_> = index.newest().into_iter().map(|record| record.digest).collect();
        assert_eq!(newest, [digest(2), digest(1)]);
    }

    #[test]
    fn what_is_offered_is_told_in_a_sentence_of_bounded_length() {
        let mut index = Index::<()>::default();
        assert_eq!(index.offered(), "no orchestration is offered at all");
        index.insert(deployed(1, &["a"], &["x"]));
        assert_eq!(index.offered(), r#"check the name (case matters): "a" is offered"#);
        index.insert(deployed(2, &["c", "b"], &[]));
        assert_eq!(index.offered(), r#"check the name (case matters): "a", "b" and "c" are offered"#);
        let names: Vec<String> = (0..1_000).map(|number| format!("n{number:03}")).collect();
        index.insert(deployed(3, &names.iter().map(String::as_str).collect::<Vec<_>>(), &[]));
        let offered = index.offered();
        assert!(offered.ends_with(r#""n005", "n006" and 993 more are offered"#), "{offered}");
    }

    #[test]
    fn a_component_deployed_again_is_the_newest_again() {
        let mut index = Index::<()>::default();
        index.insert(deployed(1, &["a"], &[]));
        index.insert(deployed(2, &["a"], &[]));
        index.insert(deployed(1, &["a"], &[]));
        assert_eq!(index.orchestration("a"), Some(digest(1)));
    }

    #[test]
    fn the_newest_stay_loaded_and_of_the_others_those_used_last() {
        let mut index = Index::default();
        index.insert(deployed(0, &["a"], &[]));
        index.set_loaded(digest(0), 0);
        for number in 1..=PINNED_COMPONENTS_LOADED_MAX {
            index.set_loaded(digest(number), number);
        }
        assert_eq!(index.loaded(&digest(1)), Some(1), "the limit is reached, not crossed");
        index.set_loaded(digest(1_000), 1_000);
        assert_eq!(index.loaded(&digest(0)), Some(0));
        assert_eq!(index.loaded(&digest(1)), Some(1));
        assert_eq!(index.loaded(&digest(2)), None);
        assert_eq!(index.loaded(&digest(1_000)), Some(1_000));
    }
}
