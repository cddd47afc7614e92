//! Deployed components.

use engine::{Digest, Timestamp};
use store::{ComponentRecord, limits};

use crate::World;
use crate::world::permanent;

fn record(bytes: &[u8], at: Timestamp) -> ComponentRecord {
    ComponentRecord {
        digest: Digest::of(bytes),
        name: "orders".to_owned(),
        bytes: bytes.len() as u64,
        deployed_at: at,
        orchestrations: vec!["Order".to_owned(), "Größe".to_owned()],
        activities: vec!["Pay".to_owned()],
        grants: "{\"http\":[\"example.org\"]}".to_owned(),
    }
}

pub async fn what_was_deployed_is_kept(world: &mut World) {
    let bytes = b"\0asm".to_vec();
    let record = record(&bytes, world.now());
    assert_eq!(world.backend().components().await.unwrap(), []);
    assert_eq!(world.backend().component_bytes(&record.digest).await.unwrap(), None);
    world.backend().deploy(record.clone(), bytes.clone()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.backend().components().await.unwrap(), std::slice::from_ref(&record));
        assert_eq!(world.backend().component_bytes(&record.digest).await.unwrap(), Some(bytes.clone()));
        world.crash().await;
    }
}

pub async fn the_component_deployed_last_comes_first(world: &mut World) {
    let [one, two, three] = [b"1", b"2", b"3"].map(|bytes| record(bytes, world.now()));
    for (record, bytes) in [(&one, b"1"), (&two, b"2"), (&three, b"3")] {
        world.backend().deploy(record.clone(), bytes.to_vec()).await.unwrap();
    }
    assert_eq!(world.backend().components().await.unwrap(), [three.clone(), two.clone(), one.clone()]);

    // Even if a clock went back meanwhile.
    let again = ComponentRecord {
        deployed_at: Timestamp::from_millis(1),
        activities: Vec::new(),
        grants: "{}".to_owned(),
        ..one
    };
    world.backend().deploy(again.clone(), b"1".to_vec()).await.unwrap();
    assert_eq!(world.backend().components().await.unwrap(), [again.clone(), three.clone(), two.clone()]);
    world.crash().await;
    assert_eq!(world.backend().components().await.unwrap(), [again, three, two]);
}

pub async fn a_component_that_is_too_large_is_refused_for_good(world: &mut World) {
    let bytes = vec![0; limits::COMPONENT_BYTES_MAX + 1];
    let record = ComponentRecord { digest: Digest::from_bytes([1; 32]), ..record(b"", world.now()) };
    permanent(&world.backend().deploy(record, bytes).await.unwrap_err());
    assert_eq!(world.backend().components().await.unwrap(), []);
}

pub async fn a_large_component_is_kept(world: &mut World) {
    let bytes: Vec<u8> = (0..8_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let record = ComponentRecord { bytes: bytes.len() as u64, ..record(b"large", world.now()) };
    world.backend().deploy(record.clone(), bytes.clone()).await.unwrap();
    world.crash().await;
    assert!(world.backend().component_bytes(&record.digest).await.unwrap() == Some(bytes));
}
