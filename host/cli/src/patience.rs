//! How long a command that waits puts up with a server that does not answer.

use std::time::{Duration, Instant};

use crate::exit::{Exit, Failure};
use crate::limits::{RECONNECT_MAX, RECONNECT_REST_MAX, RECONNECT_REST_MIN};
use crate::output;

/// A server that has answered once is given time to come back; one that never has is not there.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    was_reached: bool,
    lost_at: Option<Instant>,
    rest: Duration,
}

impl Patience {
    /// The server has answered.
    pub(crate) fn reached(&mut self) {
        if self.lost_at.take().is_some() {
            output::say("the server is back");
        }
        self.was_reached = true;
        self.rest = Duration::ZERO;
    }

    /// Pauses if the failure is one that passes, for at most `left`; else it is the answer.
    pub(crate) fn pause_after(&mut self, failure: Failure, left: Option<Duration>) -> Result<(), Failure> {
        if !self.was_reached || !passes(&failure) {
            return Err(failure);
        }
        let lost_at = *self.lost_at.get_or_insert_with(|| {
            output::say(&format!("{}; trying again", failure.message));
            Instant::now()
        });
        if lost_at.elapsed() >= RECONNECT_MAX || left.is_some_and(|left| left.is_zero()) {
            return Err(failure);
        }
        let rest = self.next_rest();
        std::thread::sleep(left.map_or(rest, |left| rest.min(left)));
        Ok(())
    }

    /// Pauses after an answer that came without delay and said nothing: a server that stops answers so.
    pub(crate) fn rest_if_quick(&mut self, took: Duration) {
        if took < RECONNECT_REST_MIN {
            std::thread::sleep(self.next_rest());
        }
    }

    fn next_rest(&mut self) -> Duration {
        self.rest = (self.rest * 2).clamp(RECONNECT_REST_MIN, RECONNECT_REST_MAX);
        self.rest
    }
}

/// Whether the same request may well succeed later.
fn passes(failure: &Failure) -> bool {
    failure.exit == Exit::Unreachable
        || matches!(failure.code.as_deref(), Some("storage-unavailable" | "too-many-streams" | "overloaded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Failure {
        Failure::new(Exit::Unreachable, "no server")
    }

    #[test]
    fn a_server_that_was_never_there_is_not_waited_for() {
        assert!(Patience::default().pause_after(unreachable(), None).is_err());
    }

    #[test]
    fn a_server_that_went_away_is_waited_for_as_long_as_there_is_time() {
        let mut patience = Patience::default();
        patience.reached();
        assert!(patience.pause_after(unreachable(), Some(Duration::from_millis(1))).is_ok());
        assert!(patience.pause_after(unreachable(), Some(Duration::ZERO)).is_err());
        assert!(patience.pause_after(Failure::new(Exit::NotFound, "gone"), None).is_err());
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let mut patience = Patience::default();
        let rests: Vec<u128> = (0..8).map(|_| patience.next_rest().as_millis()).collect();
        assert_eq!(rests, [100, 200, 400, 800, 1600, 3000, 3000, 3000]);
        patience.reached();
        assert_eq!(patience.next_rest(), RECONNECT_REST_MIN);
    }
}
