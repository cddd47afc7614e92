//! The activities.

use crate::bindings::rondo::orchestration::types::{ActivityContext, Definition, Failure};
use crate::orchestrations::{allocate, failure, recurse, spin};

type Behaviour = fn(Option<String>, &ActivityContext) -> Result<Option<String>, Failure>;

const ALL: &[(&str, &str, Behaviour)] = &[
    ("echo", "Returns its input.", |input, _| Ok(input)),
    ("context", "Returns what it knows of the call.", |_, context| Ok(Some(describe(context)))),
    ("fail", "Fails.", |_, _| Err(failure("on-purpose"))),
    ("trap", "Panics.", |_, _| panic!("on purpose")),
    ("loop", "Never returns.", |_, _| spin()),
    ("allocate", "Asks for memory until there is none.", |_, _| allocate()),
    ("recurse", "Calls itself without end.", |_, _| Ok(Some(recurse(0).to_string()))),
    ("huge", "Returns 100 MB.", |_, _| Ok(Some("x".repeat(100_000_000)))),
];

pub(crate) fn definitions() -> Vec<Definition> {
    ALL.iter()
        .map(|(name, description, _)| Definition { name: (*name).to_owned(), description: (*description).to_owned() })
        .collect()
}

pub(crate) fn run(name: &str, input: Option<String>, context: &ActivityContext) -> Result<Option<String>, Failure> {
    let (_, _, behaviour) = ALL.iter().find(|entry| entry.0 == name).ok_or_else(|| failure("unknown-name"))?;
    behaviour(input, context)
}

fn describe(context: &ActivityContext) -> String {
    let ActivityContext { instance_id, execution_id, task, attempt } = context;
    format!("{instance_id} {execution_id} {task} {attempt}")
}
