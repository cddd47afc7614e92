//! Tells what a request asks for from its method, address and headers.

use http::{HeaderMap, Method};

use super::Verb;

/// A service of a storage account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Blobs.
    Blob,
    /// Queues.
    Queue,
    /// Tables.
    Table,
}

/// What a request asks for, and of what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Which service it was sent to.
    pub service: Service,
    /// What it asks for.
    pub verb: Verb,
    /// The table, queue or container; empty where the request is about none.
    pub resource: String,
}

/// The keys in the address of an entity.
pub(super) struct Keys {
    pub(super) partition: String,
    pub(super) row: String,
}

/// Verb and resource of a queue request. `path` is decoded and without the account.
pub(super) fn queue(method: &Method, path: &str, query: &str) -> (Verb, String) {
    let mut segments = path.split('/');
    let queue = segments.next().unwrap_or_default();
    let verb = match (queue, segments.next(), segments.next(), method.as_str()) {
        ("", None, None, "GET") if has(query, "comp", "list") => Verb::ListQueues,
        (_, None, None, "GET" | "HEAD") if has(query, "comp", "metadata") => Verb::GetQueueMetadata,
        (_, None, None, "PUT") if !query.contains("comp=") => Verb::CreateQueue,
        (_, None, None, "DELETE") => Verb::DeleteQueue,
        (_, Some("messages"), None, "POST") => Verb::PutMessage,
        (_, Some("messages"), None, "GET") if has(query, "peekonly", "true") => Verb::PeekMessages,
        (_, Some("messages"), None, "GET") => Verb::GetMessages,
        (_, Some("messages"), None, "DELETE") => Verb::ClearMessages,
        (_, Some("messages"), Some(_), "PUT") => Verb::UpdateMessage,
        (_, Some("messages"), Some(_), "DELETE") => Verb::DeleteMessage,
        _ => Verb::Other,
    };
    (verb, queue.to_owned())
}

/// Verb and resource of a blob request.
pub(super) fn blob(method: &Method, path: &str, query: &str) -> (Verb, String) {
    let (container, blob) = path.split_once('/').unwrap_or((path, ""));
    let of_container = has(query, "restype", "container");
    let verb = match (method.as_str(), parameter(query, "comp")) {
        ("GET", Some("list")) if of_container => Verb::ListBlobs,
        ("GET", Some("list")) => Verb::ListContainers,
        ("PUT", None) if of_container => Verb::CreateContainer,
        ("DELETE", None) if of_container => Verb::DeleteContainer,
        ("GET" | "HEAD", None) if of_container => Verb::GetContainerProperties,
        _ if of_container || blob.is_empty() => Verb::Other,
        ("PUT", None) => Verb::PutBlob,
        ("PUT", Some("block")) => Verb::PutBlock,
        ("PUT", Some("blocklist")) => Verb::PutBlockList,
        ("PUT", Some("lease")) => Verb::LeaseBlob,
        ("GET", None) => Verb::GetBlob,
        ("HEAD", None) => Verb::GetBlobProperties,
        ("DELETE", None) => Verb::DeleteBlob,
        _ => Verb::Other,
    };
    (verb, container.to_owned())
}

