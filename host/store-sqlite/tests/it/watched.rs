//! Who waits for a row is told what a turn has made of it, without reading the file.

use std::sync::Arc;

use conformance::{Turn, id};
use engine::RuntimeStatus;
use store::{Client as _, Clock as _, WorkSource as _};

use crate::support::Folder;

#[tokio::test]
async fn who_waits_for_a_turn_reads_once() {
    let folder = Folder::new();
    let backend = Arc::new(folder.open());
    folder.create(&backend, "a").await;
    let created = backend.load(&id("a")).await.unwrap().unwrap();
    let before = backend.stats().reads;
    let waiting = tokio::spawn({
        let (backend, seen) = (backend.clone(), created.row.revision);
        async move { backend.changed(&id("a"), seen).await.unwrap() }
    });
    while backend.stats().reads == before {
        tokio::task::yield_now().await;
    }
    let turn = Turn::on(&created, folder.clock.now()).append(1, 3).status(RuntimeStatus::Running);
    backend.commit(turn.0).await.unwrap();
    let told = waiting.await.unwrap();
    assert_eq!(backend.stats().reads, before + 1, "before it waits");
    assert_eq!(told, backend.get(&id("a")).await.unwrap());
}
