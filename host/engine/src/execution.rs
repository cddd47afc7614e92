//! What an execution is told about itself.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{ExecutionId, InstanceId, Payload, TaskId};

/// What a guest knows of itself; handed to `start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The user's id.
    pub instance_id: InstanceId,
    /// This generation.
    pub execution_id: ExecutionId,
    /// The orchestration's name.
    pub name: String,
    /// The version text that was asked for.
    pub version: Option<String>,
    /// The input.
    pub input: Option<Payload>,
    /// Sorted by key.
    pub tags: BTreeMap<String, String>,
    /// Who waits for the result.
    pub parent: Option<Parent>,
}

/// The execution that started this one and waits for its result. Persisted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Parent {
    /// The parent's instance.
    #[n(0)]
    pub instance_id: InstanceId,
    /// The parent's execution; a result for another one is dropped.
    #[n(1)]
    pub execution_id: ExecutionId,
    /// The parent's orchestration name.
    #[n(2)]
    pub name: String,
    /// The parent's task that this child settles.
    #[n(3)]
    pub task: TaskId,
    /// Which attempt of that task this is, from 1.
    #[n(4)]
    pub attempt: u32,
}
