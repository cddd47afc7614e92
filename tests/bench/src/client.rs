//! Starting orchestrations, and waiting for their end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::{ExecutionId, ExecutionStarted, InstanceId, InstanceState, Payload};
use store::{Client, Clock as _, CreateInstance, ExistingInstance, SystemClock};

/// Longer than this nothing may take.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

/// Starts an instance whose id ends with `id`, of at most 16 letters.
pub(crate) async fn start(
    client: &(impl Client + ?Sized),
    id: &str,
    orchestration: &str,
    input: String,
) -> Result<InstanceId> {
    let instance_id = InstanceId::new(&format!("bench-{id}"))?;
    let start = ExecutionStarted {
        execution_id: execution_id(id),
        name: orchestration.to_owned(),
        version: None,
        input: Some(Payload::from(input)),
        tags: BTreeMap::new(),
        parent: None,
        scheduled_start: None,
        created_at: SystemClock.now(),
        component: None,
        generation: 0,
        trace_context: None,
    };
    let new = CreateInstance { instance_id: instance_id.clone(), start, existing: ExistingInstance::Refuse };
    client.create(new).await.context("starting an orchestration")?;
    Ok(instance_id)
}

/// Waits until an instance has ended.
pub(crate) async fn end(client: &(impl Client + ?Sized), instance_id: &InstanceId) -> Result<InstanceState> {
    let mut seen = 0;
    loop {
        let changed = tokio::time::timeout(TIMEOUT, client.changed(instance_id, seen)).await;
        let row = changed.context("an orchestration does not end")??.context("an orchestration is gone")?;
        if row.state.status.is_terminal() {
            return Ok(row.state);
        }
        seen = row.revision;
    }
}

fn execution_id(text: &str) -> ExecutionId {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    ExecutionId::from_bytes(bytes)
}
