//! Random numbers that replay the same.
//!
//! Counter-based: the n-th draw of an execution depends on nothing but its id and n. The execution id is itself spread
//! evenly over 128 bits, so a mixing function in each half is enough.

/// 2^64 divided by the golden ratio: steps of this size visit every number before repeating one.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The draw number `index` of an execution.
pub(crate) fn draw(execution_id: &str, index: u64) -> (u64, u64) {
    let key = key(execution_id);
    let step = index.wrapping_add(1).wrapping_mul(STEP);
    let high = mix(key.0.wrapping_add(step));
    (high, mix(key.1.wrapping_add(step) ^ high))
}

/// A number from 0 up to, not including, `end`, from an evenly spread one.
pub(crate) fn below(random: u64, end: u64) -> u64 {
    let product = u128::from(random) * u128::from(end);
    u64::try_from(product >> 64).expect("a product of two halves has no more than two halves")
}

/// The text form of a version 4 UUID.
pub(crate) fn uuid((high, low): (u64, u64)) -> String {
    let high = high & !0xF000 | 0x4000;
    let low = low & !(3 << 62) | 2 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// Both halves of the id. Whatever is not 32 hex digits is hashed; a host that keeps the contract sends nothing such.
fn key(execution_id: &str) -> (u64, u64) {
    let number = u128::from_str_radix(execution_id, 16).unwrap_or_else(|_| {
        execution_id.bytes().fold(0, |hash: u128, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_01B3))
    });
    let halves = |number: u128| u64::try_from(number & u128::from(u64::MAX)).expect("it was masked");
    (halves(number >> 64), halves(number))
}

/// The finalizer of SplitMix64: a bijection whose every output bit depends on every input bit.
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00112233445566778899aabbccddeeff";

    /// What an execution has drawn may be anywhere in its history: these numbers must never change.
    #[test]
    fn draws_are_what_they_always_were() {
        assert_eq!(draw(ID, 0).0, 8_315_378_825_375_522_450);
        assert_eq!(uuid(draw(ID, 1)), "d32efdb5-7bb4-4bcd-b111-13e5c7e522de");
    }

    #[test]
    fn draws_differ_within_and_between_executions() {
        let mut seen: Vec<_> = (0..1_000).map(|index| draw(ID, index)).collect();
        seen.extend((0..1_000).map(|index| draw("00112233445566778899aabbccddeefe", index)));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
    }

    #[test]
    fn numbers_below_an_end_are_spread_evenly() {
        let mut counts = [0; 10];
        for index in 0..10_000 {
            counts[usize::try_from(below(draw(ID, index).0, 10)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|&count| (900..1_100).contains(&count)), "{counts:?}");
        assert_eq!(below(u64::MAX, 0), 0);
    }
}
