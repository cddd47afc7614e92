//! The body of a transaction: operations as HTTP requests in parts.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::kind;
use super::request::{Operation, decoded, without_account};

/// The operations in the body of a transaction, in order. Parts that are none are passed over.
pub(super) fn operations(body: &str) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut lines = body.lines();
    while let Some(line) = lines.next() {
        let Some((method, address)) = request_line(line) else { continue };
        let mut headers = HeaderMap::new();
        for header in lines.by_ref().take_while(|line| !line.is_empty()) {
            insert(&mut headers, header);
        }
        let content: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("--")).collect();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let path = decoded(without_account(path_of(path)));
        let (verb, table, keys) = kind::table(&method, &path, query, &headers);
        operations.push(Operation::new(verb, table, keys, &headers, content.join("\n").trim()));
    }
    operations
}

/// The body with every condition replaced by "any version".
pub(super) fn without_if_match(body: &str) -> String {
    // Lines are kept as they are, ends included: JSON has no raw line breaks within texts, so a line that begins like
    // the header is the header.
    let replaced = |line: &str| {
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        if is_if_match(line) { format!("If-Match: *{end}") } else { line.to_owned() }
    };
    body.split_inclusive('\n').map(replaced).collect()
}

fn is_if_match(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("if-match"))
}

fn request_line(line: &str) -> Option<(Method, &str)> {
    let line = line.strip_suffix(" HTTP/1.1")?;
    let (method, address) = line.split_once(' ')?;
    Some((Method::from_bytes(method.as_bytes()).ok()?, address))
}

fn insert(headers: &mut HeaderMap, line: &str) {
    let Some((name, value)) = line.split_once(':') else { return };
    if let (Ok(name), Ok(value)) = (name.trim().parse::<HeaderName>(), value.trim().parse::<HeaderValue>()) {
        headers.insert(name, value);
    }
}

/// The path of an address, which is absolute as a rule.
fn path_of(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else { return address };
    rest.find('/').map_or("", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verb;

    const BODY: &str = "--batch_1\r\n\
        Content-Type: multipart/mixed; boundary=changeset_1\r\n\r\n\
        --changeset_1\r\n\
        Content-Type: application/http\r\n\
        Content-Transfer-Encoding: binary\r\n\r\n\
        POST http://127.0.0.1:1/devstoreaccount1/hHistory HTTP/1.1\r\n\
        Content-Type: application/json\r\n\r\n\
        {\"PartitionKey\":\"it's\",\"RowKey\":\"01\",\"Text\":\"If-Match: none\"}\r\n\
        --changeset_1\r\n\
        Content-Type: application/http\r\n\r\n\
        PUT http://127.0.0.1:1/devstoreaccount1/hHistory(PartitionKey='it%27%27s',RowKey='sentinel') HTTP/1.1\r\n\
        if-match: W/\"datetime'1'\"\r\n\
        Content-Type: application/json\r\n\r\n\
        {\"A\":1}\r\n\
        --changeset_1--\r\n\
        --batch_1--\r\n";

    #[test]
    fn operations_come_with_their_keys_and_conditions() {
        let operations = operations(BODY);
        let [insert, update] = operations.as_slice() else { panic!("{operations:?}") };
        assert_eq!((insert.verb, insert.table.as_str()), (Verb::InsertEntity, "hHistory"));
        assert_eq!((insert.partition_key.as_str(), insert.row_key.as_str()), ("it's", "01"));
        assert_eq!(insert.if_match, None);
        assert_eq!((update.verb, update.table.as_str()), (Verb::UpdateEntity, "hHistory"));
        assert_eq!((update.partition_key.as_str(), update.row_key.as_str()), ("it's", "sentinel"));
        assert_eq!(update.if_match.as_deref(), Some("W/\"datetime'1'\""));
        assert_eq!(update.body, "{\"A\":1}");
    }

    #[test]
    fn conditions_are_replaced_and_nothing_else() {
        // Some clients end lines in one way, some in the other, and the emulator insists on one way throughout.
        for body in [BODY.to_owned(), BODY.replace("\r\n", "\n")] {
            let expected = body.replace("if-match: W/\"datetime'1'\"", "If-Match: *");
            assert_eq!(without_if_match(&body), expected);
            assert_eq!(operations(&body), operations(BODY));
        }
    }

    #[test]
    fn any_prefix_of_a_transaction_can_be_read() {
        for length in 0..BODY.len() {
            assert!(operations(&BODY[..length]).len() <= 2);
        }
    }
}
