//! Requests that fail.

use std::time::{Duration, Instant};

use anyhow::Result;
use azurite::{Outcome, Proxy, Refusal, Request, Service, Times, Verb, nth, unique_hub};

use crate::client::Client;

fn is_merge(request: &Request) -> bool {
    request.is(Verb::MergeEntity)
}

/// A proxy, a client through it, a client past it, and a table with an entity whose value is 0.
async fn world() -> Result<(azurite::Azurite, Proxy, Client, Client, String)> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let (client, direct) = (Client::new(proxy.endpoints()), Client::new(azurite.endpoints()));
    let table = unique_hub();
    direct.table_with_entity(&table).await?;
    Ok((azurite, proxy, client, direct, table))
}

#[tokio::test]
async fn a_dropped_reply_is_a_write_that_happened_and_an_error() -> Result<()> {
    let (_azurite, proxy, client, direct, table) = world().await?;
    let fault = proxy.drop_reply(is_merge, Times::Exactly(1));
    assert!(client.merge(&table, "*", 1).await.is_err());
    assert_eq!(direct.value(&table).await?, 1);
    assert_eq!(fault.applied(), 1);
    assert_eq!(proxy.log()[0].outcome, Outcome::ReplyDropped(204));

    assert_eq!(client.merge(&table, "*", 2).await?.status, 204);
    assert_eq!(fault.applied(), 1);
    Ok(())
}

#[tokio::test]
async fn a_cut_request_is_an_error_and_nothing_happened() -> Result<()> {
    let (_azurite, proxy, client, direct, table) = world().await?;
    let fault = proxy.cut(is_merge, Times::UntilRemoved);
    assert!(client.merge(&table, "*", 1).await.is_err());
    assert!(client.merge(&table, "*", 2).await.is_err());
    assert_eq!(direct.value(&table).await?, 0);
    assert_eq!(proxy.log()[1].outcome, Outcome::Cut);

    fault.remove();
    assert_eq!(client.merge(&table, "*", 3).await?.status, 204);
    assert_eq!(direct.value(&table).await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_refusal_looks_like_the_services_own_and_ends_after_its_times() -> Result<()> {
    let (_azurite, proxy, client, direct, table) = world().await?;
    proxy.refuse(is_merge, Refusal::ServerBusy, Some(Duration::from_secs(7)), Times::Exactly(1));
    proxy.refuse(is_merge, Refusal::TooManyRequests, None, Times::Exactly(1));
    proxy.refuse(|request| request.kind.service == Service::Queue, Refusal::InternalError, None, Times::UntilRemoved);

    let busy = client.merge(&table, "*", 1).await?;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "7"));
    assert_eq!(busy.header("x-ms-error-code"), "ServerBusy");
    let body: serde_json::Value = serde_json::from_str(&busy.body)?;
    assert_eq!(body["odata.error"]["code"], "ServerBusy");

    let busy = client.merge(&table, "*", 1).await?;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (429, ""));
    assert_eq!(direct.value(&table).await?, 0);
    assert_eq!(client.merge(&table, "*", 1).await?.status, 204);

    for _ in 0..2 {
        let error = client.send(Service::Queue, "GET", "?comp=list", &[], "").await?;
        assert_eq!(error.status, 500);
        assert!(error.body.contains("<Code>InternalError</Code>"), "{error:?}");
    }
    let outcomes: Vec<_> = proxy.log().into_iter().map(|logged| logged.outcome).collect();
    let expected = [503, 429].map(Outcome::Refused).into_iter().chain([Outcome::Replied(204)]);
    assert_eq!(outcomes, expected.chain([500, 500].map(Outcome::Refused)).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn a_matcher_can_be_narrowed_to_the_nth_request() -> Result<()> {
    let (_azurite, proxy, client, _direct, table) = world().await?;
    proxy.cut(nth(2, is_merge), Times::UntilRemoved);
    let mut went_well = Vec::new();
    for value in 1..=4 {
        went_well.push(client.merge(&table, "*", value).await.is_ok());
    }
    assert_eq!(went_well, [true, false, true, true]);
    Ok(())
}

#[tokio::test]
async fn a_slow_request_takes_its_time_and_others_do_not_wait_for_it() -> Result<()> {
    let (_azurite, proxy, client, direct, table) = world().await?;
    let delay = Duration::from_millis(300);
    let fault = proxy.slow(is_merge, delay);
    let begin = Instant::now();
    let slow = tokio::spawn({
        let (client, table) = (client.clone(), table.clone());
        async move { client.merge(&table, "*", 1).await }
    });
    fault.reached().await;
    // Through the same proxy; would never end before the delay if it waited in line.
    client.value(&table).await?;
    assert_eq!(slow.await??.status, 204);
    assert!(begin.elapsed() >= delay);
    assert_eq!(direct.value(&table).await?, 1);
    let log = proxy.log();
    assert_eq!(log.iter().map(|logged| logged.kind.verb).collect::<Vec<_>>(), [Verb::MergeEntity, Verb::GetEntity]);
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_is_down_refuses_connections_and_comes_back_on_the_same_ports() -> Result<()> {
    let (_azurite, proxy, client, direct, table) = world().await?;
    client.value(&table).await?;
    for round in 1..=2 {
        proxy.down().await?;
        proxy.down().await?;
        for port in [proxy.endpoints().blob, proxy.endpoints().queue, proxy.endpoints().table] {
            let error = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        }
        // Over a connection that was kept, too.
        assert!(client.merge(&table, "*", 100).await.is_err());
        proxy.up().await?;
        assert_eq!(client.merge(&table, "*", round).await?.status, 204);
        assert_eq!(direct.value(&table).await?, u64::from(round));
    }
    Ok(())
}

#[tokio::test]
async fn an_emulator_that_does_not_answer_is_an_error_for_the_client_and_the_log_says_why() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let proxy = Proxy::start(azurite::Endpoints { blob: nobody, queue: nobody, table: nobody }).await?;
    assert!(Client::new(proxy.endpoints()).value("t").await.is_err());
    assert!(matches!(&proxy.log()[0].outcome, Outcome::Failed(why) if why.contains("connect")), "{:?}", proxy.log());
    Ok(())
}
