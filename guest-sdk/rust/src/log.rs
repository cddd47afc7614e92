//! Log lines, as macros that format.

/// A line for the host's log at level `trace`.
#[macro_export]
macro_rules! trace {
    ($ctx:expr, $($message:tt)+) => { $ctx.log($crate::Level::Trace, format_args!($($message)+)) };
}

/// A line for the host's log at level `debug`.
#[macro_export]
macro_rules! debug {
    ($ctx:expr, $($message:tt)+) => { $ctx.log($crate::Level::Debug, format_args!($($message)+)) };
}

/// A line for the host's log at level `info`.
///
/// Lines are not repeated when the history is replayed.
///
/// ```
/// # use rondo::prelude::*;
/// # async fn f(ctx: Context) -> Result<()> {
/// let order = 4711;
/// info!(ctx, "order {order} is paid, delivery starts at {}", ctx.now() + days(1));
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! info {
    ($ctx:expr, $($message:tt)+) => { $ctx.log($crate::Level::Info, format_args!($($message)+)) };
}

/// A line for the host's log at level `warn`.
#[macro_export]
macro_rules! warn {
    ($ctx:expr, $($message:tt)+) => { $ctx.log($crate::Level::Warn, format_args!($($message)+)) };
}

/// A line for the host's log at level `error`.
#[macro_export]
macro_rules! error {
    ($ctx:expr, $($message:tt)+) => { $ctx.log($crate::Level::Error, format_args!($($message)+)) };
}
