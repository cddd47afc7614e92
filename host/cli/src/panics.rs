//! How often this process has panicked. Each panic is a bug; most cost only what was being done.

use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Panics of this process, on any thread, since they are counted.
pub(crate) fn count() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Begins to count. They are printed as before.
pub(crate) fn begin() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        print(panic);
    }));
}
