//! Keeping up with what other hosts of the hub deploy.

use std::collections::HashSet;
use std::sync::Weak;
use std::time::Duration;

use engine::Digest;
use store::{ComponentRecord, StorageError};

use super::{Inner, Registry};

/// Looks at every `interval` until the registry is gone. A failure is logged when it begins and when it ends.
pub(super) async fn keep_up(registry: Weak<Inner>, interval: Duration) {
    let mut seen = Vec::new();
    let mut is_failing = false;
    loop {
        tokio::time::sleep(interval).await;
        let Some(inner) = registry.upgrade() else { return };
        match (Registry(inner).catch_up(&mut seen).await, is_failing) {
            (Ok(()), true) => {
                is_failing = false;
                tracing::info!("what other hosts deploy is seen again");
            }
            (Err(error), false) => {
                is_failing = true;
                tracing::warn!(%error, cause = %error.source, "what other hosts deploy is not seen for now");
            }
            (Ok(()), false) | (Err(_), true) => {}
        }
    }
}

impl Registry {
    /// Takes over what has been deployed since `seen`, loading it first: a turn that begins on it finds it ready.
    async fn catch_up(&self, seen: &mut Vec<ComponentRecord>) -> Result<(), StorageError> {
        let records = self.0.components.components().await?;
        if records == *seen {
            return Ok(());
        }
        for digest in newest_of_a_name(&records) {
            let is_known = self.index().deployed(&digest).is_some();
            if !is_known && let Err(problem) = self.loaded(digest).await {
                tracing::error!(component = digest.short(), %problem, "component of another host not loaded");
            }
        }
        // Reads once more: what this host has deployed meanwhile must not be taken for older than it is.
        self.refresh().await?;
        *seen = records;
        Ok(())
    }
}

/// The components that serve a name, of all that are deployed, newest first.
fn newest_of_a_name(records: &[ComponentRecord]) -> Vec<Digest> {
    let (mut orchestrations, mut activities) = (HashSet::new(), HashSet::new());
    let mut serves = |record: &ComponentRecord| {
        // Not `any`: every name of the record is taken from those behind it.
        let orchestrations = record.orchestrations.iter().filter(|name| orchestrations.insert((*name).clone())).count();
        let activities = record.activities.iter().filter(|name| activities.insert((*name).clone())).count();
        orchestrations + activities > 0
    };
    records.iter().filter(|record| serves(record)).map(|record| record.digest).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::Timestamp;
    use store::{Components as _, ManualClock, MemoryBackend};
    use worker::{Runtime as _, Unprepared};

    use super::*;

    fn record(number: u8, orchestrations: &[&str], activities: &[&str]) -> ComponentRecord {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ComponentRecord {
            digest: Digest::of(&[number]),
            name: format!("c{number}"),
            bytes: 1,
            deployed_at: Timestamp::from_millis(number.into()),
            orchestrations: names(orchestrations),
            activities: names(activities),
            grants: "{}".into(),
        }
    }

    async fn registry(storage: &Arc<MemoryBackend>) -> Registry {
        let engines = wasm::Engines::new(wasm::Options::default()).unwrap();
        Registry::open(engines, storage.clone(), Arc::new(ManualClock::default()), false, None).await.unwrap()
    }

    async fn deploy(storage: &MemoryBackend, record: ComponentRecord) {
        storage.deploy(record, vec![0]).await.unwrap();
    }

    fn storage() -> Arc<MemoryBackend> {
        Arc::new(MemoryBackend::new(Arc::new(ManualClock::default())))
    }

    #[test]
    fn only_components_that_serve_a_name_are_loaded_ahead() {
        let records =
            [record(4, &["a"], &[]), record(3, &["a"], &["a"]), record(2, &["a"], &[]), record(1, &["b"], &[])];
        assert_eq!(newest_of_a_name(&records), [4, 3, 1].map(|number| Digest::of(&[number])));
    }

    #[tokio::test]
    async fn what_another_host_deploys_is_taken_over_even_if_it_cannot_be_loaded() {
        let storage = storage();
        deploy(&storage, record(1, &["a"], &[])).await;
        let registry = registry(&storage).await;
        let mut seen = Vec::new();
        registry.catch_up(&mut seen).await.unwrap();
        deploy(&storage, record(2, &["a"], &[])).await;
        assert_eq!(registry.choose("a", None), Ok(Digest::of(&[1])));
        registry.catch_up(&mut seen).await.unwrap();
        assert_eq!(registry.choose("a", None), Ok(Digest::of(&[2])));
        assert_eq!(seen.len(), 2);
    }

    #[tokio::test]
    async fn before_it_is_said_that_nobody_offers_something_storage_is_looked_at() {
        let storage = storage();
        let registry = registry(&storage).await;
        let Err(Unprepared::NotOffered { orchestration, why }) = registry.prepare("a", None).await else { panic!() };
        assert_eq!(orchestration, "a");
        assert!(why.contains("offers the orchestration \"a\"; no orchestration is offered"), "{why}");
        let pinned = registry.prepare("a", Some(Digest::of(&[1]))).await;
        assert!(matches!(pinned, Err(Unprepared::Unavailable(_))), "{pinned:?}");
        // On another host, and this one has not caught up.
        deploy(&storage, record(1, &["a"], &[])).await;
        let prepared = registry.prepare("a", None).await;
        assert!(matches!(&prepared, Err(Unprepared::Unavailable(why)) if why.contains("damaged")), "{prepared:?}");
        assert!(registry.offers("a"));
    }

    #[tokio::test]
    async fn a_host_looks_until_its_registry_is_gone() {
        let storage = storage();
        let registry = registry(&storage).await;
        let looking = tokio::spawn(keep_up(Arc::downgrade(&registry.0), Duration::from_millis(1)));
        for number in 1..3 {
            deploy(&storage, record(number, &["a"], &[])).await;
            let is_seen = async {
                while registry.choose("a", None) != Ok(Digest::of(&[number])) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), is_seen).await.unwrap();
        }
        drop(registry);
        tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap().unwrap();
    }
}
