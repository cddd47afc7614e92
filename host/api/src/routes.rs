//! The handlers, one file for each noun.

pub(crate) mod components;
pub(crate) mod control;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod hub;
pub(crate) mod instances;
pub(crate) mod metrics;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod restart;
pub(crate) mod start;
pub(crate) mod stream;
pub(crate) mod wait;
