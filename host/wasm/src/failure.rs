//! What went wrong in a guest, in the words of the contract.

use std::fmt::Write as _;

use engine::{Failure, Payload, kind};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::limiter::Refused;
use crate::wasi::{ActivityOnly, Waits};

/// What one call into a guest led to other than an answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The guest is at fault.
    Guest(Failure),
    /// The same, and it ran out of something that is given to each call anew, or that grows with what a call holds: a
    /// call with less in it may succeed.
    Exhausted(Failure),
    /// The host has no room for another guest.
    NoRoom,
}

impl Trouble {
    /// As a failure of the guest, whoever is at fault.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Guest(failure) | Self::Exhausted(failure) => failure,
            Self::NoRoom => Failure::new(kind::GUEST_MEMORY, NO_ROOM),
        }
    }
}

/// What to say when the pool is empty.
pub(crate) const NO_ROOM: &str = "this host holds as many guests as it has room for";

/// What is known of a call that did not return an answer.
pub(crate) struct Circumstances<'a> {
    /// What the guest asked for in vain.
    pub(crate) refused: Option<Refused>,
    /// What it printed last.
    pub(crate) last_output: Vec<String>,
    /// What running out of time means here: `5 s for one turn`.
    pub(crate) deadline: &'a str,
    /// What may be answered here: `32 MiB for one turn`.
    pub(crate) answer_max: &'a str,
}

/// Finds the words for `error`.
pub(crate) fn explain(error: &wasmtime::Error, circumstances: Circumstances<'_>) -> Trouble {
    if error.is::<PoolConcurrencyLimitError>() {
        return Trouble::NoRoom;
    }
    let Circumstances { refused, last_output, deadline, answer_max } = circumstances;
    let cause = error.root_cause().to_string();
    let (kind, message, is_exhausted) = if let Some(refused) = refused {
        (kind::GUEST_MEMORY, refused.to_string(), true)
    } else if let Some(Trap::Interrupt) = error.downcast_ref() {
        (kind::GUEST_DEADLINE, format!("the guest was interrupted after {deadline}"), true)
    } else if let Some(trap) = error.downcast_ref::<Trap>() {
        (kind::GUEST_TRAPPED, trapped(*trap), false)
    } else if error.is::<ActivityOnly>() || error.is::<Waits>() {
        (kind::GUEST_TRAPPED, cause.clone(), false)
    } else if let Some(I32Exit(status)) = error.downcast_ref() {
        (kind::GUEST_TRAPPED, format!("the guest ended itself with exit status {status}"), false)
    } else if cause.contains("fuel allocated for hostcalls has been exhausted") {
        (kind::GUEST_PROTOCOL, format!("the guest's answer is larger than {answer_max}"), true)
    } else {
        (kind::GUEST_PROTOCOL, format!("the guest's answer cannot be read: {cause}"), false)
    };
    let mut failure = Failure::new(kind, message);
    failure.details = Some(details(&cause, error.downcast_ref(), &last_output));
    if is_exhausted { Trouble::Exhausted(failure) } else { Trouble::Guest(failure) }
}

fn trapped(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => {
            "the guest trapped: it panicked or aborted (`unreachable` was executed)".to_owned()
        }
        Trap::StackOverflow => {
            "the guest trapped: its call stack is exhausted, probably by endless recursion".to_owned()
        }
        trap => format!("the guest trapped: {}", trap.to_string().trim_start_matches("wasm trap: ")),
    }
}

/// Cause, functions and last output, a line each.
fn details(cause: &str, backtrace: Option<&WasmBacktrace>, last_output: &[String]) -> Payload {
    let mut text = cause.to_owned();
    for frame in backtrace.map(WasmBacktrace::frames).unwrap_or_default() {
        // The short names are demangled already; without a name section there is only the number.
        let name = frame.symbols().first().and_then(|symbol| symbol.name()).or_else(|| frame.func_name());
        let written = match name {
            Some(name) => write!(text, "\n  at {}", demangled(name)),
            None => write!(text, "\n  at function {}", frame.func_index()),
        };
        written.expect("writing to a String cannot fail");
    }
    if !last_output.is_empty() {
        text.push_str("\nlast output:");
        for line in last_output {
            text.push_str("\n  ");
            text.push_str(line);
        }
    }
    text.into()
}

/// A Rust name without its hash; any other name as it is.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const MIB: usize = 1024 * 1024;
        match self {
            Self::Memory { bytes, bytes_max } => {
                write!(f, "the guest asked for {} MiB of memory and may have {}", bytes.div_ceil(MIB), bytes_max / MIB)
            }
            Self::Kept { bytes, bytes_max } => write!(
                f,
                "the host keeps {} MiB for handles of the guest (requests, headers, streams), and may keep {}: drop \
                 them once they are done with",
                bytes.div_ceil(MIB),
                bytes_max / MIB
            ),
            Self::Table { elements, elements_max } => {
                write!(f, "the guest asked for a table of {elements} elements and may have {elements_max}")
            }
        }
    }
}
