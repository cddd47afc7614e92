//! Random numbers of orchestrators: a stream that anybody can draw again.

use engine::ExecutionId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

/// The stream called `purpose` of an execution. The same on every host and after every upgrade, for replay.
pub(super) fn stream(instance: &str, execution: ExecutionId, purpose: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(key(instance, execution, purpose))
}

/// A number for hash tables and the like.
pub(super) fn seed(instance: &str, execution: ExecutionId) -> u128 {
    let key = key(instance, execution, "seed");
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key[..16]);
    u128::from_le_bytes(bytes)
}

fn key(instance: &str, execution: ExecutionId, purpose: &str) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"rondo/1/random/");
    hash.update(purpose);
    // The execution id has a fixed length, so no two executions hash the same bytes.
    hash.update(execution.as_bytes());
    hash.update(instance);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::Rng as _;

    use super::*;

    const EXECUTION: ExecutionId = ExecutionId::from_bytes([7; 16]);

    #[test]
    fn the_streams_never_change() {
        // Golden: other numbers after an upgrade would make orchestrations that drew some nondeterministic.
        let mut numbers = stream("a", EXECUTION, "secure");
        insta::assert_snapshot!(format!("{:x} {:x}", numbers.next_u64(), numbers.next_u64()), @"62be0dab5aab01a7 1bae1374ff8ea573");
        insta::assert_snapshot!(format!("{:x}", seed("a", EXECUTION)), @"5af6b520008054add924f224b33360c8");
    }

    #[test]
    fn no_two_streams_are_alike() {
        let first = |instance, purpose| stream(instance, EXECUTION, purpose).next_u64();
        assert_ne!(first("a", "secure"), first("b", "secure"));
        assert_ne!(first("a", "secure"), first("a", "insecure"));
    }
}
