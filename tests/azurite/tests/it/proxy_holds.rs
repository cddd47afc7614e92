//! Requests and replies that are held.

use std::time::Duration;

use anyhow::Result;
use azurite::{Outcome, Proxy, Request, Verb, first, unique_hub};
use tokio::task::JoinHandle;

use crate::client::{Answer, Client};

fn is_merge(request: &Request) -> bool {
    request.is(Verb::MergeEntity)
}

struct World {
    _azurite: azurite::Azurite,
    proxy: Proxy,
    client: Client,
    direct: Client,
    table: String,
}

impl World {
    async fn new() -> Result<Self> {
        let azurite = azurite::shared()?;
        let proxy = Proxy::start(azurite.endpoints()).await?;
        let (client, direct) = (Client::new(proxy.endpoints()), Client::new(azurite.endpoints()));
        let table = unique_hub();
        direct.table_with_entity(&table).await?;
        Ok(Self { _azurite: azurite, proxy, client, direct, table })
    }

    /// Sends a merge through the proxy, without waiting for the answer.
    fn merge(&self, value: u32) -> JoinHandle<Result<Answer>> {
        let (client, table) = (self.client.clone(), self.table.clone());
        tokio::spawn(async move { client.merge(&table, "*", value).await })
    }

    async fn value(&self) -> Result<u64> {
        self.direct.value(&self.table).await
    }
}

#[tokio::test]
async fn a_held_request_happens_only_when_it_is_released() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold(is_merge);
    let merge = world.merge(1);
    held.reached().await;
    assert_eq!(world.value().await?, 0);
    assert_eq!(world.proxy.log()[0].outcome, Outcome::Pending);
    assert!(world.proxy.counts().is_empty());

    held.release();
    assert_eq!(merge.await??.status, 204);
    assert_eq!(world.value().await?, 1);
    assert_eq!(world.merge(2).await??.status, 204);
    assert_eq!(held.held(), 1);
    Ok(())
}

#[tokio::test]
async fn a_held_reply_is_a_write_that_has_happened() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold_reply(is_merge);
    let merge = world.merge(1);
    held.reached().await;
    assert_eq!(world.value().await?, 1);
    assert!(!merge.is_finished());
    held.release();
    assert_eq!(merge.await??.status, 204);
    Ok(())
}

#[tokio::test]
async fn all_that_match_are_held_unless_the_matcher_says_the_first() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold(is_merge);
    let (one, two) = (world.merge(1), world.merge(1));
    held.reached_times(2).await;
    held.release();
    one.await??;
    two.await??;

    let held = world.proxy.hold(first(is_merge));
    let stalled = world.merge(5);
    held.reached().await;
    assert_eq!(world.merge(6).await??.status, 204);
    assert_eq!(world.value().await?, 6);
    held.release();
    stalled.await??;
    assert_eq!(world.value().await?, 5);
    Ok(())
}

#[tokio::test]
async fn a_held_request_whose_client_gave_up_still_happens_when_it_is_released() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold(is_merge);
    let merge = world.merge(1);
    held.reached().await;
    merge.abort();
    assert!(merge.await.unwrap_err().is_cancelled());
    // The client's connections go with it.
    world.proxy.down().await?;
    assert_eq!(world.value().await?, 0);
    held.release();
    while world.proxy.log()[0].outcome == Outcome::Pending {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.proxy.log()[0].outcome, Outcome::Replied(204));
    assert_eq!(world.value().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_hold_that_is_forgotten_holds_nothing() -> Result<()> {
    let world = World::new().await?;
    drop(world.proxy.hold(is_merge));
    assert_eq!(world.merge(1).await??.status, 204);
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_ends_lets_nothing_through_that_it_held() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold(is_merge);
    let merge = world.merge(1);
    held.reached().await;
    let World { proxy, direct, table, .. } = world;
    drop(proxy);
    assert!(merge.await?.is_err());
    held.release();
    // Long enough for a merge, which takes a millisecond, to get through if it were on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(direct.value(&table).await?, 0);
    Ok(())
}

#[tokio::test]
async fn rules_apply_in_the_order_in_which_they_were_made() -> Result<()> {
    let world = World::new().await?;
    let held = world.proxy.hold(is_merge);
    let cut = world.proxy.cut(is_merge, azurite::Times::UntilRemoved);
    let merge = world.merge(1);
    held.reached().await;
    assert_eq!(cut.applied(), 0);
    held.release();
    assert!(merge.await?.is_err());
    assert_eq!(cut.applied(), 1);
    Ok(())
}
