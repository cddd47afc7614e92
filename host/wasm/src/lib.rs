//! Runs guests: WebAssembly components as orchestrators and activities.
//!
//! [`Engines`] turn a file into a [`LoadedComponent`], or into reasons why not that a person can act on. A loaded
//! component makes guests: orchestrators that live between calls and depend on nothing, activities that live for one
//! attempt and reach what was granted. Whatever a guest does, it harms only itself. This crate knows nothing of storage.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod activity;
mod bindings;
mod cache;
mod ceiling;
mod compiler;
mod component;
mod componentize;
mod config;
mod convert;
mod describe;
mod engines;
mod error;
mod failure;
mod file;
mod grants;
mod host_pattern;
mod inspection;
mod limiter;
pub mod limits;
mod load;
mod meter;
mod options;
mod orchestrator;
mod reasons;
mod ticker;
mod wasi;
mod wire;

pub use ceiling::{Ceiling, CeilingError, DirCeiling, HostCeiling};
pub use compiler::{Compiler, CompilerLimits, compile};
pub use component::LoadedComponent;
pub use componentize::{WIT, componentize};
pub use engines::Engines;
pub use error::{LoadError, SetupError};
pub use grants::{DirGrant, Grants, GrantsError};
pub use inspection::{Definition, FileKind, Inspection, Reason};
pub use options::Options;
pub use wasi::ACTIVITY_TARGET;
