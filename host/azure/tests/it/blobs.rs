//! Bytes by name.

use azure::{BlobPage, Container};

use crate::contract;
use crate::world::{World, outcome};

contract!(
    a_container_that_exists_is_fine,
    bytes_come_back,
    names_that_an_address_would_change_are_refused,
    names_are_listed_by_prefix,
    a_blob_has_an_address,
);

const CONTAINER: Container = Container::LargeMessages;

async fn a_container_that_exists_is_fine(world: &World) {
    assert_eq!(outcome(world.put_blob(CONTAINER, "x", vec![1]).await), "NotFound");
    assert_eq!(outcome(world.get_blob(CONTAINER, "x").await), "NotFound");
    assert_eq!(outcome(world.delete_blob(CONTAINER, "x").await), "NotFound");
    assert_eq!(outcome(world.list_blobs(CONTAINER, "", None).await), "NotFound");
    assert_eq!(outcome(world.delete_container(CONTAINER).await), "NotFound");
    assert_eq!(outcome(world.create_container(CONTAINER).await), "done");
    assert_eq!(outcome(world.create_container(CONTAINER).await), "done");
    assert_eq!(outcome(world.get_blob(Container::Components, "x").await), "NotFound");
    assert_eq!(outcome(world.put_blob(CONTAINER, "x", vec![1]).await), "done");
    assert_eq!(outcome(world.delete_container(CONTAINER).await), "done");
    assert_eq!(outcome(world.get_blob(CONTAINER, "x").await), "NotFound");
}

async fn bytes_come_back(world: &World) {
    let medium = world.with_container(CONTAINER).await;
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let names = ["plain.json.gz", "with/folders/x", "it's a 100% & more+é(1)?#", "sha256:0a0b"];
    for name in names {
        assert_eq!(medium.get_blob(CONTAINER, name).await.unwrap(), None);
        for bytes in [vec![1, 2, 3], Vec::new(), vec![0; 10]] {
            medium.put_blob(CONTAINER, name, bytes.clone()).await.unwrap();
            assert_eq!(medium.get_blob(CONTAINER, name).await.unwrap(), Some(bytes), "{name}");
        }
    }
    medium.put_blob(CONTAINER, "large", large.clone()).await.unwrap();
    assert!(medium.get_blob(CONTAINER, "large").await.unwrap() == Some(large), "5 MB are the same");
    for name in names {
        for _ in 0..2 {
            assert_eq!(outcome(medium.delete_blob(CONTAINER, name).await), "done", "{name}");
            assert_eq!(medium.get_blob(CONTAINER, name).await.unwrap(), None);
        }
    }
}

async fn names_that_an_address_would_change_are_refused(world: &World) {
    let medium = world.with_container(CONTAINER).await;
    medium.put_blob(CONTAINER, "a/b", vec![1]).await.unwrap();
    for name in ["", "/a/b", "a/b/", "a//b", "./a/b", "a/../b", "a./b", "a/b.", "a\\b", "a\u{7f}", "a\u{ffff}", "."] {
        assert_eq!(outcome(medium.put_blob(CONTAINER, name, vec![2]).await), "refused: InvalidResourceName", "{name}");
    }
    assert_eq!(medium.list_blobs(CONTAINER, "", None).await.unwrap().names, ["a/b"]);
    // What others wrote is found where the address leads.
    for name in ["a/b", "/a/b", "./a/b", "a/../b"] {
        assert_eq!(medium.get_blob(CONTAINER, name).await.unwrap(), Some(vec![1]), "{name}");
    }
    let long = |length| "x".repeat(length);
    assert_eq!(outcome(medium.put_blob(CONTAINER, &long(1025), vec![2]).await), "refused: InvalidResourceName");
    assert_eq!(outcome(medium.put_blob(CONTAINER, &long(1024), vec![2]).await), "done");
}

async fn names_are_listed_by_prefix(world: &World) {
    let medium = world.with_container(Container::Components).await;
    let list = async |prefix: &str| medium.list_blobs(Container::Components, prefix, None).await.unwrap();
    assert_eq!(list("").await, BlobPage::default());
    for name in ["b", "a/2", "a/1 <&> é", "ab"] {
        medium.put_blob(Container::Components, name, vec![1]).await.unwrap();
    }
    assert_eq!(list("").await.names, ["a/1 <&> é", "a/2", "ab", "b"]);
    assert_eq!(list("a/").await, BlobPage { names: vec!["a/1 <&> é".into(), "a/2".into()], after: None });
    assert_eq!(list("a/1 <").await.names, ["a/1 <&> é"]);
    assert_eq!(list("x").await, BlobPage::default());
}

async fn a_blob_has_an_address(world: &World) {
    let url = world.blob_url(CONTAINER, "a/b.json.gz");
    let hub = world.hub.as_str().to_ascii_lowercase();
    assert!(url.starts_with("http") && url.ends_with(&format!("/{hub}-largemessages/a/b.json.gz")), "{url}");
}
