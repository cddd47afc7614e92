//! Where an instance's messages and rows are.

/// The partition key of an instance, in both tables.
pub fn partition_key(instance: &str) -> String {
    let mut key = String::with_capacity(instance.len());
    for character in instance.chars() {
        match character {
            '^' => key.push_str("^^"),
            '/' => key.push_str("^0"),
            '\\' => key.push_str("^1"),
            '#' => key.push_str("^2"),
            '?' => key.push_str("^3"),
            other => key.push(other),
        }
    }
    key
}

/// The instance that has a partition key.
pub fn instance_of(key: &str) -> String {
    let mut instance = String::with_capacity(key.len());
    let mut characters = key.chars();
    while let Some(character) = characters.next() {
        instance.push(match (character, character == '^') {
            (_, true) => match characters.next() {
                Some('0') => '/',
                Some('1') => '\\',
                Some('2') => '#',
                Some('3') => '?',
                _ => '^',
            },
            (other, false) => other,
        });
    }
    instance
}

/// The control queue of an instance: FNV-1a of its id, not of its key.
pub(crate) fn control_queue(instance: &str, partitions: u8) -> u8 {
    let hash = instance.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from(hash % u32::from(partitions.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_where_durabletask_has_them() {
        assert_eq!((control_queue("instance_id", 4), control_queue("sub_instance_id", 4)), (2, 3));
        assert_eq!(partition_key("x/y^0?"), "x^0y^^0^3");
        assert_eq!(instance_of("x^0y^^0^3"), "x/y^0?");
    }
}
