//! How much memory there is.

use sysinfo::System;

/// Bytes that this machine has, or the container that limits this process; none where it cannot be asked.
pub(crate) fn bytes() -> Option<usize> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let machine = system.total_memory();
    let bytes = system.cgroup_limits().map_or(machine, |container| container.total_memory.min(machine));
    usize::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_is_some_memory() {
        assert!(super::bytes().unwrap() > 64 * 1024 * 1024);
    }
}
