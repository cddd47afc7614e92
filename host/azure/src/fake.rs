//! A storage account in this process, with the service's exact semantics: for tests, simulation, and to measure the
//! host without a service.
//!
//! Differences, on purpose: time is handed in, nothing is throttled, what is deleted can be made anew at once, and keys
//! are ordered by code point (the service orders them by UTF-16 unit, which differs beyond the first plane only).

mod blobs;
mod filter;
mod queues;
mod tables;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::PAGE_ROWS_MAX;
use crate::{HubName, Refused};

/// The time, in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// An account. Clones are the same account.
#[derive(Clone)]
pub struct FakeAccount {
    shared: Arc<Shared>,
}

/// A task hub in a [`FakeAccount`]. Clones are the same hub.
#[derive(Clone)]
pub struct FakeMedium {
    shared: Arc<Shared>,
    hub: HubName,
}

struct Shared {
    state: Mutex<State>,
    clock: Clock,
    page_rows: AtomicU32,
}

/// Everything by its lower-case name, as names of tables do not differ in case.
#[derive(Default)]
struct State {
    tables: HashMap<String, tables::Rows>,
    queues: HashMap<String, queues::Messages>,
    containers: HashMap<String, blobs::Bytes>,
    /// Last number given to a version, a message or a receipt.
    last_number: u64,
}

impl FakeAccount {
    /// An empty account.
    pub fn new(clock: Clock) -> Self {
        let page_rows = AtomicU32::new(PAGE_ROWS_MAX);
        Self { shared: Arc::new(Shared { state: Mutex::default(), clock, page_rows }) }
    }

    /// From now on queries and listings answer at most `rows` at once (1 to 1,000), so that few rows make many pages.
    pub fn set_page_rows(&self, rows: u32) {
        self.shared.page_rows.store(rows.clamp(1, PAGE_ROWS_MAX), Ordering::Relaxed);
    }

    /// A task hub; nothing of it is there until it is made.
    pub fn medium(&self, hub: &HubName) -> FakeMedium {
        FakeMedium { shared: Arc::clone(&self.shared), hub: hub.clone() }
    }
}

impl FakeMedium {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked did so outside: no change of the state is interrupted by one.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        (self.shared.clock)()
    }

    fn page_rows(&self) -> usize {
        self.shared.page_rows.load(Ordering::Relaxed) as usize
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

/// A refusal as the service would send it.
fn refused(status: u16, code: &str, message: impl Into<String>) -> crate::Error {
    Refused { status, code: code.to_owned(), message: message.into() }.into()
}

impl fmt::Debug for FakeAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAccount").finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeMedium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeMedium").field("hub", &self.hub).finish_non_exhaustive()
    }
}
