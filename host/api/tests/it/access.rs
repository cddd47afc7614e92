//! Paths that do not exist, and who may ask.

use api::Guard;

use crate::hub::{BASE, Hub};

#[tokio::test]
async fn unknown_paths_and_verbs_are_problems() {
    let hub = Hub::new();
    assert_eq!(hub.get("/nowhere").await.problem(), (404, "unknown-route".into()));
    assert_eq!(hub.get(&format!("{BASE}/nowhere")).await.problem(), (404, "unknown-route".into()));
    let answer = hub.post(&format!("{BASE}/instances/a"), "").await;
    assert_eq!(answer.problem(), (405, "wrong-verb".into()));
    assert!(answer.header("allow").contains("GET"));
}

#[tokio::test]
async fn foreign_pages_and_names_are_turned_away() {
    let hub = Hub::new();
    let get = async |headers: &[(&str, &str)]| hub.send("GET", "/rondo/components", headers, "").await;
    assert_eq!(get(&[]).await.status, 200);
    let answer = get(&[("origin", "https://evil.example")]).await;
    assert_eq!(answer.problem(), (403, "foreign-origin".into()));
}

#[tokio::test]
async fn a_server_with_a_key_wants_it() {
    let hub = Hub::with(Guard::Key("s3cret".into()), |backend| backend);
    assert_eq!(hub.get("/rondo/components").await.problem(), (401, "unauthorized".into()));
    assert_eq!(hub.get("/rondo/components?code=s3cret").await.status, 200);
    assert_eq!(hub.get("/rondo/health/ready").await.status, 200);
}
