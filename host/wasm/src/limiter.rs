//! How much memory a guest may have.

use wasmtime::ResourceLimiter;

/// Counts what a guest has, refuses what is too much, and remembers having refused.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes_max: usize,
    table_elements_max: usize,
    memory_bytes: usize,
    refused: Option<Refused>,
}

/// What a guest asked for and did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Linear memory, over all memories of the guest.
    Memory { bytes: usize, bytes_max: usize },
    /// Memory of the host, behind all handles of the guest.
    Kept { bytes: usize, bytes_max: usize },
    /// A table.
    Table { elements: usize, elements_max: usize },
}

impl Limiter {
    pub(crate) fn new(memory_bytes_max: usize, table_elements_max: usize) -> Self {
        Self { memory_bytes_max, table_elements_max, memory_bytes: 0, refused: None }
    }

    /// Linear memory of the guest.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// The guest has made the host keep too much, and is about to be interrupted.
    pub(crate) fn keeps_too_much(&mut self, bytes: usize, bytes_max: usize) {
        self.refused = Some(Refused::Kept { bytes, bytes_max });
    }

    /// What was refused since this was last asked.
    pub(crate) fn take_refused(&mut self) -> Option<Refused> {
        self.refused.take()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.memory_bytes_max {
            self.refused = Some(Refused::Memory { bytes, bytes_max: self.memory_bytes_max });
            return Ok(false);
        }
        self.memory_bytes = bytes;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements_max {
            self.refused = Some(Refused::Table { elements: desired, elements_max: self.table_elements_max });
            return Ok(false);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_for_all_memories_together() {
        let mut limiter = Limiter::new(100, 10);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert_eq!(limiter.memory_bytes(), 100);
        assert_eq!(limiter.take_refused(), Some(Refused::Memory { bytes: 101, bytes_max: 100 }));
        assert_eq!(limiter.take_refused(), None);
    }

    #[test]
    fn a_table_has_a_limit_of_its_own() {
        let mut limiter = Limiter::new(100, 10);
        assert!(limiter.table_growing(0, 10, None).unwrap());
        assert!(!limiter.table_growing(10, 11, None).unwrap());
        assert_eq!(limiter.take_refused(), Some(Refused::Table { elements: 11, elements_max: 10 }));
    }
}
