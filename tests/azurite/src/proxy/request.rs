//! A request as rules see it.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::kind::{self, Keys};
use super::{Kind, Service, Verb, batch};

/// A request that has arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it asks for.
    pub kind: Kind,
    /// Requests that have arrived before it, and 1.
    pub sequence: u64,
    /// Its method.
    pub method: Method,
    /// Its path, decoded and without the account: `hInstances(PartitionKey='order 7',RowKey='')`.
    pub path: String,
    /// Its query, as it came.
    pub query: String,
    /// Its condition.
    pub if_match: Option<String>,
    /// What it does to entities: each operation of a transaction, the one of a request about one entity; else none.
    pub operations: Vec<Operation>,
    /// Its body.
    pub body: Bytes,
}

/// What a request does to one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What it asks for.
    pub verb: Verb,
    /// The table.
    pub table: String,
    /// The first key.
    pub partition_key: String,
    /// The second key.
    pub row_key: String,
    /// The condition.
    pub if_match: Option<String>,
    /// The entity, as JSON; empty where there is none.
    pub body: String,
}

/// The keys in the body of an insert.
#[derive(Deserialize)]
struct BodyKeys {
    #[serde(rename = "PartitionKey", default)]
    partition: String,
    #[serde(rename = "RowKey", default)]
    row: String,
}

/// The body of a request that makes a table.
#[derive(Deserialize)]
struct NewTable {
    #[serde(rename = "TableName")]
    name: String,
}

impl Request {
    pub(super) fn new(service: Service, sequence: u64, parts: &Parts, body: Bytes) -> Self {
        let path = decoded(without_account(parts.uri.path()));
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let mut operations = Vec::new();
        let (verb, resource) = match service {
            Service::Blob => kind::blob(&parts.method, &path, &query),
            Service::Queue => kind::queue(&parts.method, &path, &query),
            Service::Table => {
                let text = String::from_utf8_lossy(&body);
                let (verb, table, keys) = kind::table(&parts.method, &path, &query, &parts.headers);
                operations = match verb {
                    Verb::EntityGroupTransaction => batch::operations(&text),
                    Verb::InsertEntity => vec![Operation::new(verb, table.clone(), None, &parts.headers, &text)],
                    _ if keys.is_some() => vec![Operation::new(verb, table.clone(), keys, &parts.headers, &text)],
                    _ => Vec::new(),
                };
                let table = match verb {
                    Verb::EntityGroupTransaction => operations.first().map(|operation| operation.table.clone()),
                    Verb::CreateTable => serde_json::from_str(&text).ok().map(|table: NewTable| table.name),
                    _ => Some(table),
                };
                (verb, table.unwrap_or_default())
            }
        };
        let kind = Kind { service, verb, resource };
        let if_match = if_match(&parts.headers);
        Self { kind, sequence, method: parts.method.clone(), path, query, if_match, operations, body }
    }

    /// Whether this is its verb.
    pub fn is(&self, verb: Verb) -> bool {
        self.kind.verb == verb
    }

    /// Whether it changes an entity of this table and partition, alone or in a transaction.
    pub fn writes(&self, table: &str, partition_key: &str) -> bool {
        self.operations.iter().any(|operation| {
            let reads = matches!(operation.verb, Verb::GetEntity | Verb::QueryEntities);
            !reads && operation.table == table && operation.partition_key == partition_key
        })
    }

    /// Whether its path or its body has this text. Texts in messages and in entities are encoded by whoever wrote them.
    pub fn mentions(&self, text: &str) -> bool {
        self.path.contains(text) || String::from_utf8_lossy(&self.body).contains(text)
    }
}

impl Operation {
    /// An insert has its keys in the body.
    pub(super) fn new(verb: Verb, table: String, keys: Option<Keys>, headers: &HeaderMap, body: &str) -> Self {
        let (partition_key, row_key) = match keys {
            Some(Keys { partition, row }) => (partition, row),
            None => serde_json::from_str(body)
                .map_or_else(|_| Default::default(), |keys: BodyKeys| (keys.partition, keys.row)),
        };
        Self { verb, table, partition_key, row_key, if_match: if_match(headers), body: body.to_owned() }
    }
}

fn if_match(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(http::header::IF_MATCH)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// `/devstoreaccount1/table` begins with the account, as all addresses of the emulator do.
pub(super) fn without_account(path: &str) -> &str {
    path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest)
}

pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(service: Service, method: &str, address: &str, body: &str) -> Request {
        let (parts, ()) = http::Request::builder().method(method).uri(address).body(()).unwrap().into_parts();
        Request::new(service, 1, &parts, Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn the_path_is_decoded_before_it_is_read() {
        let path = "/devstoreaccount1/hInstances(PartitionKey='a%20b%28%29',RowKey='')?$select=x";
        let request = request(Service::Table, "PUT", path, "{}");
        assert_eq!(request.path, "hInstances(PartitionKey='a b()',RowKey='')");
        assert_eq!(request.query, "$select=x");
        assert!(request.writes("hInstances", "a b()"));
        assert!(!request.writes("hInstances", "a b"));
    }

    #[test]
    fn an_insert_has_the_keys_of_its_body() {
        let body = r#"{"PartitionKey":"p","RowKey":"r"}"#;
        let request = request(Service::Table, "POST", "/devstoreaccount1/hHistory", body);
        assert_eq!(request.kind.resource, "hHistory");
        assert!(request.writes("hHistory", "p"));
        assert!(request.mentions("\"r\""));
    }

    #[test]
    fn a_read_writes_nothing() {
        let request = request(Service::Table, "GET", "/devstoreaccount1/t(PartitionKey='p',RowKey='r')", "");
        assert!(!request.writes("t", "p"));
        assert_eq!(request.operations[0].row_key, "r");
    }

    #[test]
    fn a_new_table_is_named_by_the_body() {
        let request = request(Service::Table, "POST", "/devstoreaccount1/Tables", r#"{"TableName":"hHistory"}"#);
        assert_eq!(request.kind.resource, "hHistory");
        assert!(request.is(Verb::CreateTable));
    }

    #[test]
    fn an_account_alone_has_no_path() {
        assert_eq!(request(Service::Queue, "GET", "/devstoreaccount1?comp=list", "").path, "");
        assert_eq!(request(Service::Queue, "GET", "/devstoreaccount1/?comp=list", "").kind.verb, Verb::ListQueues);
    }
}
