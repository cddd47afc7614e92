//! The way of log lines to standard error: a queue of bounded length, and the thread that empties it.
//!
//! Whoever logs never waits, for standard error may be a pipe that nobody reads, or a slow disk: a line that finds no
//! room is dropped and counted, and that lines were dropped is a line itself once there is room. Guests get less room
//! than the host, so that they cannot silence it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::limits::{LOG_BYTES_WAITING_MAX, LOG_FLUSH_MAX, LOG_GUEST_BYTES_WAITING_MAX};

/// Lines of this process that were dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How many lines of this process were dropped so far.
pub(crate) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Where lines go in; cheap to clone.
#[derive(Clone)]
pub(crate) struct LogQueue(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Not told of yet.
    dropped: u64,
    /// What was taken out last is not written yet.
    is_writing: bool,
}

impl LogQueue {
    /// Starts the thread, which writes to `out`, and calls `dropped` with the number of lines for which there was no room.
    pub(crate) fn start(
        mut out: impl Write + Send + 'static,
        dropped: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() });
        let queue = Self(Arc::clone(&shared));
        // It ends with the process.
        std::thread::Builder::new().name("rondo-log".to_owned()).spawn(move || {
            let mut writing = Vec::new();
            loop {
                let lost = shared.take(&mut writing);
                // A line that cannot be written is lost: there is no other place to say so.
                let _ = out.write_all(&writing).and_then(|()| out.flush());
                if lost > 0 {
                    dropped(lost);
                }
                shared.written();
            }
        })?;
        Ok(queue)
    }

    /// Waits until everything is written, but not for ever.
    pub(crate) fn flush(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.0.state();
        while state.is_writing || !state.lines.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.0.emptied.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn push(&self, line: &[u8], waiting_max: usize) {
        let mut state = self.0.state();
        if state.lines.len() + line.len() > waiting_max {
            state.dropped += 1;
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = state.lines.is_empty();
        state.lines.extend_from_slice(line);
        drop(state);
        if was_empty {
            self.0.filled.notify_one();
        }
    }
}

impl Shared {
    /// Waits for lines and takes them all; answers how many were dropped.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        lines.clear();
        // After a flood.
        lines.shrink_to(LOG_GUEST_BYTES_WAITING_MAX / 8);
        let mut state = self.state();
        while state.lines.is_empty() {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.lines, lines);
        state.is_writing = true;
        std::mem::take(&mut state.dropped)
    }

    fn written(&self) {
        self.state().is_writing = false;
        self.emptied.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { queue: self, waiting_max: LOG_BYTES_WAITING_MAX }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> LineWriter<'a> {
        let is_of_guest = [worker::fields::GUEST_TARGET, wasm::ACTIVITY_TARGET].contains(&line.target());
        let waiting_max = if is_of_guest { LOG_GUEST_BYTES_WAITING_MAX } else { LOG_BYTES_WAITING_MAX };
        LineWriter { queue: self, waiting_max }
    }
}

/// Takes one line, which is written all at once.
pub(crate) struct LineWriter<'a> {
    queue: &'a LogQueue,
    waiting_max: usize,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.push(line, self.waiting_max);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of this process. What waits is written before this is gone.
pub(crate) struct Logging(pub(crate) LogQueue);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.flush(LOG_FLUSH_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Standard error that nobody reads until told to: each write waits for a permit, and tells what it wrote.
    struct Stuck {
        permits: mpsc::Receiver<()>,
        written: mpsc::Sender<String>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().map_err(io::Error::other)?;
            self.written.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_logs_never_waits_and_what_finds_no_room_is_told_of() {
        let (permit, permits) = mpsc::channel();
        let (write, written) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let queue = LogQueue::start(Stuck { permits, written: write }, move |lines| tell.send(lines).unwrap()).unwrap();
        // This one is taken out and hangs in the write.
        queue.push(b"first\n", LOG_BYTES_WAITING_MAX);
        while !queue.0.state().is_writing {
            std::thread::yield_now();
        }
        let line = [b'x'; 1_000];
        let guests = LOG_GUEST_BYTES_WAITING_MAX / line.len();
        for _ in 0..guests + 7 {
            queue.push(&line, LOG_GUEST_BYTES_WAITING_MAX);
        }
        let all = LOG_BYTES_WAITING_MAX / line.len();
        for _ in guests..all + 3 {
            queue.push(&line, LOG_BYTES_WAITING_MAX);
        }
        assert_eq!(queue.0.state().dropped, 7 + 3);
        assert!(dropped() >= 7 + 3);
        assert!(queue.0.state().lines.len() <= LOG_BYTES_WAITING_MAX);

        permit.send(()).unwrap();
        assert_eq!(written.recv().unwrap(), "first\n");
        permit.send(()).unwrap();
        assert_eq!(written.recv().unwrap().len(), all * line.len());
        assert_eq!(told.recv().unwrap(), 10);
    }

    #[test]
    fn what_waits_is_written_before_the_end_but_nobody_waits_for_ever() {
        let (permit, permits) = mpsc::channel();
        let (write, written) = mpsc::channel();
        let queue = LogQueue::start(Stuck { permits, written: write }, |_| ()).unwrap();
        queue.push(b"last\n", LOG_BYTES_WAITING_MAX);
        queue.flush(Duration::from_millis(10));
        assert!(written.try_recv().is_err(), "it is stuck");
        permit.send(()).unwrap();
        queue.flush(Duration::from_mins(1));
        assert_eq!(written.try_recv().unwrap(), "last\n");
    }
}
