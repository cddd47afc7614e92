//! The HTTP surface: the Durable Functions management calls, and what Rondo adds under `/rondo/`.
//!
//! Translates requests into calls of the storage contract and its answers into JSON. It runs nothing: what becomes of a
//! deployed file is the business of a [`Deployer`], and the worker is not known here. Errors of every kind become
//! problem documents in one place, `problem.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod answers;
mod bodies;
mod caller;
mod catalog;
mod deployer;
pub mod dto;
mod extract;
mod follow;
mod guard;
mod hub;
mod ids;
mod journal;
pub mod limits;
mod openapi;
mod params;
mod paths;
mod problem;
mod public_url;
mod readiness;
mod router;
mod routes;
mod task_hub;
#[cfg(test)]
mod testing;
pub mod times;
mod tree;

pub use deployer::{DeployError, Deployer, Upload};
pub use guard::{ClientAddress, Guard, KeyError, Keys};
pub use hub::{HubFacts, HubView};
pub use ids::{IdSource, RandomIds};
pub use problem::{Problem, ProblemDocument};
pub use public_url::{InvalidPublicUrl, PublicUrl};
pub use readiness::{Phase, Readiness};
pub use router::{Api, Scheme, document, router};
pub use routes::health::is_health;
pub use task_hub::TaskHub;
