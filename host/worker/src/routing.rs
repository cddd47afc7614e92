//! Which shard an instance belongs to.

use engine::InstanceId;

/// The shard of an instance, of `shards`, which is not 0. Stable for the life of a worker; nothing persists it.
pub(crate) fn shard_of(instance_id: &InstanceId, shards: usize) -> usize {
    let shards = u64::try_from(shards.max(1)).unwrap_or(u64::MAX);
    usize::try_from(fnv1a(instance_id.as_str().as_bytes()) % shards).expect("a remainder of a usize is a usize")
}

/// FNV-1a, 64 bits: spreads ids that differ in one character, and is the same on every platform.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // The published test vectors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn similar_ids_spread_over_all_shards() {
        let mut counts = [0_u32; 4];
        for n in 0..1_000 {
            counts[shard_of(&InstanceId::new(&format!("order-{n}")).unwrap(), 4)] += 1;
        }
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
    }
}
