//! The same binary on Azure Storage: many processes, one task hub, on the emulator.

mod damage;
mod examples;
mod gate;
mod hub;
mod kill;
mod load;
mod outage;
pub(crate) mod rows;
mod sharing;
mod split_brain;
pub(crate) mod world;
