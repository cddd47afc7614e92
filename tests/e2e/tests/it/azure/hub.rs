//! `rondo hub`, as it is typed.

use e2e::{Answer, Server, rondo};
use serde_json::{Value, json};

use super::world::{ACCOUNT, World, deploy, output_of};

/// A command that fails says why in its first line, and then what to do.
fn assert_fails(answer: &Answer, code: i32, words: &[&str]) {
    assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{answer:?}");
    for word in words {
        assert!(answer.stderr.contains(word), "{word:?} is not in:\n{}", answer.stderr);
    }
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.code, 0, "{answer:?}");
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_hub_is_made_looked_at_used_and_deleted() {
    let world = World::new();
    let made = world.hub("create", &["--partitions", "2"]);
    assert_eq!((made.code, made.stderr.as_str()), (0, ""), "{made:?}");
    assert_eq!(made.stdout, format!("task hub {} is there, with 2 partitions\n", world.hub));
    let again = json_of(&world.hub("create", &["--partitions", "2", "--output", "json"]));
    assert_eq!(again, json!({"hub": world.hub, "partitions": 2}));

    let idle = json!({"depth": 0, "oldestVisibleAgeMs": null});
    let free = |number: u8| {
        let name = format!("{}-control-{number:02}", world.hub);
        json!({"name": name, "owner": null, "nextOwner": null, "expiresAt": null, "isDraining": false, "queue": idle})
    };
    let expected = json!({
        "hub": world.hub,
        "partitions": [free(0), free(1)],
        "workItems": idle,
        "instances": {"byStatus": {}, "isCutOff": false},
    });
    assert_eq!(world.status(), expected);
    let table = world.hub("status", &[]);
    assert_eq!(
        columns(&table),
        [
            "QUEUE OWNER WANTED BY LEASE MESSAGES OLDEST".to_owned(),
            format!("{}-control-00 - - - 0 -", world.hub),
            format!("{}-control-01 - - - 0 -", world.hub),
            "work items any host - - 0 -".to_owned(),
            String::new(),
            "no instances".to_owned(),
        ]
    );

    let host = world.host("porter", &[]);
    deploy(&host, "greeter_v1");
    host.ok(&["start", "greet", "--id", "one", "--input", "\"you\""]).unwrap();
    host.ok(&["start", "greet", "--id", "two", "--input", "\"you\""]).unwrap();
    host.ok(&["raise-event", "one", "go"]).unwrap();
    output_of(&host, "one");
    world.until_owners("the host has both", |owners| owners.iter().all(|owner| owner.as_deref() == Some("porter")));
    super::world::until("both instances are counted", || {
        world.status()["instances"]["byStatus"] == json!({"Completed": 1, "Running": 1})
    });
    let lines = columns(&world.hub("status", &[]));
    assert!(lines[1].starts_with(&format!("{}-control-00 porter-", world.hub)), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "instances: 1 Completed, 1 Running");
    host.stop().unwrap();

    assert_fails(&world.hub("delete", &[]), 2, &[&world.hub, "--yes"]);
    let deleted = world.hub("delete", &["--yes"]);
    assert_eq!((deleted.code, deleted.stdout), (0, format!("task hub {} is deleted\n", world.hub)));
    assert_fails(&world.hub("status", &[]), 3, &["there is no such task hub", "rondo hub create"]);
}

/// What was printed, with single spaces.
fn columns(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn deleting_says_so_to_programs_and_twice_is_an_error() {
    let world = World::new();
    json_of(&world.hub("create", &["--partitions", "1", "--output", "json"]));
    let deleted = json_of(&world.hub("delete", &["--yes", "--output", "json"]));
    assert_eq!(deleted, json!({"hub": world.hub, "deleted": true}));
    let again = world.hub("delete", &["--yes"]);
    assert_fails(&again, 3, &["there is no such task hub"]);
}

#[test]
fn the_number_of_partitions_is_fixed() {
    let world = World::new();
    json_of(&world.hub("create", &["--partitions", "2", "--output", "json"]));
    let words = ["the task hub has 2 partitions, not 3", "another hub"];
    assert_fails(&world.hub("create", &["--partitions", "3"]), 7, &words);
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--store", "azure", "--hub", &world.hub, "--partitions", "3"];
    let refused = Server::start_in(folder.path(), &flags, &[(ACCOUNT, &world.account())]).unwrap_err();
    assert!(refused.to_string().contains(words[0]), "{refused}");
    // Without saying how many, a host takes what there is.
    let host = world.host("a", &[]);
    world.until_owners("the host has both", |owners| owners == [Some("a".to_owned()), Some("a".to_owned())]);
    host.stop().unwrap();
}

#[test]
fn a_command_line_that_cannot_be_meant_is_refused_before_anything_is_sent() {
    let no_account = |args: &[&str]| rondo(args, &[(ACCOUNT, "")]).unwrap();
    for verb in ["create", "status"] {
        assert_fails(&no_account(&["hub", verb, "--hub", "Orders"]), 2, &["AZURE_STORAGE_CONNECTION_STRING"]);
    }
    let broken = rondo(&["hub", "status", "--hub", "Orders"], &[(ACCOUNT, "AccountName=orders")]).unwrap();
    assert_fails(&broken, 2, &["AccountKey"]);
    assert_fails(&no_account(&["hub", "status", "--hub", "my-hub"]), 2, &["my-hub", "digits, a letter first"]);
    assert_fails(&no_account(&["hub", "create", "--hub", "Orders", "--partitions", "17"]), 2, &["17", "1..=16"]);
    assert_fails(&no_account(&["hub", "status"]), 2, &["--hub"]);
    assert_fails(&no_account(&["serve", "--store", "azure"]), 2, &["--hub"]);
}

#[test]
fn an_account_that_does_not_answer_is_unreachable() {
    let world = World::new();
    let proxy = world.proxy();
    world.block_on(proxy.down()).unwrap();
    let account = proxy.connection_string();
    let answer = rondo(&["hub", "status", "--hub", &world.hub], &[(ACCOUNT, &account)]).unwrap();
    assert_fails(&answer, 6, &["refused", "cannot be reached"]);
}
