//! What must not happen, and did.

use std::sync::{Mutex, PoisonError};

/// Noted beyond the first few, a violation only counts.
const KEPT_MAX: usize = 20;

/// As much of one as is shown: some payloads are large.
const SHOWN_CHARS_MAX: usize = 800;

/// Broken promises, as they are found.
#[derive(Debug, Default)]
pub(crate) struct Violations(Mutex<(Vec<String>, usize)>);

impl Violations {
    /// Notes one.
    pub(crate) fn note(&self, violation: &str) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.1 += 1;
        if found.0.len() < KEPT_MAX {
            found.0.push(shortened(violation));
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// The first of them, in the order in which they were found.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}

/// The beginning and the end of a text that is too long.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN_CHARS_MAX {
        return text.to_owned();
    }
    let half = SHOWN_CHARS_MAX / 2;
    let (begin, end): (String, String) = (text.chars().take(half).collect(), text.chars().skip(count - half).collect());
    format!("{begin} … {end}")
}
