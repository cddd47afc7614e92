//! Starting orchestrations, waking them, and waiting for their end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use engine::{EventKey, ExecutionId, ExecutionStarted, InstanceId, InstanceState, Message, Payload};
use store::{Client, Clock as _, CreateInstance, ExistingInstance, InstanceRow, SystemClock};

/// Longer than this nothing may take.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

/// Starts an instance whose id ends with `id`, of at most 16 letters.
pub(crate) async fn start(
    client: &(impl Client + ?Sized),
    id: &str,
    orchestration: &str,
    input: String,
) -> Result<InstanceId> {
    let instance_id = instance_id(id)?;
    let start = ExecutionStarted {
        input: Some(Payload::from(input)),
        ..ExecutionStarted::new(execution_id(id), orchestration, SystemClock.now())
    };
    let new = CreateInstance { instance_id: instance_id.clone(), start, existing: ExistingInstance::Refuse };
    client.create(new).await.context("starting an orchestration")?;
    Ok(instance_id)
}

/// The instance that was started with this `id`.
pub(crate) fn instance_id(id: &str) -> Result<InstanceId> {
    InstanceId::new(&format!("bench-{id}")).context("naming an instance")
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

/// How long a `vigil` takes to answer an event: until its turn is durable and the row has changed.
pub(crate) async fn wake(backend: &(impl Client + ?Sized), instance_id: &InstanceId, number: u64) -> Result<Duration> {
    let before = row(backend, instance_id).await?;
    let begun = Instant::now();
    backend.send(instance_id, event(number)).await.context("raising an event")?;
    let mut seen = before.revision;
    loop {
        let changed = tokio::time::timeout(TIMEOUT, backend.changed(instance_id, seen)).await;
        let row = changed.context("an instance does not wake up")??.context("an instance is gone")?;
        if last_event(&row) > last_event(&before) {
            return Ok(begun.elapsed());
        }
        seen = row.revision;
    }
}

/// What a `vigil` waits for; the number tells events apart.
pub(crate) fn event(number: u64) -> Message {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_le_bytes());
    let data = Some(Payload::from("true".to_owned()));
    Message::RaiseEvent { name: "wake".to_owned(), data, key: EventKey::from_bytes(key), execution_id: None }
}

/// What is stored of an instance.
pub(crate) async fn row(backend: &(impl Client + ?Sized), instance_id: &InstanceId) -> Result<InstanceRow> {
    backend.get(instance_id).await?.context("an instance is gone")
}

/// How long its history is.
pub(crate) fn last_event(row: &InstanceRow) -> u64 {
    row.last_event.map_or(0, |event| event.0)
}

fn execution_id(text: &str) -> ExecutionId {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(text.bytes()) {
        *byte = letter;
    }
    ExecutionId::from_bytes(bytes)
}
