//! Guests that misbehave on purpose, and a few that do not.
//!
//! One component with many orchestrations and activities, each named after what it does to its host. It uses no SDK,
//! because an SDK exists to make most of this impossible.

mod activities;
mod orchestrations;

use std::cell::RefCell;

use bindings::exports::rondo::orchestration::{activity, orchestrator};
use bindings::rondo::orchestration::types::{Action, ActivityContext, Definition, Execution, Failure, Turn};
use orchestrations::Orchestration;

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "application" });

    use super::Component;
    export!(Component);
}

struct Component;

thread_local! {
    /// The one execution of this guest.
    static CURRENT: RefCell<Option<Orchestration>> = const { RefCell::new(None) };
}

impl orchestrator::Guest for Component {
    fn describe() -> Vec<Definition> {
        orchestrations::definitions()
    }

    fn start(execution: Execution) -> Result<(), Failure> {
        let orchestration = Orchestration::start(execution)?;
        CURRENT.with(|current| *current.borrow_mut() = Some(orchestration));
        Ok(())
    }

    fn run(turns: Vec<Turn>) -> Vec<Vec<Action>> {
        CURRENT.with(|current| current.borrow_mut().as_mut().expect("start comes first").run(&turns))
    }
}

impl activity::Guest for Component {
    fn describe() -> Vec<Definition> {
        activities::definitions()
    }

    fn run(name: String, input: Option<String>, context: ActivityContext) -> Result<Option<String>, Failure> {
        activities::run(&name, input, &context)
    }
}
