//! What an earlier build has stored: this build loads it, replays it, and goes on with it.
//!
//! `fixtures/revision-N` was made by the last build whose newest engine revision was N: five components, one for each SDK,
//! and instances of each in every state, `cases.json` says which. Their host was killed. `rondo.db` is a data folder of
//! SQLite, `hub.json` the same instances in a task hub on Azure Storage.

mod fixture;
mod hub;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use e2e::Server;
use engine::Digest;
use serde_json::Value;
use store::{Components as _, SystemClock};
use store_sqlite::{Options, SqliteBackend};
use wasm::{Engines, LoadedComponent};

use self::fixture::{Case, Fixture};
use crate::azure::world::World;
use crate::stored::{assert_replays, snapshots};

/// How long the instances may take to end, components of all five languages compiled before.
const TIMEOUT: Duration = Duration::from_mins(5);

#[test]
fn instances_of_an_earlier_build_are_replayed_and_finished() {
    let fixture = Fixture::read("revision-0");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("rondo.db"), fixture.database()).unwrap();

    let components = components(&data);
    assert_eq!(components.len(), 5, "one for each SDK");
    let loaded = load(&data, &components);
    for (id, snapshot) in snapshots(&data) {
        assert_eq!(snapshot.damage, None, "{id}");
        if let Some(digest) = snapshot.row.state.component {
            assert_replays(&snapshot.row.state.instance_id, &snapshot.history, &loaded[&digest]);
        }
    }
    drop(loaded);

    let server = Server::start(&data).unwrap();
    finish(&server, &fixture.cases);
    server.stop().unwrap();

    let world = World::alone("Upgrade");
    hub::restore(&world, &fixture.hub(), &components);
    // What was compiled need not be compiled again.
    let host = world.folder().join("later");
    fs::create_dir_all(&host).unwrap();
    fs::rename(data.join("cache"), host.join("cache")).unwrap();
    let server = world.host("later", &[]);
    finish(&server, &fixture.cases);
    server.stop().unwrap();
}

/// Goes on with every instance, and looks at how it ends.
fn finish(server: &Server, cases: &[Case]) {
    for case in cases {
        let status = status(server, &case.id);
        // A timer that has become due since ends its instance while this test looks at the others.
        let has_moved_on = case.finish.is_empty() && status["runtimeStatus"] == "Completed";
        assert!(status["runtimeStatus"] == *case.reach || has_moved_on, "{}: {status}", case.id);
        server.ok(&["history", &case.id]).unwrap();
        for command in &case.finish {
            let command: Vec<String> = command.iter().map(|word| word.replace("{id}", &case.id)).collect();
            server.ok(&command.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        }
    }
    let deadline = Instant::now() + TIMEOUT;
    for case in cases {
        let ended = loop {
            let status = status(server, &case.id);
            if ["Completed", "Failed", "Terminated"].iter().any(|ended| status["runtimeStatus"] == *ended) {
                break status;
            }
            assert!(Instant::now() < deadline, "{} has not ended: {status}\n{}", case.id, server.log());
            std::thread::sleep(Duration::from_millis(100));
        };
        if let Some(output) = &case.output {
            assert_eq!(&ended["output"], output, "{}: {ended}", case.id);
        }
        if let Some(kind) = &case.failure {
            assert_eq!(ended["runtimeStatus"], "Failed", "{}: {ended}", case.id);
            assert!(ended.to_string().contains(kind), "{}: {ended}", case.id);
        }
    }
}

fn status(server: &Server, id: &str) -> Value {
    server.json(&["status", id]).unwrap()
}

/// The components in a data folder, by digest.
fn components(data: &Path) -> BTreeMap<Digest, Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = std::sync::Arc::new(SystemClock);
        let backend = SqliteBackend::open(data.join("rondo.db"), Options::default(), clock).unwrap();
        let mut components = BTreeMap::new();
        for record in backend.components().await.unwrap() {
            let bytes = backend.component_bytes(&record.digest).await.unwrap().unwrap();
            components.insert(record.digest, bytes);
        }
        store::WorkSource::shutdown(&backend).await.unwrap();
        components
    })
}

/// Compiles them, into the cache that hosts use.
fn load(data: &Path, components: &BTreeMap<Digest, Vec<u8>>) -> BTreeMap<Digest, LoadedComponent> {
    let cache = data.join("cache");
    let options = wasm::Options { orchestrators_max: 8, activities_max: 2, ..wasm::Options::default() };
    fs::create_dir_all(&cache).unwrap();
    let engines = Engines::new(wasm::Options { cache_dir: Some(cache), ..options }).unwrap();
    components.iter().map(|(digest, bytes)| (*digest, engines.load(bytes).unwrap())).collect()
}
