//! The clocks of orchestrators: both say the `now` of the current turn.

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

/// A view of a guest's clocks.
pub(super) struct Clocks<'a> {
    pub(super) now_ms: u64,
    pub(super) table: &'a mut ResourceTable,
}

/// Marks [`Clocks`] for the linker.
pub(super) struct HasClocks;

impl HasData for HasClocks {
    type Data<'a> = Clocks<'a>;
}

const NANOS_PER_MILLI: u64 = 1_000_000;

impl Clocks<'_> {
    fn now_ns(&self) -> u64 {
        self.now_ms.saturating_mul(NANOS_PER_MILLI)
    }

    fn pollable(&mut self, is_due: bool) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = self.table.push(Deadline { is_due })?;
        subscribe(self.table, deadline)
    }
}

impl wall_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        let nanoseconds = u32::try_from(self.now_ms % 1_000 * NANOS_PER_MILLI)?;
        Ok(Datetime { seconds: self.now_ms / 1_000, nanoseconds })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(Datetime { seconds: 0, nanoseconds: u32::try_from(NANOS_PER_MILLI)? })
    }
}

impl monotonic_clock::Host for Clocks<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.now_ns())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(NANOS_PER_MILLI)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.pollable(when <= self.now_ns())
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.pollable(duration == 0)
    }
}

/// A point in time as seen from within a turn, where time stands still: it is now, or it never comes.
struct Deadline {
    is_due: bool,
}

#[async_trait::async_trait]
impl Pollable for Deadline {
    async fn ready(&mut self) {
        if !self.is_due {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_say_the_turns_time() {
        let mut table = ResourceTable::new();
        let mut clocks = Clocks { now_ms: 1_234_567, table: &mut table };
        let wall = wall_clock::Host::now(&mut clocks).unwrap();
        assert_eq!((wall.seconds, wall.nanoseconds), (1_234, 567_000_000));
        assert_eq!(monotonic_clock::Host::now(&mut clocks).unwrap(), 1_234_567_000_000);
    }
}
