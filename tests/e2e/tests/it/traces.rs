//! Spans of real hosts: one orchestration is one trace, across restarts and hosts.

mod collector;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use e2e::{Server, guest};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use workload::Plan;

use self::collector::Collector;
use crate::azure::world::{ACCOUNT, World, until};

/// Two rounds of `mixed`: three generations, sixteen activities, and two children with one each. A round waits so long
/// at its end that a host can be killed there.
const PLAN: Plan = Plan { seed: 7, rounds: 2, pause_ms: 3_000 };

/// Activities of one round, that of its child included.
const ACTIVITIES: usize = 9;

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn deploy(server: &Server) {
    server.ok(&["deploy", guest("workload").unwrap().to_str().unwrap()]).unwrap();
}

/// Starts `mixed` as somebody who traces.
fn start(server: &Server, id: &str, traceparent: Option<&str>) {
    let url = format!("{}/runtime/webhooks/durabletask/orchestrators/mixed/{id}", server.url());
    let mut request = ureq::post(&url).header("content-type", "application/json");
    if let Some(traceparent) = traceparent {
        request = request.header("traceparent", traceparent).header("tracestate", "shop=1");
    }
    assert_eq!(request.send(json!(PLAN).to_string()).unwrap().status(), 202);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// All spans of one `mixed`: in one trace, no id twice, each below whatever started it. Answers the trace's id, and the
/// parent of the first generation.
fn check(spans: &[Span]) -> (String, String) {
    let traces: BTreeSet<_> = spans.iter().map(|span| hex(&span.trace_id)).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (hex(&span.span_id), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "a span was sent twice");

    let mut generations = named(spans, "orchestration:mixed");
    generations.sort_by_key(|span| span.start_time_unix_nano);
    assert_eq!(generations.len(), 3);
    let first = generations[0];
    let above = if first.parent_span_id.is_empty() { &first.span_id } else { &first.parent_span_id };
    assert!(generations[1..].iter().all(|span| span.parent_span_id == *above), "{generations:?}");

    let parent = |span: &Span| by_id.get(&hex(&span.parent_span_id)).map(|span| span.name.clone());
    for leaf in named(spans, "orchestration:leaf") {
        assert_eq!(parent(leaf).as_deref(), Some("orchestration:mixed"));
    }
    let activities = named(spans, "activity:mix");
    let of_leaves = activities.iter().filter(|span| parent(span).as_deref() == Some("orchestration:leaf")).count();
    let of_mixed = activities.iter().filter(|span| parent(span).as_deref() == Some("orchestration:mixed")).count();
    assert_eq!((of_mixed, of_leaves), (2 * (ACTIVITIES - 1), 2));
    for span in spans {
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
        let known = by_id.contains_key(&hex(&span.parent_span_id)) || span.parent_span_id == first.parent_span_id;
        assert!(known, "part of nothing: {span:?}");
    }
    let text = |span: &Span, key: &str| {
        let attribute = span.attributes.iter().find(|attribute| attribute.key == key).unwrap();
        format!("{:?}", attribute.value)
    };
    assert!(text(generations[2], "durabletask.task.status").contains("Completed"));
    assert!(text(first, "durabletask.task.status").contains("ContinuedAsNew"));
    (traces.into_iter().next().unwrap(), hex(&first.parent_span_id))
}

/// All that a whole `mixed` sends.
fn is_complete(collector: &Collector) -> bool {
    collector.count("orchestration:mixed") >= 3
        && collector.count("orchestration:leaf") >= 2
        && collector.count("activity:mix") >= 2 * ACTIVITIES
}

#[test]
fn an_orchestration_is_one_trace_across_a_kill_and_part_of_its_caller() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let server = Server::start_in(folder.path(), &[], &collector.environment()).unwrap();
    deploy(&server);
    start(&server, "a", Some(CALLER));
    // The first round has told all that it has to tell before its end, and waits.
    until("the first round is told", || {
        collector.count("activity:mix") == ACTIVITIES && collector.count("orchestration:leaf") == 1
    });
    server.kill().unwrap();
    let server = Server::start_in(folder.path(), &[], &collector.environment()).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    until("everything is told", || is_complete(&collector));
    // What is still on the way is sent when a host stops.
    server.stop().unwrap();
    let (trace, parent) = check(&collector.spans());
    assert_eq!(format!("00-{trace}-{parent}-01"), CALLER);
    assert!(collector.spans().iter().all(|span| span.trace_state == "shop=1"));
    assert!(collector.services_of("activity:mix").iter().all(|service| service == "rondo"));
}

#[test]
fn without_a_caller_the_trace_begins_with_the_orchestration() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let server = Server::start_in(folder.path(), &[], &collector.environment()).unwrap();
    deploy(&server);
    start(&server, "a", None);
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    server.stop().unwrap();
    assert!(is_complete(&collector), "a stop sends what waits");
    let (_, parent) = check(&collector.spans());
    assert_eq!(parent, "");
}

#[test]
fn who_does_not_want_a_trace_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let server = Server::start_in(folder.path(), &[], &collector.environment()).unwrap();
    deploy(&server);
    server.ok(&["start", "sequence", "--id", "seen", "--input", "2", "--wait"]).unwrap();
    let unsampled = CALLER.replace("-01", "-00");
    start(&server, "a", Some(&unsampled));
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    server.stop().unwrap();
    assert_eq!((collector.count("orchestration:sequence"), collector.count("orchestration:mixed")), (1, 0));
}

#[test]
fn hosts_that_share_a_hub_tell_one_trace() {
    let world = World::new();
    let collector = Collector::start();
    let account = world.account();
    let host = |name: &str| {
        let named = [(ACCOUNT, account.as_str()), ("OTEL_SERVICE_NAME", name)];
        world.host_in(name, &["--lease", "3s"], &[&collector.environment()[..], &named].concat())
    };
    let north = host("north");
    let south = host("south");
    deploy(&north);
    start(&north, "a", Some(CALLER));
    until("the first round is told", || {
        collector.count("activity:mix") == ACTIVITIES && collector.count("orchestration:leaf") == 1
    });
    // Who has the orchestration runs its activities. That one dies, and the other one goes on.
    let tellers = collector.services_of("activity:mix");
    let is_north = tellers.iter().filter(|service| *service == "north").count() > ACTIVITIES / 2;
    let (owner, other) = if is_north { (north, south) } else { (south, north) };
    owner.kill().unwrap();
    other.ok(&["wait", "a", "--timeout", "120s"]).unwrap();
    until("everything is told", || is_complete(&collector));
    other.stop().unwrap();
    let (trace, parent) = check(&collector.spans());
    assert_eq!(format!("00-{trace}-{parent}-01"), CALLER);
    let tellers: BTreeSet<_> = collector.services_of("activity:mix").into_iter().collect();
    assert_eq!(tellers.iter().map(String::as_str).collect::<Vec<_>>(), ["north", "south"]);
}
