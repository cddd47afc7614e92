//! Generated from the files in `wit/`: how to call guests.
//!
//! The one call that matters for speed, `run` of an orchestrator, goes through [`crate::wire`] instead.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

pub use orchestrations::rondo::orchestration::types;

/// Components that orchestrate, and the types of all components.
pub mod orchestrations {
    wasmtime::component::bindgen!({ path: "../../wit", world: "orchestrations" });
}

/// Components that do work.
pub mod activities {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "activities",
        with: { "rondo:orchestration/types": crate::bindings::types },
        // `describe` stays synchronous: it is called at deployment, in the engine for orchestrators.
        exports: { "rondo:orchestration/activity.run": async },
    });
}
