//! How a task hub looks to people and to programs.

use std::time::Duration;

use api::times;
use engine::Timestamp;
use serde_json::{Value, json};
use store_azure::hub::{HubStatus, InstanceCounts, PartitionStatus, QueueStatus};

use crate::limits::PAYLOAD_CHARS_SHOWN;
use crate::output::cut;
use crate::table;
use crate::units::brief;

/// For programs.
pub(crate) fn json(hub: &str, status: &HubStatus) -> Value {
    let HubStatus { partitions, work_items, instances: InstanceCounts { by_status, is_cut_off } } = status;
    let queue = |queue: &Option<QueueStatus>| {
        queue.map(|QueueStatus { depth, oldest_visible_age }| {
            let age = oldest_visible_age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
            json!({"depth": depth, "oldestVisibleAgeMs": age})
        })
    };
    let partitions = partitions.iter().map(|partition| {
        let PartitionStatus { name, owner, next_owner, expires_at, is_draining, queue: messages } = partition;
        json!({
            "name": name,
            "owner": owner,
            "nextOwner": next_owner,
            "expiresAt": expires_at.map(times::millis),
            "isDraining": is_draining,
            "queue": queue(messages),
        })
    });
    json!({
        "hub": hub,
        "partitions": partitions.collect::<Vec<_>>(),
        "workItems": queue(work_items),
        "instances": {"byStatus": by_status, "isCutOff": is_cut_off},
    })
}

/// For people.
pub(super) fn text(status: &HubStatus, now: Timestamp) -> String {
    let HubStatus { partitions, work_items, instances } = status;
    let row = |partition: &PartitionStatus| {
        let [depth, age] = waiting(partition.queue);
        let name =
            |name: &Option<String>| name.as_deref().map_or("-".to_owned(), |name| cut(name, PAYLOAD_CHARS_SHOWN));
        let PartitionStatus { owner, next_owner, .. } = partition;
        vec![partition.name.clone(), name(owner), name(next_owner), lease(partition, now), depth, age]
    };
    let mut rows: Vec<Vec<String>> = partitions.iter().map(row).collect();
    let [depth, age] = waiting(*work_items);
    rows.push(["work items", "any host", "-", "-"].map(str::to_owned).into_iter().chain([depth, age]).collect());
    let table = table::rows(&["QUEUE", "OWNER", "WANTED BY", "LEASE", "MESSAGES", "OLDEST"], rows, "");
    format!("{table}\n\n{}", counted(instances))
}

fn lease(partition: &PartitionStatus, now: Timestamp) -> String {
    let Some(expires_at) = partition.expires_at.filter(|_| partition.owner.is_some()) else { return "-".to_owned() };
    let left = expires_at.saturating_since(now);
    match (left, partition.is_draining) {
        (Duration::ZERO, _) => format!("over for {}", brief(now.saturating_since(expires_at))),
        (left, true) => format!("{}, draining", brief(left)),
        (left, false) => brief(left),
    }
}

/// How many messages, and the age of the oldest one that waits.
fn waiting(queue: Option<QueueStatus>) -> [String; 2] {
    match queue {
        Some(queue) => [queue.depth.to_string(), queue.oldest_visible_age.map_or_else(|| "-".to_owned(), brief)],
        None => ["missing".to_owned(), "-".to_owned()],
    }
}

fn counted(instances: &InstanceCounts) -> String {
    if instances.by_status.is_empty() {
        return "no instances".to_owned();
    }
    let counts = instances.by_status.iter().map(|(status, count)| format!("{count} {}", cut(status, 30)));
    let counts = counts.collect::<Vec<_>>().join(", ");
    if instances.is_cut_off {
        format!("instances: {counts}, and more that were not counted")
    } else {
        format!("instances: {counts}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

    fn status() -> HubStatus {
        let partition = |number: u8| PartitionStatus {
            name: format!("hub-control-{number:02}"),
            owner: None,
            next_owner: None,
            expires_at: None,
            is_draining: false,
            queue: Some(QueueStatus { depth: 0, oldest_visible_age: None }),
        };
        let draining = PartitionStatus {
            owner: Some("a-01".into()),
            next_owner: Some("b-02".into()),
            expires_at: Some(NOW.saturating_add(Duration::from_secs(21))),
            is_draining: true,
            queue: Some(QueueStatus { depth: 12, oldest_visible_age: Some(Duration::from_secs(90)) }),
            ..partition(0)
        };
        let late = PartitionStatus {
            owner: Some("a-01".into()),
            expires_at: Some(Timestamp::from_millis(NOW.as_millis() - 4_500)),
            queue: None,
            ..partition(1)
        };
        HubStatus {
            partitions: vec![draining, late, partition(2)],
            work_items: Some(QueueStatus { depth: 3, oldest_visible_age: None }),
            instances: InstanceCounts {
                by_status: [("Completed".to_owned(), 9_990), ("Running".to_owned(), 10)].into(),
                is_cut_off: true,
            },
        }
    }

    #[test]
    fn people_see_who_serves_what_and_what_waits() {
        insta::assert_snapshot!(text(&status(), NOW), @r"
        QUEUE           OWNER     WANTED BY  LEASE            MESSAGES  OLDEST
        hub-control-00  a-01      b-02       21.0s, draining  12        1m30s
        hub-control-01  a-01      -          over for 4.5s    missing   -
        hub-control-02  -         -          -                0         -
        work items      any host  -          -                3         -

        instances: 9990 Completed, 10 Running, and more that were not counted
        ");
    }

    #[test]
    fn programs_see_the_same() {
        let json = json("Hub", &status());
        assert_eq!(json["hub"], "Hub");
        assert_eq!(
            json["partitions"][0],
            json!({
                "name": "hub-control-00",
                "owner": "a-01",
                "nextOwner": "b-02",
                "expiresAt": "2030-03-17T17:47:01.000Z",
                "isDraining": true,
                "queue": {"depth": 12, "oldestVisibleAgeMs": 90_000},
            })
        );
        assert_eq!(json["partitions"][1]["queue"], Value::Null);
        assert_eq!(json["partitions"][2]["owner"], Value::Null);
        assert_eq!(json["workItems"], json!({"depth": 3, "oldestVisibleAgeMs": null}));
        assert_eq!(json["instances"], json!({"byStatus": {"Completed": 9_990, "Running": 10}, "isCutOff": true}));
    }

    #[test]
    fn a_hub_without_instances_says_so() {
        assert_eq!(counted(&InstanceCounts::default()), "no instances");
    }
}