/// Verb, table and, where the address names one entity, its keys. For [`Verb::EntityGroupTransaction`] and
/// [`Verb::CreateTable`] the table is in the body, and empty here.
pub(super) fn table(method: &Method, path: &str, query: &str, headers: &HeaderMap) -> (Verb, String, Option<Keys>) {
    let (name, argument) = match path.split_once('(') {
        Some((name, argument)) => (name, argument.strip_suffix(')').unwrap_or(argument).trim()),
        None => (path, ""),
    };
    let method = tunnelled(method, headers);
    if path.contains('/') || query.contains("comp=") {
        return (Verb::Other, name.to_owned(), None);
    }
    if name == "Tables" {
        let verb = match method {
            "POST" => Verb::CreateTable,
            "GET" => Verb::QueryTables,
            "DELETE" => Verb::DeleteTable,
            _ => Verb::Other,
        };
        return (verb, unquoted(argument).map_or_else(String::new, |(name, _)| name), None);
    }
    if name == "$batch" {
        return (Verb::EntityGroupTransaction, String::new(), None);
    }
    let keys = keys(argument);
    let is_conditional = headers.contains_key(http::header::IF_MATCH);
    let verb = match (method, &keys) {
        ("GET", None) => Verb::QueryEntities,
        ("GET", Some(_)) => Verb::GetEntity,
        ("POST", None) => Verb::InsertEntity,
        ("PUT", Some(_)) if is_conditional => Verb::UpdateEntity,
        ("PUT", Some(_)) => Verb::InsertOrReplaceEntity,
        // A POST to the address of an entity is the merge of clients that know no other method.
        ("MERGE" | "PATCH" | "POST", Some(_)) if is_conditional => Verb::MergeEntity,
        ("MERGE" | "PATCH" | "POST", Some(_)) => Verb::InsertOrMergeEntity,
        ("DELETE", Some(_)) => Verb::DeleteEntity,
        _ => Verb::Other,
    };
    (verb, name.to_owned(), keys)
}

/// The method, or the one that a POST stands for.
fn tunnelled<'a>(method: &'a Method, headers: &'a HeaderMap) -> &'a str {
    let header = if method == Method::POST { headers.get("x-http-method") } else { None };
    header.and_then(|value| value.to_str().ok()).unwrap_or(method.as_str())
}

/// `PartitionKey='a',RowKey='b'`, quotes doubled.
fn keys(argument: &str) -> Option<Keys> {
    let rest = argument.strip_prefix("PartitionKey=")?;
    let (partition, rest) = unquoted(rest)?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start().strip_prefix("RowKey=")?;
    let (row, _) = unquoted(rest)?;
    Some(Keys { partition, row })
}

