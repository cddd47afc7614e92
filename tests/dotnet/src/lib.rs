//! A double of the clients of DurableTask for .NET: what they do to an account of Azure Storage, request by request.
//!
//! It knows nothing of Rondo: where messages go and what keys are called is worked out here once more, as those clients do.

mod client;
mod placement;

pub use client::{Creation, DotNet, DotNetError};
pub use placement::{instance_of, partition_key};
