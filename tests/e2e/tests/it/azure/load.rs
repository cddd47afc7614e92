//! Orchestrations of many shapes whose results are known beforehand.

use e2e::Server;
use serde_json::{Value, json};
use workload::Plan;

use super::world::deploy;

/// The components that the shapes are in.
pub(crate) const COMPONENTS: [&str; 3] = ["workload", "greeter_v1", "sub_orchestrations"];

/// One instance to be.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    orchestration: &'static str,
    input: Value,
    /// The event it waits for.
    pub(crate) event: Option<&'static str>,
    /// What must come out of it.
    pub(crate) output: Value,
}

/// So many of each of five shapes, by turns.
pub(crate) fn jobs(of_each: u64) -> Vec<Job> {
    let shapes: [fn(u64) -> Job; 5] = [greet, sequence, fan_out, fulfil, mixed];
    (0..of_each).flat_map(|number| shapes.map(|shape| shape(number))).collect()
}

/// Waits for an event from outside.
fn greet(number: u64) -> Job {
    Job {
        id: format!("greet-{number}"),
        orchestration: "greet",
        input: json!(format!("guest {number}")),
        event: Some("go"),
        output: json!(format!("hello guest {number} from the first version")),
    }
}

/// One activity after another.
fn sequence(number: u64) -> Job {
    let length = 5 + number % 5;
    let id = format!("sequence-{number}");
    Job { id, orchestration: "sequence", input: json!(length), event: None, output: json!(length) }
}

/// All activities at once.
fn fan_out(number: u64) -> Job {
    let width = 5 + number % 20;
    Job {
        id: format!("fan-{number}"),
        orchestration: "fan_out",
        input: json!(width),
        event: None,
        output: json!(width),
    }
}

/// Two children.
fn fulfil(number: u64) -> Job {
    let pieces = [1 + number, 2];
    let warehouses = ["north", "south"];
    let line = |at: usize| json!({"sku": "cup", "quantity": pieces[at], "warehouse": warehouses[at]});
    let parcel =
        |at: usize| json!({"warehouse": warehouses[at], "pieces": pieces[at], "weight_g": 200 + 350 * pieces[at]});
    Job {
        id: format!("fulfil-{number}"),
        orchestration: "fulfil",
        input: json!({"id": format!("A-{number}"), "lines": [line(0), line(1)]}),
        event: None,
        output: json!([parcel(0), parcel(1)]),
    }
}

/// Everything, continue-as-new and a pause included.
pub(crate) fn mixed(number: u64) -> Job {
    let plan = Plan { seed: number, rounds: 1, pause_ms: 1_500 };
    Job {
        id: format!("mixed-{number}"),
        orchestration: "mixed",
        input: serde_json::to_value(plan).unwrap(),
        event: None,
        output: json!(workload::expected(plan)),
    }
}

/// Deploys what the jobs need.
pub(crate) fn deploy_components(host: &Server) {
    for component in COMPONENTS {
        deploy(host, component);
    }
}

impl Job {
    /// Starts it through a host, as a program does.
    pub(crate) fn start(&self, host: &Server) {
        let path = format!("orchestrators/{}/{}", self.orchestration, self.id);
        let answer = post(host, &path, &self.input);
        assert_eq!(answer, 202, "{}", self.id);
    }

    /// Raises what it waits for, if it does.
    pub(crate) fn raise(&self, host: &Server) {
        if let Some(event) = self.event {
            let answer = post(host, &format!("instances/{}/raiseEvent/{event}", self.id), &Value::Null);
            assert_eq!(answer, 202, "{}", self.id);
        }
    }
}

fn post(host: &Server, path: &str, body: &Value) -> u16 {
    let url = format!("{}/runtime/webhooks/durabletask/{path}", host.url());
    let answer = ureq::post(url).header("content-type", "application/json").send(body.to_string());
    answer.unwrap_or_else(|error| panic!("{path}: {error}\n{}", host.log())).status().as_u16()
}
