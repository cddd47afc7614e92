//! What happens on one connection, and whether it has come to a halt.
//!
//! A connection may live for days: a followed history does. What ends it is missing progress alone, and whose turn it
//! is decides what counts: of a client that is to send a request, one that is to read an answer, or the server itself,
//! which may take its time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits::{HEAD_TIMEOUT, IDLE_TIMEOUT, READ_PROGRESS_BYTES, WRITE_TIMEOUT};

/// How long a client may do nothing when it is its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Without a request.
    pub(super) idle: Duration,
    /// Between the first byte of a request and the end of its head.
    pub(super) head: Duration,
    /// Without taking anything of an answer.
    pub(super) write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: IDLE_TIMEOUT, head: HEAD_TIMEOUT, write: WRITE_TIMEOUT }
    }
}

impl Patience {
    /// How often a connection is looked at, so that nothing is noticed much too late.
    pub(super) fn tick(&self) -> Duration {
        self.idle.min(self.head).min(self.write) / 4
    }
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The client sends no request, or does not get to the end of its head.
    Idle,
    /// The client does not take what it has asked for.
    Stalled,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Told when the connection is to end after what is on its way.
    pub(super) last_answer: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers are not finished.
    exchanges: usize,
    /// When the last one was.
    idle_since: Instant,
    /// When the client began to send a request whose head is not complete.
    head_since: Option<Instant>,
    /// There is something that the client has not taken.
    is_writing: bool,
    /// Since when the client does not take what is written, and what it has taken since.
    write_stalled: Option<(Instant, usize)>,
    /// Answers of HTTP/2 whose next piece the client makes no room for, and since when.
    unread: HashMap<u64, Instant>,
    exchanges_begun: u64,
    /// Streams share the connection, so that bytes which come say nothing of any one request.
    is_multiplexed: bool,
}

impl State {
    /// No request is being answered, and the client has everything.
    fn is_idle(&self) -> bool {
        self.exchanges == 0 && !self.is_writing
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        let state = State {
            exchanges: 0,
            idle_since: Instant::now(),
            head_since: None,
            is_writing: false,
            write_stalled: None,
            unread: HashMap::new(),
            exchanges_begun: 0,
            is_multiplexed: false,
        };
        Self { state: Mutex::new(state), last_answer: Notify::new() }
    }

    /// Since when there is no request; none while there is one.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        state.is_idle().then_some(state.idle_since)
    }

    /// Whether the client keeps the connection without making use of it.
    pub(super) fn halted(&self, patience: &Patience) -> Option<Halt> {
        let (state, now) = (self.state(), Instant::now());
        let overdue = |since: Option<Instant>, patience: Duration| since.is_some_and(|since| since + patience <= now);
        let stalled = state.write_stalled.map(|(since, _)| since);
        if overdue(stalled, patience.write) || overdue(state.unread.values().min().copied(), patience.write) {
            return Some(Halt::Stalled);
        }
        let is_idle = state.is_idle()
            && (overdue(Some(state.idle_since), patience.idle) || overdue(state.head_since, patience.head));
        is_idle.then_some(Halt::Idle)
    }

    /// Bytes of the client were read.
    pub(super) fn has_read(&self) {
        let mut state = self.state();
        if state.exchanges == 0 && !state.is_multiplexed {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// The client has room for `bytes`, which were written.
    pub(super) fn has_written(&self, bytes: usize) {
        let mut state = self.state();
        if let Some((_, taken)) = &mut state.write_stalled {
            *taken += bytes;
            if *taken >= READ_PROGRESS_BYTES {
                state.write_stalled = None;
            }
        }
    }

    /// The client has no room for what is to be written.
    pub(super) fn cannot_write(&self) {
        let mut state = self.state();
        state.is_writing = true;
        state.write_stalled.get_or_insert_with(|| (Instant::now(), 0));
    }

    /// Everything that was to be written is.
    pub(super) fn has_written_all(&self) {
        let mut state = self.state();
        state.write_stalled = None;
        if std::mem::take(&mut state.is_writing) {
            state.idle_since = Instant::now();
        }
    }

    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>, is_multiplexed: bool) -> Exchange {
        let mut state = self.state();
        state.exchanges += 1;
        state.exchanges_begun += 1;
        state.head_since = None;
        state.is_multiplexed = is_multiplexed;
        Exchange { activity: Arc::clone(self), number: state.exchanges_begun, is_multiplexed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request and its answer; dropped when the last of the answer was handed over.
#[derive(Debug)]
pub(super) struct Exchange {
    activity: Arc<Activity>,
    number: u64,
    is_multiplexed: bool,
}

impl Exchange {
    /// There is a piece of the answer that the client is to make room for. On HTTP/1 the connection itself shows
    /// whether it does.
    pub(super) fn offers(&self) {
        if self.is_multiplexed {
            self.activity.state().unread.insert(self.number, Instant::now());
        }
    }

    /// The client has made room.
    pub(super) fn is_read(&self) {
        if self.is_multiplexed {
            self.activity.state().unread.remove(&self.number);
        }
    }

    /// The connection ends with this answer.
    pub(super) fn is_last(&self) {
        self.activity.last_answer.notify_one();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.exchanges -= 1;
        state.unread.remove(&self.number);
        state.idle_since = Instant::now();
    }
}
