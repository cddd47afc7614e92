//! How instances and components look to people.

use std::time::Duration;

use api::dto::{Component, InstanceStatus};
use serde_json::value::RawValue;

use crate::limits::PAYLOAD_CHARS_SHOWN;
use crate::output::cut;
use crate::table;
use crate::units::{brief, brief_bytes};

/// The digits of a digest that people compare; the server takes them for the whole.
pub(crate) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Where an instance stands, in a word or two.
pub(crate) fn standing(status: &InstanceStatus) -> String {
    match &status.held {
        Some(held) => format!("{} (held: {})", status.runtime_status, held.code),
        None => status.runtime_status.clone(),
    }
}

/// Everything about one instance.
pub(crate) fn status(status: &InstanceStatus) -> String {
    let value = |value: &Option<Box<RawValue>>| value.as_ref().map(|value| printable(value.get()));
    let failure = status.failure.as_ref();
    let tags = (!status.tags.is_empty()).then(|| {
        let tags: Vec<String> = status.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        printable(&tags.join(" "))
    });
    // A failure says more than the output that stands for it.
    let output = if failure.is_some() { None } else { value(&status.output) };
    table::pairs(vec![
        ("instance", Some(status.instance_id.clone())),
        ("orchestration", Some(printable(&status.name))),
        ("status", Some(standing(status))),
        ("held because", status.held.as_ref().map(|held| printable(&held.message))),
        ("input", value(&status.input)),
        ("custom status", value(&status.custom_status)),
        ("output", output),
        ("failure", failure.map(|failure| printable(&format!("{}: {}", failure.kind, failure.message)))),
        ("details", failure.and_then(|failure| value(&failure.details))),
        ("version", status.version.as_deref().map(printable)),
        ("tags", tags),
        ("parent", status.parent.as_ref().map(|parent| format!("{} ({})", parent.instance_id, parent.name))),
        ("component", status.component.as_deref().map(|digest| short_digest(digest).to_owned())),
        ("created", Some(status.created_time.clone())),
        ("may begin", status.scheduled_start.clone()),
        ("goes on", status.wake_time.clone()),
        ("ended", status.completed_time.clone()),
        (if status.is_ended() { "took" } else { "so far" }, Some(brief(Duration::from_millis(status.elapsed_ms)))),
        ("events", status.last_event.map(|last| last.to_string())),
        ("generation", (status.generation > 0).then(|| status.generation.to_string())),
    ])
}

/// Many instances, one a line.
pub(crate) fn list(statuses: &[InstanceStatus]) -> String {
    let rows = statuses
        .iter()
        .map(|status| {
            vec![
                status.instance_id.clone(),
                cut(&status.name, PAYLOAD_CHARS_SHOWN),
                standing(status),
                status.created_time.clone(),
                brief(Duration::from_millis(status.elapsed_ms)),
            ]
        })
        .collect();
    table::rows(&["INSTANCE", "ORCHESTRATION", "STATUS", "CREATED", "TOOK"], rows, "no instances")
}

/// Components, one a line.
pub(crate) fn components(components: &[Component]) -> String {
    let names = |names: &[String]| cut(&names.join(", "), PAYLOAD_CHARS_SHOWN);
    let rows = components
        .iter()
        .map(|component| {
            vec![
                short_digest(&component.digest).to_owned(),
                cut(&component.name, PAYLOAD_CHARS_SHOWN),
                brief_bytes(component.bytes),
                component.deployed_time.clone(),
                names(&component.orchestrations),
                names(&component.activities),
            ]
        })
        .collect();
    table::rows(
        &["DIGEST", "NAME", "SIZE", "DEPLOYED", "ORCHESTRATIONS", "ACTIVITIES"],
        rows,
        "nothing is deployed yet; `rondo deploy FILE.wasm` does it",
    )
}

