//! The orchestrations, by what they are about.

pub(crate) mod calls;
pub(crate) mod children;
pub(crate) mod failures;
pub(crate) mod instance;
pub(crate) mod relay;
pub(crate) mod values;
pub(crate) mod waits;
