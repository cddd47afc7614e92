//! How long a command that waits puts up with a server that does not answer.

use std::time::{Duration, Instant};

use crate::exit::{Exit, Failure};
use crate::limits::{RECONNECT_DEFAULT, RECONNECT_REST_MAX, RECONNECT_REST_MIN};
use crate::{output, units};

/// For how long, as the command line says it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ReconnectArgs {
    /// While waiting: how long to try to reach the server again when it goes away, for example across its restart; 0s for
    /// not at all
    #[arg(long, default_value = RECONNECT_DEFAULT, value_parser = units::duration, value_name = "DURATION")]
    reconnect: Duration,
}

/// A server that has answered once is given time to come back; one that never has is not there.
#[derive(Debug)]
pub(crate) struct Patience {
    reconnect: Duration,
    was_reached: bool,
    lost_at: Option<Instant>,
    rest: Duration,
}

impl Patience {
    /// With a server that nobody has heard of yet.
    pub(crate) fn new(args: ReconnectArgs) -> Self {
        let ReconnectArgs { reconnect } = args;
        Self { reconnect, was_reached: false, lost_at: None, rest: Duration::ZERO }
    }

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
        let reconnect = self.reconnect;
        let lost_at = *self.lost_at.get_or_insert_with(|| {
            if !reconnect.is_zero() {
                output::say(&format!("{}; trying again for {}", failure.message, units::brief(reconnect)));
            }
            Instant::now()
        });
        let lost_for = lost_at.elapsed();
        if lost_for >= reconnect || left.is_some_and(|left| left.is_zero()) {
            let message = format!("{}, for {} now", failure.message, units::brief(lost_for));
            let remedy = "What was started goes on without you. Wait again once the server is there, or wait longer for it \
                          with --reconnect.";
            return Err(Failure { message, ..failure }.remedy(remedy));
        }
        let pause = self.next_rest().min(reconnect.saturating_sub(lost_for));
        std::thread::sleep(left.map_or(pause, |left| pause.min(left)));
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

    /// With a server that has answered.
    fn patience(reconnect: Duration) -> Patience {
        let mut patience = Patience::new(ReconnectArgs { reconnect });
        patience.reached();
        patience
    }

    const LONG: Duration = Duration::from_hours(1);

    #[test]
    fn a_server_that_was_never_there_is_not_waited_for() {
        assert!(Patience::new(ReconnectArgs { reconnect: LONG }).pause_after(unreachable(), None).is_err());
    }

    #[test]
    fn a_server_that_went_away_is_waited_for_as_long_as_there_is_time() {
        let mut patience = patience(LONG);
        assert!(patience.pause_after(unreachable(), Some(Duration::from_millis(1))).is_ok());
        assert!(patience.pause_after(unreachable(), Some(Duration::ZERO)).is_err());
        assert!(patience.pause_after(Failure::new(Exit::NotFound, "gone"), None).is_err());
    }

    #[test]
    fn it_is_given_up_after_the_time_that_was_asked_for() {
        assert!(patience(Duration::ZERO).pause_after(unreachable(), None).is_err());
        let mut patience = patience(Duration::from_millis(1));
        let given_up = loop {
            if let Err(failure) = patience.pause_after(unreachable(), None) {
                break failure;
            }
        };
        assert_eq!(given_up.exit, Exit::Unreachable);
        assert!(given_up.remedy.unwrap().contains("--reconnect"));
        patience.reached();
        assert!(patience.lost_at.is_none(), "the next outage has all the time again");
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        let mut patience = patience(LONG);
        let rests: Vec<u128> = (0..8).map(|_| patience.next_rest().as_millis()).collect();
        assert_eq!(rests, [100, 200, 400, 800, 1600, 3000, 3000, 3000]);
        patience.reached();
        assert_eq!(patience.next_rest(), RECONNECT_REST_MIN);
    }
}