/// A text that cannot play with the terminal, whatever a guest put into it.
fn printable(text: &str) -> String {
    cut(text, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
        serde_json::from_str(text).unwrap()
    }

    const RUNNING: &str = r#"{"name":"order","instanceId":"a-1","runtimeStatus":"Running","input":{"id":7},
        "customStatus":"half","output":null,"createdTime":"2030-01-01T00:00:00Z",
        "lastUpdatedTime":"2030-01-01T00:00:01Z","executionId":"01","generation":0,"elapsedMs":1250,"revision":3,
        "component":"abababababababab","wakeTime":"2030-01-01T01:00:00.000Z","lastEvent":5}"#;

    const FAILED: &str = r#"{"name":"order","instanceId":"a-2","runtimeStatus":"Failed","input":null,
        "customStatus":null,"output":"no money","createdTime":"2030-01-01T00:00:00Z",
        "lastUpdatedTime":"2030-01-01T00:00:01Z","executionId":"01","generation":2,"elapsedMs":61000,"revision":3,
        "tags":{"team":"x"},"failure":{"kind":"card-declined","message":"no money","nonRetriable":false},
        "completedTime":"2030-01-01T00:01:01.000Z"}"#;

    const HELD: &str = r#"{"name":"order","instanceId":"a-3","runtimeStatus":"Running","input":null,
        "customStatus":null,"output":null,"createdTime":"2030-01-01T00:00:00Z",
        "lastUpdatedTime":"2030-01-01T00:00:01Z","executionId":"01","generation":0,"elapsedMs":5,"revision":3,
        "held":{"code":"nondeterminism","message":"deploy matching code","since":"2030-01-01T00:00:01.000Z"}}"#;

    #[test]
    fn a_running_instance_shows_where_it_stands() {
        insta::assert_snapshot!(status(&parse(RUNNING)), @r#"
        instance       a-1
        orchestration  order
        status         Running
        input          {"id":7}
        custom status  "half"
        component      abababababab
        created        2030-01-01T00:00:00Z
        goes on        2030-01-01T01:00:00.000Z
        so far         1.2s
        events         5
        "#);
    }

    #[test]
    fn a_failed_instance_shows_why() {
        insta::assert_snapshot!(status(&parse(FAILED)), @r"
        instance       a-2
        orchestration  order
        status         Failed
        failure        card-declined: no money
        tags           team=x
        created        2030-01-01T00:00:00Z
        ended          2030-01-01T00:01:01.000Z
        took           1m01s
        generation     2
        ");
    }

    #[test]
    fn a_held_instance_shows_what_to_do() {
        insta::assert_snapshot!(status(&parse(HELD)), @r"
        instance       a-3
        orchestration  order
        status         Running (held: nondeterminism)
        held because   deploy matching code
        created        2030-01-01T00:00:00Z
        so far         5ms
        ");
    }

    #[test]
    fn a_list_has_one_line_for_each() {
        insta::assert_snapshot!(list(&[parse(RUNNING), parse(FAILED), parse(HELD)]), @r"
        INSTANCE  ORCHESTRATION  STATUS                          CREATED               TOOK
        a-1       order          Running                         2030-01-01T00:00:00Z  1.2s
        a-2       order          Failed                          2030-01-01T00:00:00Z  1m01s
        a-3       order          Running (held: nondeterminism)  2030-01-01T00:00:00Z  5ms
        ");
    }

    #[test]
    fn components_are_listed_with_what_they_offer() {
        let component = parse(
            r#"{"digest":"cdcdcdcdcdcdcdcd","name":"shop","bytes":1572864,"deployedTime":"2030-01-01T00:00:00.000Z",
            "orchestrations":["order","refund"],"activities":[],"grants":{}}"#,
        );
        insta::assert_snapshot!(components(&[component]), @r"
        DIGEST        NAME  SIZE     DEPLOYED                  ORCHESTRATIONS  ACTIVITIES
        cdcdcdcdcdcd  shop  1.5 MiB  2030-01-01T00:00:00.000Z  order, refund
        ");
    }
}
