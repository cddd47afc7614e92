//! What is being measured: a line on the standard error for everything that takes a while.

use std::fmt::Display;

#[expect(clippy::print_stderr, reason = "the table has the standard output")]
pub(crate) fn now(what: impl Display) {
    eprintln!("measuring {what}");
}
