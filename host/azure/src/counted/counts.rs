//! How many requests of each kind.

use std::fmt;
use std::ops::Sub;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident $role:ident,)*) => {
        /// Requests by kind. The difference of two counts is what happened in between.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            /// Every count with its name, in the order of a report.
            pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Requests, without takes that found nothing: those cost, but say nothing about the work done.
            pub fn total(&self) -> u64 {
                0 $(+ counts!(@$role self.$name))*
            }
        }

        impl Sub for Counts {
            type Output = Self;

            fn sub(self, earlier: Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }
        }
    };
    (@request $count:expr) => { $count };
    (@detail $count:expr) => { 0 };
}

counts! {
    /// Reads of one entity.
    table_get request,
    /// Pages of entities.
    table_query request,
    /// Entities made.
    table_insert request,
    /// Entities changed, keeping what was not named.
    table_merge request,
    /// Entities replaced, or made if there was none.
    table_replace request,
    /// Entities removed.
    table_delete request,
    /// Transactions.
    transact request,
    /// Changes in all transactions; no requests of their own.
    transact_writes detail,
    /// Tables made.
    table_create request,
    /// Tables removed.
    table_drop request,
    /// Messages put.
    queue_put request,
    /// Takes that found messages, or failed.
    queue_take request,
    /// Messages that were taken; no requests of their own.
    queue_taken detail,
    /// Takes that found nothing.
    queue_take_empty detail,
    /// Messages renewed.
    queue_update request,
    /// Messages deleted.
    queue_delete request,
    /// Looks without taking.
    queue_peek request,
    /// Questions for the length.
    queue_count request,
    /// Queues made.
    queue_create request,
    /// Queues removed.
    queue_drop request,
    /// Blobs written.
    blob_put request,
    /// Blobs read.
    blob_get request,
    /// Blobs removed.
    blob_delete request,
    /// Pages of names.
    blob_list request,
    /// Containers made.
    container_create request,
    /// Containers removed.
    container_drop request,
}

/// A table of what is not zero, and the total.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.rows().filter(|(_, count)| *count > 0) {
            writeln!(f, "{name:<18}{count:>10}")?;
        }
        write!(f, "{:<18}{:>10}", "total", self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_shows_what_happened_between() {
        let before = Counts { queue_put: 3, table_get: 1, ..Counts::default() };
        let after = Counts { queue_put: 1234, transact: 2, transact_writes: 40, queue_take_empty: 7, ..before };
        let report = (after - before).to_string();
        let expected = "transact                   2\n\
                        transact_writes           40\n\
                        queue_put               1231\n\
                        queue_take_empty           7\n\
                        total                   1233";
        assert_eq!(report, expected);
    }
}
