//! Generated from the files in `wit/`: the vocabulary, and what a component exports.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

/// The world of components that orchestrate, and the types of all worlds.
pub mod orchestrations {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "orchestrations",
        additional_derives: [PartialEq],
        generate_unused_types: true,
        pub_export_macro: true,
        export_macro_name: "export_orchestrations",
    });
}

/// The world of components that do work.
pub mod activities {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "activities",
        with: { "rondo:orchestration/types@0.1.0": crate::bindings::orchestrations::rondo::orchestration::types },
        pub_export_macro: true,
        export_macro_name: "export_activities",
    });
}

pub use orchestrations::rondo::orchestration::types;
