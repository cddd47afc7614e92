//! Orchestrations of many shapes whose ends are known beforehand.

use e2e::guest;
use serde_json::{Value, json};
use workload::Plan;

use anyhow::Result;

/// The components that the shapes are in. Where two offer the same name, the later one counts.
const COMPONENTS: [&str; 8] =
    ["guests", "chaining", "fan_out", "saga", "monitor", "greeter_v1", "sub_orchestrations", "workload"];

/// The files to deploy, in this order.
pub(crate) fn components() -> Result<Vec<std::path::PathBuf>> {
    COMPONENTS.iter().map(|name| guest(name)).collect()
}

/// What a client does beside starting it and waiting for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Nothing.
    Wait,
    /// Raises the event that it waits for.
    Raise { event: &'static str, data: Option<bool> },
    /// Suspends it, raises the event that it waits for, and resumes it.
    Suspend { event: &'static str, data: Option<bool> },
    /// Terminates it.
    Terminate,
}

/// How it must end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// With this output.
    Completed(Value),
    /// With a failure of this kind.
    Failed(&'static str),
    /// By a client.
    Terminated,
}

/// One instance to be.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) orchestration: &'static str,
    pub(crate) input: Value,
    pub(crate) script: Script,
    pub(crate) end: End,
}

type Shape = fn(u64) -> Job;

/// One after another, so that every run has all of them from its first seconds on.
const SHAPES: [Shape; 14] = [
    mixed, sequence, greet, fan_out, fulfil, suspended, nap, terminated, failing, large, trip, watch, parent, trapping,
];

/// The job of that number.
pub(crate) fn job(number: u64) -> Job {
    let count = SHAPES.len() as u64;
    SHAPES[usize::try_from(number % count).unwrap_or_default()](number)
}

/// Those of them that are all turns: for measures, not for faults.
pub(crate) fn steady(number: u64) -> Job {
    const STEADY: [Shape; 6] = [mixed, long_sequence, fan_out, fulfil, parent, long_sequence];
    STEADY[usize::try_from(number % 6).unwrap_or_default()](number)
}

fn plain(name: &str, number: u64, orchestration: &'static str, input: Value, output: Value) -> Job {
    let id = format!("{name}-{number}");
    Job { id, orchestration, input, script: Script::Wait, end: End::Completed(output) }
}

/// Everything, continue-as-new and a pause included.
fn mixed(number: u64) -> Job {
    let plan = Plan { seed: number, rounds: 3, pause_ms: 300 };
    plain("mixed", number, "mixed", json!(plan), json!(workload::expected(plan)))
}

/// One activity after another.
fn sequence(number: u64) -> Job {
    let length = 5 + number % 10;
    plain("sequence", number, "sequence", json!(length), json!(length))
}

fn long_sequence(number: u64) -> Job {
    plain("long", number, "sequence", json!(100), json!(100))
}

/// Activities side by side.
fn fan_out(number: u64) -> Job {
    let width = 5 + number % 30;
    plain("fan", number, "fan_out", json!(width), json!(width))
}

/// A child that runs activities.
fn parent(number: u64) -> Job {
    let length = 2 + number % 4;
    plain("parent", number, "parent", json!(length), json!(length))
}

/// A timer.
fn nap(number: u64) -> Job {
    let ms = 100 + number % 3_000;
    plain("nap", number, "nap", json!(ms), json!(ms))
}

/// Two children.
fn fulfil(number: u64) -> Job {
    let pieces = [1 + number % 9, 2];
    let warehouses = ["north", "south"];
    let line = |at: usize| json!({"sku": "cup", "quantity": pieces[at], "warehouse": warehouses[at]});
    let parcel =
        |at: usize| json!({"warehouse": warehouses[at], "pieces": pieces[at], "weight_g": 200 + 350 * pieces[at]});
    let input = json!({"id": format!("A-{number}"), "lines": [line(0), line(1)]});
    plain("fulfil", number, "fulfil", input, json!([parcel(0), parcel(1)]))
}

/// An activity that fails, and what was done before is undone.
fn trip(number: u64) -> Job {
    let input = json!({"traveller": "Lee", "city": "Oslo", "nights": 3, "car": "convertible"});
    let output = json!({
        "status": "rolled-back",
        "reason": "sold-out",
        "undone": [
            {"what": "3 nights in Oslo", "number": "HO691"},
            {"what": "flight to Oslo", "number": "FL691"},
        ],
    });
    plain("trip", number, "trip", input, output)
}

/// Activities and timers by turns, with continue-as-new.
fn watch(number: u64) -> Job {
    let input = json!({"host": "shop.example", "valid_days": 18, "warn_days": 14, "day_ms": 50});
    let output = json!({"message": "the certificate of shop.example expires in 14 days", "checks": 5});
    plain("watch", number, "watch", input, output)
}

/// Payloads that do not fit a row.
fn large(number: u64) -> Job {
    let text = format!("{number} ").repeat(15_000);
    plain("large", number, "chain", json!(text), json!(text))
}

/// An event from a client.
fn greet(number: u64) -> Job {
    let output = json!(format!("hello guest {number} from the first version"));
    let job = plain("greet", number, "greet", json!(format!("guest {number}")), output);
    Job { script: Script::Raise { event: "go", data: None }, ..job }
}

/// An event while it is suspended.
fn suspended(number: u64) -> Job {
    let job = plain("suspended", number, "vigil", json!(2), json!(2));
    Job { script: Script::Suspend { event: "wake", data: Some(false) }, ..job }
}

fn terminated(number: u64) -> Job {
    let job = plain("terminated", number, "vigil", json!(2), Value::Null);
    Job { script: Script::Terminate, end: End::Terminated, ..job }
}

fn failing(number: u64) -> Job {
    Job { end: End::Failed("on-purpose"), ..plain("failing", number, "fail", Value::Null, Value::Null) }
}

fn trapping(number: u64) -> Job {
    Job { end: End::Failed("trap"), ..plain("trapping", number, "trap-later", Value::Null, Value::Null) }
}
