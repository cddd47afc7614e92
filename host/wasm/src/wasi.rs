//! WASI 0.2 as guests get it: virtual for orchestrators, limited by grants for activities.

mod addresses;
mod clocks;
mod exchange;
mod granted;
mod http;
mod interfaces;
mod kept;
mod output;
mod poll;
mod random;
mod streams;
mod virtualized;

pub use granted::ACTIVITY_TARGET;
pub(crate) use granted::Granted;
pub(crate) use http::refuse_bodies;
pub(crate) use interfaces::{Interface, classify};
pub(crate) use output::Line;
pub(crate) use poll::Waits;
pub(crate) use virtualized::{ActivityOnly, Virtual, add_to_linker, trap_activity_only};
