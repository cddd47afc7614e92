//! Ways to wait for several things.
//!
//! All of them poll in the order in which the futures were given, which makes them deterministic: the decisions of an
//! orchestration never depend on chance. Combinators of other crates are fine too unless they poll in random order, as
//! the `select!` macros of `tokio` and `futures` do.

mod join;
mod select;
mod set;
mod timeout;

pub use join::{Join, TryJoin};
pub use select::{Either, select};
pub use set::{join_all, race, try_join_all};
pub use timeout::Elapsed;
pub(crate) use timeout::timeout;
