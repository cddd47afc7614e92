//! One contract, checked on the fake and on the emulator; and what only one of them can show.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod blobs;
mod counted;
mod fake;
mod faults;
mod filters;
mod keys;
mod limits;
mod proof;
mod queues;
mod tables;
mod transactions;
mod world;

/// Makes of each function over a `World` two tests: `fake::…` and `emulator::…`.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod fake {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&crate::world::World::fake()).await;
                }
            )*
        }

        mod emulator {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&crate::world::World::emulator()).await;
                }
            )*
        }
    };
}

use contract;
