//! Everything that most components need: `use rondo::prelude::*;`.

pub use crate::future::{Either, Elapsed, join_all, race, select, try_join_all};
pub use crate::{
    ActivityContext, Context, ContinueAsNew, Error, Result, Retry, Timestamp, days, hours, millis, minutes, secs,
};
pub use crate::{debug, error, info, join, trace, try_join, warn};
