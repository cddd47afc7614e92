//! Azure Storage for tests: the emulator [`Azurite`], and a [`Proxy`] that makes it misbehave. See the README.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod emulator;
mod endpoints;
mod install;
mod process;
#[cfg(feature = "proxy")]
mod proxy;
mod shared;

pub use emulator::Azurite;
pub use endpoints::{Endpoints, unique_hub};
pub use install::{VERSION, install, is_installed};
#[cfg(feature = "proxy")]
pub use proxy::{
    Fault, Held, Kind, Logged, Operation, Outcome, Proxy, Refusal, Request, Service, Times, Verb, first, nth,
};
pub use shared::shared;
