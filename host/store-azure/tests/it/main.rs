//! The backend against an account in this process, and against the emulator.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod conformance_azurite;
mod conformance_fake;
mod crashes;
mod dotnet_clients;
mod faulty;
mod fickle;
mod fixture;
mod handover;
mod host;
mod in_hand;
mod lives;
mod programs;
mod purge_scope;
mod purged;
mod reading;
mod requests;
mod split_brain;
mod starts;
mod switches;
mod terms;
mod two_workers;
mod world;
