//! Inserts that overwrite: another method and address, so they are signed anew.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

use super::Request;
use crate::endpoints::{ACCOUNT, KEY};

/// Makes an "Insert Entity" an "Insert Or Replace Entity". The body stays.
pub(super) fn insert_or_replace(parts: &mut Parts, request: &Request) -> Result<()> {
    let entity = request.operations.first().context("an insert without an entity")?;
    let path = format!(
        "/{ACCOUNT}/{}(PartitionKey='{}',RowKey='{}')",
        entity.table,
        literal(&entity.partition_key),
        literal(&entity.row_key)
    );
    parts.method = Method::PUT;
    parts.uri = path.parse::<Uri>().context("writing the address of an entity")?;
    let signature = sign(&parts.method, &path, &parts.headers)?;
    let authorization = HeaderValue::from_str(&format!("SharedKey {ACCOUNT}:{signature}"));
    parts.headers.insert(AUTHORIZATION, authorization.context("writing the signature")?);
    Ok(())
}

/// A key between the quotes of an address.
fn literal(key: &str) -> String {
    utf8_percent_encode(&key.replace('\'', "''"), NON_ALPHANUMERIC).to_string()
}

/// <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>
fn sign(method: &Method, path: &str, headers: &HeaderMap) -> Result<String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, date) = (header(CONTENT_TYPE.as_str()), header("x-ms-date"));
    let text = format!("{method}\n{}\n{kind}\n{date}\n/{ACCOUNT}{path}", header("content-md5"));
    let key = BASE64_STANDARD.decode(KEY).context("the emulator's key")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).context("the emulator's key")?;
    mac.update(text.as_bytes());
    Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}
