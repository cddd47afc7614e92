//! Taking the guard of conditional writes away.

use anyhow::Result;
use azurite::{Proxy, Request, Service, Verb, unique_hub};

use crate::client::{Answer, Client};

async fn world() -> Result<(azurite::Azurite, Proxy, Client, String, String)> {
    let azurite = azurite::shared()?;
    let proxy = Proxy::start(azurite.endpoints()).await?;
    let client = Client::new(proxy.endpoints());
    let table = unique_hub();
    let stale = client.table_with_entity(&table).await?;
    client.merge(&table, &stale, 1).await?;
    Ok((azurite, proxy, client, table, stale))
}

#[tokio::test]
async fn without_its_condition_a_stale_merge_goes_through() -> Result<()> {
    let (_azurite, proxy, client, table, stale) = world().await?;
    assert_eq!(client.merge(&table, &stale, 2).await?.status, 412);

    let fault = proxy.without_if_match(|request| request.is(Verb::MergeEntity));
    assert_eq!(client.merge(&table, &stale, 3).await?.status, 204);
    assert_eq!(client.value(&table).await?, 3);
    assert_eq!(fault.applied(), 1);

    fault.remove();
    assert_eq!(client.merge(&table, &stale, 4).await?.status, 412);
    Ok(())
}

/// An insert and a merge of the entity, in one transaction.
async fn transact(client: &Client, table: &str, condition: &str, row: &str) -> Result<Answer> {
    let address = format!("http://127.0.0.1/devstoreaccount1/{table}");
    let part = "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let headers = "Accept: application/json;odata=nometadata\r\nContent-Type: application/json";
    let insert = format!(r#"{{"PartitionKey":"p","RowKey":"{row}"}}"#);
    let body = format!(
        "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n\
         {part}POST {address} HTTP/1.1\r\n{headers}\r\n\r\n{insert}\r\n\
         {part}MERGE {address}(PartitionKey='p',RowKey='r') HTTP/1.1\r\n{headers}\r\nIf-Match: {condition}\r\n\r\n\
         {{\"Value\":9}}\r\n--changeset_1--\r\n--batch_1--\r\n"
    );
    client.send(Service::Table, "POST", "$batch", &[("content-type", "multipart/mixed; boundary=batch_1")], &body).await
}

#[tokio::test]
async fn without_its_conditions_a_stale_transaction_goes_through() -> Result<()> {
    let (_azurite, proxy, client, table, stale) = world().await?;
    let refused = transact(&client, &table, &stale, "one").await?;
    assert!(refused.body.contains("HTTP/1.1 412"), "{refused:?}");
    assert_eq!(client.value(&table).await?, 1);

    let of_this_table = {
        let table = table.clone();
        move |request: &Request| request.is(Verb::EntityGroupTransaction) && request.writes(&table, "p")
    };
    proxy.without_if_match(of_this_table);
    let done = transact(&client, &table, &stale, "two").await?;
    assert!(!done.body.contains("HTTP/1.1 412"), "{done:?}");
    assert_eq!(client.value(&table).await?, 9);

    let log = proxy.log();
    let transactions: Vec<_> = log.iter().filter(|logged| logged.kind.verb == Verb::EntityGroupTransaction).collect();
    assert_eq!(transactions.len(), 2);
    assert!(transactions.iter().all(|logged| logged.kind.resource == table), "{log:?}");
    Ok(())
}

#[tokio::test]
async fn an_insert_that_overwrites_goes_through() -> Result<()> {
    let (_azurite, proxy, client, table, _stale) = world().await?;
    let insert = |partition: &'static str| {
        let (client, table) = (client.clone(), table.clone());
        let body = format!(r#"{{"PartitionKey":"{partition}","RowKey":"r","Value":5}}"#);
        async move { client.table("POST", &table, "", &body).await }
    };
    assert_eq!(insert("p").await?.status, 409);
    let fault = proxy.insert_or_replace(|_| true);
    let overwritten = insert("p").await?;
    assert_eq!(overwritten.status, 204, "{overwritten:?}");
    assert_ne!(overwritten.header("etag"), "");
    assert_eq!(client.value(&table).await?, 5);
    let awkward = insert("it's 7% + ü").await?;
    assert_eq!(awkward.status, 204, "{awkward:?}");
    assert_eq!(fault.applied(), 2);
    fault.remove();
    assert_eq!(insert("it's 7% + ü").await?.status, 409);
    Ok(())
}

#[tokio::test]
async fn a_condition_of_another_service_is_left_alone() -> Result<()> {
    let (_azurite, proxy, client, _table, _stale) = world().await?;
    let container = unique_hub();
    client.send(Service::Blob, "PUT", &format!("{container}?restype=container"), &[], "").await?;
    let fault = proxy.without_if_match(|_| true);
    let blob = format!("{container}/a");
    let headers = [("x-ms-blob-type", "BlockBlob"), ("if-match", "\"0x1\"")];
    let answer = client.send(Service::Blob, "PUT", &blob, &headers, "text").await?;
    assert_eq!(answer.status, 412, "{answer:?}");
    assert_eq!(fault.applied(), 0);
    Ok(())
}
