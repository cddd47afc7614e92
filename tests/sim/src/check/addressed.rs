//! A message is for an execution and its later generations, not for whichever has the id by the time it comes.
//!
//! What clients write into a message says whom it is for: a life of an instance, or what that life has started.

use std::collections::BTreeMap;

use engine::{EventKind, HistoryEvent, InstanceId, Payload};

use crate::program::guest::{LIFE, ROOT};
use crate::world::{Rule, Violation};

/// What a message for that life has in its text.
pub(crate) fn name(root: &str, life: usize) -> String {
    format!(", l{life} of {root}")
}

/// Whether these are the tags of a life, or of what it has started.
pub(crate) fn is_of(tags: &BTreeMap<String, String>, root: &str, life: usize) -> bool {
    tags.get(ROOT).is_some_and(|it| it == root) && tags.get(LIFE).is_some_and(|it| *it == life.to_string())
}

/// The life that a text is for, and its instance.
pub(super) fn read(text: &str) -> Option<(usize, &str)> {
    let (life, rest) = text.split_once(", l")?.1.split_once(" of ")?;
    let root = rest.split_once(", ").map_or(rest, |(root, _)| root);
    Some((life.parse().ok()?, root))
}

/// Whether what was recorded of a message was for the execution with these tags.
pub(super) fn check(
    instance_id: &InstanceId,
    tags: &BTreeMap<String, String>,
    event: &HistoryEvent,
) -> Result<(), Violation> {
    let text = match &event.kind {
        EventKind::ExecutionTerminated { reason, .. }
        | EventKind::ExecutionSuspended { reason }
        | EventKind::ExecutionResumed { reason }
        | EventKind::ExecutionRewound { reason, .. } => reason.as_ref(),
        EventKind::EventRaised { data, .. } => data.as_ref(),
        _ => None,
    };
    match text.map(Payload::as_str).and_then(read) {
        Some((life, root)) if !is_of(tags, root, life) => {
            let text = format!("`{event}` was for life {life} of {root}, and is recorded of {tags:?}");
            Err(Violation::new(Rule::MessagesMeanOneExecution, instance_id, text))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_whom_it_is_for() {
        for root in ["a", "a/b", ".", "x^0y"] {
            assert_eq!(read(&format!("enough{}", name(root, 3))), Some((3, root)));
            assert_eq!(read(&format!("c0{}, 12 ", name(root, 0))), Some((0, root)));
        }
        assert_eq!(read("told 1234 5"), None);
    }
}
