//! Where random ids come from: the one place of the host that draws any.

use engine::{EventKey, ExecutionId, InstanceId};

/// A source of 128-bit numbers that never repeat. A simulation hands in one that can be replayed.
pub trait IdSource: Send + Sync + 'static {
    /// The next number.
    fn draw(&self) -> [u8; 16];
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn draw(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("a running host's operating system has randomness");
        bytes
    }
}

/// The execution id of an instance that a client starts.
pub(crate) fn execution_id(source: &dyn IdSource) -> ExecutionId {
    ExecutionId::from_bytes(source.draw())
}

/// The key of an event that a client raises.
pub(crate) fn event_key(source: &dyn IdSource) -> EventKey {
    EventKey::from_bytes(source.draw())
}

/// The id of an instance whose starter did not name it: 32 hex digits, as Durable Functions has it.
pub(crate) fn instance_id(source: &dyn IdSource) -> InstanceId {
    let digits = ExecutionId::from_bytes(source.draw()).to_string();
    InstanceId::new(&digits).expect("hex digits are an id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(RandomIds.draw(), RandomIds.draw());
    }
}
