//! Which control queue an instance's messages go to.

/// The control queue, from 0. `partitions` is the task hub's number of them; 0 counts as 1.
///
/// The hash is of the id itself, not of its key.
pub(crate) fn partition_of(instance_id: &str, partitions: u8) -> u8 {
    let index = fnv1a(instance_id.as_bytes()) % u32::from(partitions.max(1));
    u8::try_from(index).expect("the rest of a division by a u8 is one")
}

/// 32-bit FNV-1a.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_placed_where_durabletask_places_them() {
        let table = [
            ("", 0x811c_9dc5, 1, 5),
            ("a", 0xe40c_292c, 0, 12),
            ("instance_id", 0x6d5a_3b3a, 2, 10),
            ("sub_instance_id", 0x59a7_16af, 3, 15),
            ("order-1", 0x2b7f_cd6d, 1, 13),
            ("@counter@a", 0xca40_6906, 2, 6),
            ("Größe", 0x48b3_427a, 2, 10),
            ("0123456789abcdef0123456789abcdef", 0x86d0_4db5, 1, 5),
        ];
        for (id, hash, of_4, of_16) in table {
            assert_eq!(fnv1a(id.as_bytes()), hash, "{id}");
            assert_eq!((partition_of(id, 4), partition_of(id, 16)), (of_4, of_16), "{id}");
        }
    }

    #[test]
    fn a_hub_of_no_partitions_has_one() {
        assert_eq!(partition_of("order-1", 0), 0);
    }
}
