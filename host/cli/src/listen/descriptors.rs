//! How many connections the operating system lets this process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::{CONNECTIONS_MAX, CONNECTIONS_SPARE, DESCRIPTORS_ELSEWHERE};

/// Raises the limit on descriptors as far as it helps and is allowed, and says how many connections fit below it beside
/// what storage, guests and files need.
pub(crate) fn connections_max() -> usize {
    let wanted = CONNECTIONS_MAX + CONNECTIONS_SPARE + DESCRIPTORS_ELSEWHERE;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.unwrap_or(u64::MAX).min(wanted as u64);
    let mut allowed = current.unwrap_or(u64::MAX);
    if allowed < raised && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
        allowed = raised;
    }
    let connections = fitting(usize::try_from(allowed).unwrap_or(usize::MAX));
    if connections < CONNECTIONS_MAX {
        tracing::warn!(
            descriptors = allowed,
            connections,
            "the limit on open files leaves room for fewer connections than usual; raise it (ulimit -n) to {wanted}"
        );
    }
    connections
}

/// Connections that fit below a limit: what is needed elsewhere comes first, as long as half is left.
fn fitting(descriptors: usize) -> usize {
    let elsewhere = (DESCRIPTORS_ELSEWHERE + CONNECTIONS_SPARE).min(descriptors / 2 + CONNECTIONS_SPARE);
    descriptors.saturating_sub(elsewhere).clamp(1, CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        assert_eq!(fitting(usize::MAX), CONNECTIONS_MAX);
        assert_eq!(fitting(CONNECTIONS_MAX + CONNECTIONS_SPARE + DESCRIPTORS_ELSEWHERE), CONNECTIONS_MAX);
        assert_eq!(fitting(1_024), 512 - CONNECTIONS_SPARE);
        assert_eq!(fitting(256), 128 - CONNECTIONS_SPARE);
        assert_eq!(fitting(8), 1);
    }
}