/// Reads a text in single quotes; answers with it and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn has(query: &str, name: &str, value: &str) -> bool {
    parameter(query, name) == Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(classify: impl Fn(&Method, &str, &str) -> (Verb, String), table: &[(&str, &str, Verb, &str)]) {
        for (method, address, verb, resource) in table {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let (path, query) = address.split_once('?').unwrap_or((address, ""));
            assert_eq!(classify(&method, path, query), (*verb, (*resource).to_owned()), "{method} {address}");
        }
    }

    #[test]
    fn queue_requests() {
        check(
            queue,
            &[
                ("GET", "?comp=list", Verb::ListQueues, ""),
                ("PUT", "q", Verb::CreateQueue, "q"),
                ("PUT", "q?comp=metadata", Verb::Other, "q"),
                ("DELETE", "q?timeout=30", Verb::DeleteQueue, "q"),
                ("GET", "q?comp=metadata", Verb::GetQueueMetadata, "q"),
                ("POST", "q/messages?visibilitytimeout=5&messagettl=-1", Verb::PutMessage, "q"),
                ("GET", "q/messages?numofmessages=32", Verb::GetMessages, "q"),
                ("GET", "q/messages?peekonly=true", Verb::PeekMessages, "q"),
                ("DELETE", "q/messages", Verb::ClearMessages, "q"),
                ("PUT", "q/messages/7?popreceipt=r", Verb::UpdateMessage, "q"),
                ("DELETE", "q/messages/7?popreceipt=r", Verb::DeleteMessage, "q"),
                ("OPTIONS", "q", Verb::Other, "q"),
            ],
        );
    }

    #[test]
    fn blob_requests() {
        check(
            blob,
            &[
                ("GET", "?comp=list", Verb::ListContainers, ""),
                ("PUT", "c?restype=container", Verb::CreateContainer, "c"),
                ("DELETE", "c?restype=container", Verb::DeleteContainer, "c"),
                ("HEAD", "c?restype=container", Verb::GetContainerProperties, "c"),
                ("GET", "c?restype=container&comp=list&prefix=a", Verb::ListBlobs, "c"),
                ("PUT", "c?restype=container&comp=lease", Verb::Other, "c"),
                ("PUT", "c/a/b.gz", Verb::PutBlob, "c"),
                ("PUT", "c/a?comp=block&blockid=1", Verb::PutBlock, "c"),
                ("PUT", "c/a?comp=blocklist", Verb::PutBlockList, "c"),
                ("PUT", "c/a?comp=lease", Verb::LeaseBlob, "c"),
                ("PUT", "c/a?comp=metadata", Verb::Other, "c"),
                ("GET", "c/a/b", Verb::GetBlob, "c"),
                ("HEAD", "c/a", Verb::GetBlobProperties, "c"),
                ("DELETE", "c/a", Verb::DeleteBlob, "c"),
            ],
        );
    }

    #[test]
    fn table_requests_without_headers() {
        let bare = |method: &Method, path: &str, query: &str| {
            let (verb, name, _) = table(method, path, query, &HeaderMap::new());
            (verb, name)
        };
        check(
            bare,
            &[
                ("POST", "Tables", Verb::CreateTable, ""),
                ("GET", "Tables?$top=1", Verb::QueryTables, ""),
                ("DELETE", "Tables('hInstances')", Verb::DeleteTable, "hInstances"),
                ("POST", "$batch", Verb::EntityGroupTransaction, ""),
                ("GET", "hInstances()?$filter=x", Verb::QueryEntities, "hInstances"),
                ("GET", "hInstances", Verb::QueryEntities, "hInstances"),
                ("GET", "t(PartitionKey='a',RowKey='')", Verb::GetEntity, "t"),
                ("POST", "t", Verb::InsertEntity, "t"),
                ("PUT", "t(PartitionKey='a',RowKey='')", Verb::InsertOrReplaceEntity, "t"),
                ("PATCH", "t(PartitionKey='a',RowKey='')", Verb::InsertOrMergeEntity, "t"),
                ("DELETE", "t(PartitionKey='a',RowKey='')", Verb::DeleteEntity, "t"),
                ("GET", "?restype=service&comp=properties", Verb::Other, ""),
            ],
        );
    }

    #[test]
    fn a_condition_tells_an_update_from_an_upsert_and_a_merge_comes_by_four_ways() {
        let address = "t(PartitionKey='a',RowKey='b')";
        let conditional = |method: &str, tunnel: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("if-match", "etag".parse().unwrap());
            if let Some(tunnel) = tunnel {
                headers.insert("x-http-method", tunnel.parse().unwrap());
            }
            table(&Method::from_bytes(method.as_bytes()).unwrap(), address, "", &headers).0
        };
        assert_eq!(conditional("PUT", None), Verb::UpdateEntity);
        assert_eq!(conditional("MERGE", None), Verb::MergeEntity);
        assert_eq!(conditional("PATCH", None), Verb::MergeEntity);
        assert_eq!(conditional("POST", None), Verb::MergeEntity);
        assert_eq!(conditional("POST", Some("MERGE")), Verb::MergeEntity);
        assert_eq!(conditional("POST", Some("DELETE")), Verb::DeleteEntity);
    }

    #[test]
    fn keys_may_hold_quotes_commas_and_parentheses() {
        let path = "t(PartitionKey='it''s, (so)', RowKey='''')";
        let (verb, name, keys) = table(&Method::GET, path, "", &HeaderMap::new());
        let keys = keys.unwrap();
        assert_eq!((verb, name.as_str()), (Verb::GetEntity, "t"));
        assert_eq!((keys.partition.as_str(), keys.row.as_str()), ("it's, (so)", "'"));
    }

    #[test]
    fn hostile_addresses_are_other_requests_and_no_panic() {
        for path in ["t(", "t(PartitionKey=", "t(PartitionKey='a", "t(PartitionKey='a',RowKey=", "t()(", "'", "//"] {
            let (verb, ..) = table(&Method::DELETE, path, "", &HeaderMap::new());
            assert_eq!(verb, Verb::Other, "{path}");
        }
    }
}
