//! Counting and logging.

use anyhow::Result;
use azurite::{Outcome, Proxy, Service, Verb, unique_hub};

use crate::client::Client;

#[tokio::test]
async fn every_request_is_counted_by_kind_and_empty_takes_apart() -> Result<()> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let client = Client::new(proxy.endpoints());
    let hub = unique_hub();
    let queue = async |method, address: &str, body| {
        client.send(Service::Queue, method, &format!("{hub}{address}"), &[], body).await
    };
    queue("PUT", "", "").await?;
    queue("GET", "/messages", "").await?;
    let message = "<QueueMessage><MessageText>aGk=</MessageText></QueueMessage>";
    assert_eq!(queue("POST", "/messages", message).await?.status, 201);
    assert!(queue("GET", "/messages?peekonly=true", "").await?.body.contains("aGk="));
    assert!(queue("GET", "/messages?numofmessages=32", "").await?.body.contains("aGk="));
    queue("GET", "/messages", "").await?;

    let counts: Vec<_> = proxy.counts().into_iter().collect();
    let expected = [
        (Verb::PutMessage, 1),
        (Verb::GetMessages, 1),
        (Verb::EmptyGetMessages, 2),
        (Verb::PeekMessages, 1),
        (Verb::CreateQueue, 1),
    ];
    assert_eq!(counts, expected.map(|(verb, count)| ((Service::Queue, verb), count)));

    proxy.forget();
    assert!(proxy.counts().is_empty());
    assert!(proxy.log().is_empty());
    Ok(())
}

#[tokio::test]
async fn blobs_pass_unharmed_and_a_head_has_no_body() -> Result<()> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let client = Client::new(proxy.endpoints());
    let hub = unique_hub();
    let blob = async |method, address: &str, headers: &[(&str, &str)], body: &str| {
        client.send(Service::Blob, method, &format!("{hub}{address}"), headers, body).await
    };
    blob("PUT", "?restype=container", &[], "").await?;
    let content = "0123456789".repeat(300_000);
    let put = blob("PUT", "/a", &[("x-ms-blob-type", "BlockBlob")], &content).await?;
    assert_eq!(put.status, 201, "{put:?}");
    assert!(blob("GET", "/a", &[], "").await?.body == content);
    let head = blob("HEAD", "/a", &[], "").await?;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "3000000"));
    let verbs: Vec<_> = proxy.log().into_iter().map(|logged| logged.kind.verb).collect();
    assert_eq!(verbs, [Verb::CreateContainer, Verb::PutBlob, Verb::GetBlob, Verb::GetBlobProperties]);
    Ok(())
}

#[tokio::test]
async fn the_log_tells_resource_path_condition_and_outcome() -> Result<()> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let client = Client::new(proxy.endpoints());
    let table = unique_hub();
    let etag = client.table_with_entity(&table).await?;
    client.merge(&table, &etag, 1).await?;
    client.merge(&table, &etag, 2).await?;

    let log = proxy.log();
    let told: Vec<_> = log.iter().map(|logged| (logged.sequence, logged.kind.verb, logged.outcome.clone())).collect();
    let expected = [
        (1, Verb::CreateTable, Outcome::Replied(201)),
        (2, Verb::InsertEntity, Outcome::Replied(201)),
        (3, Verb::MergeEntity, Outcome::Replied(204)),
        (4, Verb::MergeEntity, Outcome::Replied(412)),
    ];
    assert_eq!(told, expected);
    assert!(log.iter().all(|logged| logged.kind.resource == table), "{log:?}");
    assert_eq!(log[3].path, format!("{table}(PartitionKey='p',RowKey='r')"));
    assert_eq!(log[3].if_match.as_deref(), Some(etag.as_str()));
    Ok(())
}

#[tokio::test]
async fn a_reader_of_connection_strings_finds_the_proxy() -> Result<()> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let endpoints = proxy.endpoints();
    let text = proxy.connection_string();
    assert!(text.contains(&format!("TableEndpoint=http://127.0.0.1:{}/devstoreaccount1;", endpoints.table)), "{text}");
    assert_ne!(endpoints, azurite.endpoints());
    Ok(())
}
