//! Transactions on the wire, and what the service says about failures, alone or within the answer to a transaction.

use super::errors::Answer;

/// The body of a transaction as the format asks for.
///
/// The SDK ends lines with a line feed alone and leaves the last delimiter open, which a strict reader may refuse; and
/// it has the service send back what is inserted, which nobody reads.
pub(super) fn well_formed(body: &[u8]) -> Vec<u8> {
    let mut formed = Vec::with_capacity(body.len() + body.len() / 8);
    let lines = body.strip_suffix(b"\n").unwrap_or(body).split(|byte| *byte == b'\n');
    for line in lines {
        if !formed.is_empty() {
            formed.extend_from_slice(b"\r\n");
        }
        formed.extend_from_slice(line);
        // Entities are JSON on one line each, which begins with a brace.
        if line.starts_with(b"POST ") {
            formed.extend_from_slice(b"\r\nPrefer: return-no-content");
        }
    }
    formed.extend_from_slice(b"--\r\n");
    formed
}

/// The first part of an answer to a transaction that is not a success.
///
/// The service stops at the first change that fails and answers that one alone, inside a multipart body under a
/// status that says success.
pub(super) fn first_failure(body: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        // Bodies of parts are JSON, in which no line begins like this.
        let Some(status) = line.strip_prefix("HTTP/1.1 ") else { continue };
        let status = status.get(..3).and_then(|status| status.parse::<u16>().ok()).unwrap_or(0);
        if !(200..300).contains(&status) {
            let body: Vec<&str> =
                lines.skip_while(|line| !line.is_empty()).take_while(|line| !line.starts_with("--")).collect();
            let (code, message) = code_and_message(body.join("\n").trim().as_bytes());
            return Some(Answer { status, code, message, retry_after: None });
        }
    }
    None
}

/// Code and message of an answer that is not a success: JSON from tables, XML from queues and blobs; empty if it has
/// none, as answers of proxies.
pub(super) fn code_and_message(body: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let (code, message) = if text.starts_with('{') { from_json(text) } else { from_xml(text) };
    // The lines after the first are the request's number and time.
    (code.unwrap_or_default(), message.unwrap_or_default().lines().next().unwrap_or_default().to_owned())
}

fn from_json(text: &str) -> (Option<String>, Option<String>) {
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else { return (None, None) };
    let at = |pointer: &str| json.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
    (at("/odata.error/code"), at("/odata.error/message/value"))
}

/// The service's error documents are flat: `<Error><Code>…</Code><Message>…</Message></Error>`; those of tables have names
/// in lower case, and may have a prefix.
fn from_xml(text: &str) -> (Option<String>, Option<String>) {
    let element = |names: [&str; 3]| {
        names.into_iter().find_map(|name| {
            let (_, rest) = text.split_once(&format!("<{name}"))?;
            let (_, rest) = rest.split_once('>')?;
            let (content, _) = rest.split_once(&format!("</{name}>"))?;
            Some(unescaped(content))
        })
    };
    (element(["Code", "code", "m:code"]), element(["Message", "message", "m:message"]))
}

fn unescaped(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    named.into_iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_sdk_sends_is_completed() {
        let sdk = "--batch_1\nContent-Type: multipart/mixed; boundary=changeset_2\n\n--changeset_2\n\n\
            POST http://x/Table HTTP/1.1\naccept: a\n\n{\"A\":\"POST \\n\"}\n--changeset_2--\n--batch_1\n";
        let expected = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_2\r\n\r\n--changeset_2\r\n\r\n\
            POST http://x/Table HTTP/1.1\r\nPrefer: return-no-content\r\naccept: a\r\n\r\n{\"A\":\"POST \\n\"}\r\n\
            --changeset_2--\r\n--batch_1--\r\n";
        assert_eq!(String::from_utf8(well_formed(sdk.as_bytes())).unwrap(), expected);
    }

    const FAILED: &str = "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_2\r\n\r\n\
        --changesetresponse_2\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
        HTTP/1.1 412 Precondition Failed\r\nX-Content-Type-Options: nosniff\r\nContent-Type: application/json\r\n\r\n\
        {\"odata.error\":{\"code\":\"UpdateConditionNotSatisfied\",\"message\":{\"lang\":\"en-US\",\"value\":\
        \"5:The update condition specified in the request was not satisfied.\\nRequestId:1\\nTime:2\"}}}\r\n\
        --changesetresponse_2--\r\n--batchresponse_1--\r\n";

    #[test]
    fn failing_change_is_found_with_its_code() {
        let answer = first_failure(FAILED.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.code.as_str()), (412, "UpdateConditionNotSatisfied"));
        assert_eq!(answer.message, "5:The update condition specified in the request was not satisfied.");
        let line_feeds = first_failure(FAILED.replace("\r\n", "\n").as_bytes()).unwrap();
        assert_eq!(line_feeds, answer);
    }

    #[test]
    fn failure_after_successes_is_found() {
        let body = format!("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{FAILED}");
        assert_eq!(first_failure(body.as_bytes()).unwrap().status, 412);
    }

    #[test]
    fn successes_are_no_failure() {
        assert_eq!(
            first_failure(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{\"a\":\"HTTP/1.1 500\"}"),
            None
        );
        assert_eq!(first_failure(b""), None);
    }

    #[test]
    fn status_that_is_no_number_is_a_failure() {
        assert_eq!(first_failure("HTTP/1.1 2é oops".as_bytes()).unwrap().status, 0);
    }

    #[test]
    fn both_kinds_of_documents_are_read() {
        let xml = "\u{feff}<?xml version=\"1.0\"?><Error><Code>PopReceiptMismatch</Code><Message>A &lt;b&gt; &amp;amp;\nRequestId:1</Message></Error>";
        assert_eq!(code_and_message(xml.as_bytes()), ("PopReceiptMismatch".into(), "A <b> &amp;".into()));
        let json = r#"{"odata.error":{"code":"TableNotFound","message":{"value":"No table."}}}"#;
        assert_eq!(code_and_message(json.as_bytes()), ("TableNotFound".into(), "No table.".into()));
        for prefix in ["", "m:"] {
            let xml = format!(
                "<{prefix}error xmlns='x'><{prefix}code>A</{prefix}code><{prefix}message xml:lang='en'>B</{prefix}message></{prefix}error>"
            );
            assert_eq!(code_and_message(xml.as_bytes()), ("A".into(), "B".into()));
        }
        for other in ["", "Bad gateway", "<html><body>502</body></html>", "{", "{}", "<Code>"] {
            assert_eq!(code_and_message(other.as_bytes()), (String::new(), String::new()), "{other}");
        }
    }
}
