//! A line for what takes a while, and nothing for what does not.

use std::io::IsTerminal as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::SLOW_AFTER;
use crate::output;

/// How often a line on a terminal is drawn again.
const REDRAW_EVERY: Duration = Duration::from_secs(1);

/// Says what is being done if it takes long: on a terminal for how long already, else once.
pub(crate) fn while_slow<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let goes_on = |time| is_done.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            if !goes_on(SLOW_AFTER) {
                return;
            }
            if !std::io::stderr().is_terminal() {
                output::say(&format!("{what} …"));
                return;
            }
            loop {
                output::live(&format!("{what} … {} s", began.elapsed().as_secs()));
                if !goes_on(REDRAW_EVERY) {
                    break;
                }
            }
            output::live("");
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_work_is_handed_on() {
        assert_eq!(while_slow("counting", || 7), 7);
    }
}
