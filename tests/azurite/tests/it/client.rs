//! A client of Azure Storage in a hundred lines: signs, sends, reads.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sha2::Sha256;

use azurite::{Endpoints, Service};

const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Speaks to one emulator or proxy, over connections that it keeps.
#[derive(Clone)]
pub(crate) struct Client {
    endpoints: Endpoints,
    pool: Pool<HttpConnector, Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// A header, or the empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    pub(crate) fn new(endpoints: Endpoints) -> Self {
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(2))
            .build(HttpConnector::new());
        Self { endpoints, pool }
    }

    /// Sends one request. `address` is the path without the account, with its query. An error means no answer.
    pub(crate) async fn send(
        &self,
        service: Service,
        method: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let port = match service {
            Service::Blob => self.endpoints.blob,
            Service::Queue => self.endpoints.queue,
            Service::Table => self.endpoints.table,
        };
        let date = httpdate::fmt_http_date(SystemTime::now());
        let mut headers: Vec<(&str, &str)> = headers.to_vec();
        headers.extend([("x-ms-date", date.as_str()), ("x-ms-version", "2022-11-02")]);
        let signature = sign(service, method, address, &headers, body)?;
        let mut request = Request::builder().method(method).uri(format!("http://127.0.0.1:{port}/{ACCOUNT}/{address}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.header("authorization", format!("SharedKey {ACCOUNT}:{signature}"));
        let answer = self.pool.request(request.body(Full::new(Bytes::copy_from_slice(body.as_bytes())))?).await?;
        let (head, body) = answer.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// A request to the table service, with a JSON body.
    pub(crate) async fn table(&self, method: &str, address: &str, condition: &str, body: &str) -> Result<Answer> {
        let mut headers = vec![("accept", "application/json;odata=nometadata")];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        if !condition.is_empty() {
            headers.push(("if-match", condition));
        }
        self.send(Service::Table, method, address, &headers, body).await
    }

    /// Makes a table with one entity, key `p` and `r`, value 0; answers with the entity's etag.
    pub(crate) async fn table_with_entity(&self, table: &str) -> Result<String> {
        let made = self.table("POST", "Tables", "", &format!(r#"{{"TableName":"{table}"}}"#)).await?;
        anyhow::ensure!(made.status == StatusCode::CREATED, "{made:?}");
        let put = self.table("POST", table, "", r#"{"PartitionKey":"p","RowKey":"r","Value":0}"#).await?;
        anyhow::ensure!(put.status == StatusCode::CREATED, "{put:?}");
        Ok(put.header("etag").to_owned())
    }

    /// Merges a value into that entity.
    pub(crate) async fn merge(&self, table: &str, condition: &str, value: u32) -> Result<Answer> {
        self.table("MERGE", &entity(table), condition, &format!(r#"{{"Value":{value}}}"#)).await
    }

    /// The value of that entity.
    pub(crate) async fn value(&self, table: &str) -> Result<u64> {
        let answer = self.table("GET", &entity(table), "", "").await?;
        let entity: serde_json::Value = serde_json::from_str(&answer.body)?;
        entity["Value"].as_u64().context("the entity has no value")
    }
}

/// The address of the entity that [`Client::table_with_entity`] makes.
fn entity(table: &str) -> String {
    format!("{table}(PartitionKey='p',RowKey='r')")
}

/// <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>
fn sign(service: Service, method: &str, address: &str, headers: &[(&str, &str)], body: &str) -> Result<String> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let header = |name| headers.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| *value);
    // Once for the account, once for the path, which begins with it.
    let resource = format!("/{ACCOUNT}/{ACCOUNT}/{path}");
    let text = if service == Service::Table {
        format!("{method}\n\n{}\n{}\n{resource}", header("content-type"), header("x-ms-date"))
    } else {
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let mut own: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("x-ms-")).collect();
        own.sort();
        let own: Vec<_> = own.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let mut parameters: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        parameters.sort_unstable();
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| format!("\n{name}:{value}")).collect();
        let (kind, condition) = (header("content-type"), header("if-match"));
        let (own, parameters) = (own.concat(), parameters.concat());
        format!("{method}\n\n\n{length}\n\n{kind}\n\n\n{condition}\n\n\n\n{own}{resource}{parameters}")
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(KEY)?)?;
    mac.update(text.as_bytes());
    Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}
