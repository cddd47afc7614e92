use super::super::testing::{explained, fetched, fits};
use super::*;

const NAMING: Naming<'_> = Naming { instance_key: "order^01", row_key: "0000000000000002", event_type: None, salt: 42 };

fn with(column: &str, text: String) -> Entity {
    let mut entity = Entity::new();
    entity.set(column, Value::Text(text));
    entity
}

#[test]
fn a_text_column_holds_30720_utf16_units() {
    // As UTF-8 these have 1, 2, 3 and 4 bytes for each unit or two.
    let table = [("a", 30_720), ("ü", 30_720), ("语", 30_720), ("🦀", 15_360)];
    for (character, most) in table {
        assert!(!is_too_long("Result", &character.repeat(most)), "{character}");
        assert!(is_too_long("Result", &character.repeat(most + 1)), "{character}");
    }
}

#[test]
fn a_custom_status_stays_in_its_column_as_long_as_the_service_takes_it() {
    for (character, most) in [("a", 32_768), ("语", 32_768), ("🦀", 16_384)] {
        assert!(!is_too_long(CUSTOM_STATUS, &character.repeat(most)), "{character}");
        assert!(is_too_long(CUSTOM_STATUS, &character.repeat(most + 1)), "{character}");
    }
}

#[test]
fn what_is_too_long_moves_to_a_blob_and_back() {
    let text = "ü".repeat(30_721);
    let mut entity = with("Result", text.clone());
    entity.set("Name", Value::Text("short".into()));
    let moved = move_out(&mut entity, Naming { event_type: Some("TaskCompleted"), ..NAMING });
    name_blobs(&mut entity, &moved);
    let name = "order^01/history-0000000000000002-TaskCompleted-0000002A-Result.json.gz";
    assert_eq!(entity.text("Result"), Ok(Some("")));
    assert_eq!(blob_columns(&entity), [("Result".to_owned(), name.to_owned())]);
    assert!(fits(&entity));
    let blobs = moved.into_iter().map(|(_, blob)| blob).collect();
    let whole = fetched(&super::super::Row { entity, blobs });
    assert_eq!(whole.text("Result"), Ok(Some(text.as_str())));
    assert_eq!(whole.text("Name"), Ok(Some("short")));
}

#[test]
fn blobs_are_named_as_durabletask_names_them() {
    assert_eq!(Naming { row_key: "", ..NAMING }.blob("Input"), "order^01/history--Input-0000002A-Input.json.gz");
    assert_eq!(
        message_blob("order/1", [0xab; 16], "EventRaised"),
        "order^01/history-message-abababababababababababababababab-EventRaised.json.gz"
    );
    assert_eq!(
        Naming { instance_key: "..", ..NAMING }.blob("Input"),
        ".^4/history-0000000000000002-Input-0000002A-Input.json.gz"
    );
}

#[test]
fn names_tell_whose_message_a_blob_is() {
    let ids = ["a", "a/b", "/a", ".", "a/history-message-x", "a^0b", "message-a"];
    for id in ids {
        assert_eq!(receiver_of(&message_blob(id, [1; 16], "EventRaised")).as_deref(), Some(id));
        // As DurableTask names it.
        assert_eq!(receiver_of(&format!("{id}/message-01-EventRaised.json.gz")).as_deref(), Some(id));
    }
    for name in ["", "a", "message-1", "a/history-1-Input-2-Input.json.gz", "a./history-message-1"] {
        assert_eq!(receiver_of(name), None, "{name}");
    }
    assert!(is_start(&message_blob("a", [1; 16], "ExecutionStarted")));
    assert!(!is_start(&message_blob("a", [1; 16], "EventRaised")));
}

#[test]
fn a_purge_looks_where_blobs_of_an_instance_can_be() {
    let table: [(&str, &[&str], &str); 8] = [
        ("a", &["a/history-"], "a/message-"),
        ("a/b", &["a^0b/history-"], "a/b/message-"),
        ("a^0b", &["a^^0b/history-"], "a^0b/message-"),
        ("a.", &["a^4/history-", "a./history-"], "a./message-"),
        ("..", &[".^4/history-"], "message-"),
        ("/a/", &["^0a^0/history-"], "a//message-"),
        ("./a/../b", &[".^0a^0..^0b/history-"], "a/b/message-"),
        ("a\\b", &["a^1b/history-"], "a\\b/message-"),
    ];
    for (id, own, perhaps_own) in table {
        assert_eq!(own_blobs(id), own, "{id}");
        assert_eq!(perhaps_own_blobs(id), perhaps_own, "{id}");
    }
    assert!(is_message("01-EventRaised.json.gz") && !is_message("01/message-01-EventRaised.json.gz"));
}

#[test]
fn only_names_that_count_lead_to_blobs() {
    let mut entity = with("ResultBlobName", "a".into());
    entity.set("InputBlobName", Value::Text(String::new()));
    entity.set("BlobName", Value::Text("b".into()));
    entity.set("ReasonBlobName", Value::Int(1));
    assert_eq!(blob_columns(&entity), [("Result".to_owned(), "a".to_owned())]);
    entity.set(IN_BLOBS, Value::Text(String::new()));
    assert_eq!(blob_columns(&entity), []);
    entity.set(IN_BLOBS, Value::Text("Result,Input".into()));
    assert_eq!(blob_columns(&entity), [("Result".to_owned(), "a".to_owned())]);
}

#[test]
fn unpacking_stops_at_the_limit() {
    let bomb = gzip(&vec![0; 1_000_000]);
    assert!(bomb.len() < 2_000);
    assert_eq!(gunzip(&bomb, 1_000_000).unwrap().len(), 1_000_000);
    assert!(matches!(gunzip(&bomb, 999_999), Err(LayoutError::TooLarge)));
    assert_eq!(gunzip(&gzip(b""), 0).unwrap(), b"");
}

#[test]
fn what_is_not_packed_is_an_error() {
    let packed = gzip(b"some text");
    for bytes in [&b""[..], b"some text", &packed[..packed.len() - 1]] {
        assert!(matches!(gunzip(bytes, 100), Err(LayoutError::Unpack(_))), "{bytes:?}");
    }
    let error = gunzip_text(&gzip(b"\xff")).unwrap_err();
    assert_eq!(explained(&error), "a blob's text is malformed");
}

#[test]
fn addresses_of_the_container_lead_to_blobs() {
    let container = "https://acct.blob.core.windows.net/hub-largemessages";
    let blob = |text: &str| blob_of_url(text, container);
    assert_eq!(blob(&format!("{container}/a%20b/c%25.json.gz")).as_deref(), Some("a b/c%.json.gz"));
    for text in [container, &format!("{container}/"), &format!("{container}x/a"), "https://acct/a", "\"a\"", ""] {
        assert_eq!(blob(text), None, "{text}");
    }
    assert_eq!(blob(&format!("{container}/is where blobs are")), None, "no address has spaces");
    assert_eq!(blob(&format!("{container}/%ff")), None, "no name has such bytes");
}

#[test]
fn texts_like_addresses_are_recognised() {
    for text in ["https://example.net/a?b=c", "urn:isbn:1", "a:", "C:/temp", "x+y-1.2:z"] {
        assert!(looks_like_url(text), "{text}");
    }
    for text in ["", "a", "\"https://example.net\"", "{\"a\":1}", "[1]", "12:30", "kind: message", "://a", ":"] {
        assert!(!looks_like_url(text), "{text}");
    }
}
