//! The log as programs read it.

use e2e::{Server, guest};
use serde_json::Value;

/// Activities that the orchestration runs, one after another.
const ACTIVITIES: u64 = 4;

/// Runs an orchestration on a host that logs as it is told, and answers with what was logged.
fn log_of_a_run(flags: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), flags, environment).unwrap();
    server.ok(&["deploy", guest("workload").unwrap().to_str().unwrap()]).unwrap();
    let digest = server.json(&["components"]).unwrap()[0]["digest"].as_str().unwrap().to_owned();
    server.ok(&["start", "sequence", "--id", "order-4711", "--input", &ACTIVITIES.to_string()]).unwrap();
    server.ok(&["wait", "order-4711", "--timeout", "60s"]).unwrap();
    server.stop().unwrap();
    (std::fs::read_to_string(folder.path().join("serve.log")).unwrap(), digest)
}

fn parsed(log: &str) -> Vec<Value> {
    log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_life_of_an_instance_is_logged_in_fields() {
    let (log, digest) = log_of_a_run(&["--log-format", "json"], &[]);
    let lines = parsed(&log);
    let about: Vec<_> = lines.iter().filter(|line| line.to_string().contains("order-4711")).collect();
    for line in &about {
        assert_eq!(line["instance_id"], "order-4711", "{line}");
        assert!(!line["message"].as_str().unwrap().contains("order-4711"), "{line}");
        assert_eq!(line["component"], *digest, "{line}");
        assert_eq!(line["orchestration"], "sequence", "{line}");
        assert_eq!(line["level"], "INFO", "{line}");
        assert_eq!(line["execution_id"], about[0]["execution_id"], "{line}");
    }
    let statuses: Vec<_> = about.iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["Running", "Completed"]);
}

#[test]
fn every_turn_is_logged_at_debug_and_the_variables_say_how() {
    let (log, _) = log_of_a_run(&[], &[("RONDO_LOG", "debug"), ("RONDO_LOG_FORMAT", "json")]);
    let lines = parsed(&log);
    let turns: Vec<_> = lines.iter().filter(|line| line["message"] == "turn committed").collect();
    assert_eq!(turns.len() as u64, ACTIVITIES + 1);
    for line in lines.iter().filter(|line| line.to_string().contains("order-4711")) {
        let instance_id =
            if line["instance_id"].is_null() { &line["span"]["instance_id"] } else { &line["instance_id"] };
        assert_eq!(instance_id, "order-4711", "{line}");
    }
}
