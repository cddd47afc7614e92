//! What is stored of one instance is damaged: it is held with a report, the others go on, and it does once it is mended.

use std::path::Path;

use e2e::{Server, guest};
use rusqlite::Connection;
use serde_json::Value;

use crate::wait::until;

/// What can be wrong with one instance: in words, how it comes about, how it is mended, and the code it is held with.
struct Damage {
    what: &'static str,
    done: &'static str,
    mended: &'static str,
    code: &'static str,
}

/// The instance that they are done to is number 1 of the file; number 2 is the one that must not suffer.
const DAMAGES: [Damage; 5] = [
    Damage {
        what: "a bit of the history flipped",
        done: "CREATE TABLE kept AS SELECT * FROM history WHERE instance = 1;
               UPDATE history SET events = CAST(x'7f' || substr(events, 2) AS BLOB) WHERE instance = 1",
        mended: "INSERT OR REPLACE INTO history SELECT * FROM kept; DROP TABLE kept",
        code: "corrupt-history",
    },
    Damage {
        what: "the end of the history is missing",
        done: "CREATE TABLE kept AS SELECT * FROM history WHERE instance = 1;
               DELETE FROM history WHERE instance = 1 AND first_event = (SELECT max(first_event) FROM kept)",
        mended: "INSERT OR REPLACE INTO history SELECT * FROM kept; DROP TABLE kept",
        code: "corrupt-history",
    },
    Damage {
        what: "the history is gone",
        done: "CREATE TABLE kept AS SELECT * FROM history WHERE instance = 1; DELETE FROM history WHERE instance = 1",
        mended: "INSERT OR REPLACE INTO history SELECT * FROM kept; DROP TABLE kept",
        code: "corrupt-history",
    },
    Damage {
        what: "the row is damaged",
        done: "CREATE TABLE kept AS SELECT details FROM instances WHERE id = 1;
               UPDATE instances SET details = x'0180' WHERE id = 1",
        mended: "UPDATE instances SET details = (SELECT details FROM kept) WHERE id = 1; DROP TABLE kept",
        code: "corrupt-row",
    },
    Damage {
        what: "a message is damaged",
        done: "UPDATE inbox SET body = CAST(x'ff' || body AS BLOB) WHERE instance = 1",
        mended: "UPDATE inbox SET body = CAST(substr(body, 2) AS BLOB) WHERE instance = 1",
        code: "corrupt-message",
    },
];

#[test]
fn an_instance_that_is_damaged_is_held_and_goes_on_once_it_is_mended_and_the_others_do_not_notice() {
    for damage in &DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let server = damaged(folder.path(), damage);
        let report = held(&server, damage);
        println!("{}: {report}", damage.what);
        server.ok(&["raise-event", "healthy", "go"]).unwrap();
        assert_completes(&server, "healthy");

        server.stop().unwrap();
        change(folder.path(), damage.mended);
        let server = Server::start(folder.path()).unwrap();
        server.ok(&["migrate", "damaged"]).unwrap();
        assert_completes(&server, "damaged");
        assert!(server.json(&["status", "damaged"]).unwrap()["held"].is_null(), "{}", damage.what);
        server.stop().unwrap();
    }
}

#[test]
fn an_instance_that_is_damaged_and_cannot_be_mended_can_be_purged_and_started_anew() {
    for damage in &DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let server = damaged(folder.path(), damage);
        held(&server, damage);
        server.ok(&["purge", "damaged"]).unwrap_or_else(|error| panic!("{}: {error}", damage.what));
        start(&server, "damaged");
        server.ok(&["raise-event", "damaged", "go"]).unwrap();
        assert_completes(&server, "damaged");
        server.stop().unwrap();
    }
}

/// A server on a file in which one of two instances, each with an event to take in, is damaged.
fn damaged(data: &Path, damage: &Damage) -> Server {
    let server = Server::start(data).unwrap();
    server.ok(&["deploy", guest("greeter_v1").unwrap().to_str().unwrap()]).unwrap();
    for id in ["damaged", "healthy"] {
        start(&server, id);
        until(&server, id, |status| status["lastEvent"].as_u64().is_some_and(|last| last > 0));
    }
    server.kill().unwrap();
    // The event is stored, and no turn has taken it in.
    let body = store::codec::encode_message(&engine::Message::RaiseEvent {
        name: "go".to_owned(),
        data: None,
        key: engine::EventKey::from_bytes([7; 16]),
        execution_id: None,
    });
    let connection = Connection::open(data.join("rondo.db")).unwrap();
    connection.execute("INSERT INTO inbox (instance, body) VALUES (1, ?1)", [body]).unwrap();
    drop(connection);
    change(data, damage.done);
    Server::start(data).unwrap()
}

fn start(server: &Server, id: &str) {
    server.ok(&["start", "greet", "--id", id, "--input", "\"you\""]).unwrap();
}

fn change(data: &Path, sql: &str) {
    Connection::open(data.join("rondo.db")).unwrap().execute_batch(sql).unwrap();
}

/// Waits until the instance is held, and answers with why, as people are told.
fn held(server: &Server, damage: &Damage) -> String {
    until(server, "damaged", |status| !status["held"].is_null());
    let status: Value = server.json(&["status", "damaged"]).unwrap();
    assert_eq!(status["held"]["code"], damage.code, "{}: {status}", damage.what);
    let report = status["held"]["message"].as_str().unwrap().to_owned();
    assert!(report.contains("damaged") && report.contains("rondo migrate"), "{}: {report}", damage.what);
    assert!(server.ok(&["status", "damaged"]).unwrap().contains(damage.code), "{}", damage.what);
    // A damaged row is shown as held before the worker has met it, and found as held afterwards.
    until(server, "damaged", |_| server.json(&["list", "--held"]).unwrap().as_array().unwrap().len() == 1);
    report
}

fn assert_completes(server: &Server, id: &str) {
    let waited = server.rondo(&["wait", id, "--timeout", "60s"]).unwrap();
    assert_eq!(waited.code, 0, "{id}: {waited:?}\n{}", server.log());
}
