//! One host's way to storage, and all that can happen on it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure::Error;
use fastrand::Rng;
use store::{CommitError, Outcome, StorageError};
use tokio::sync::Notify;

use crate::trace::Who;
use crate::world::{Rule, Violation, World};

/// The longest a request may be under way that its sender has given up.
const LATE_MAX_MS: u64 = 20_000;

/// A failure to get an answer, in the words of the layer that is simulated.
pub(crate) trait Unanswered: Sized {
    /// It never reached storage.
    fn unreachable() -> Self;
    /// Storage was busy.
    fn throttled() -> Self;
    /// Nobody knows.
    fn unknown() -> Self;
}

impl Unanswered for Error {
    fn unreachable() -> Self {
        Self::Unreachable("simulated".to_owned())
    }

    fn throttled() -> Self {
        Self::Throttled { retry_after: None }
    }

    fn unknown() -> Self {
        Self::Ambiguous("simulated".to_owned())
    }
}

impl Unanswered for StorageError {
    fn unreachable() -> Self {
        Self::new("simulated", Outcome::NotDone, "unreachable")
    }

    fn throttled() -> Self {
        Self::new("simulated", Outcome::NotDone, "busy")
    }

    fn unknown() -> Self {
        Self::new("simulated", Outcome::Unknown, "no answer")
    }
}

impl Unanswered for CommitError {
    fn unreachable() -> Self {
        StorageError::unreachable().into()
    }

    fn throttled() -> Self {
        StorageError::throttled().into()
    }

    fn unknown() -> Self {
        StorageError::unknown().into()
    }
}

/// A request that is about to be sent.
pub(crate) struct Request<L> {
    /// Whether it changes something.
    pub(crate) is_change: bool,
    /// What it is, for the trace.
    pub(crate) label: L,
}

/// What an armed link does at a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The process ends.
    Die,
    /// Nothing gets anywhere until [`Link::let_go`].
    Stall,
}

/// The way of one host. A new process has a new one.
pub(crate) struct Link {
    pub(crate) world: Arc<World>,
    pub(crate) who: Who,
    state: Mutex<State>,
    going: Mutex<Going>,
    /// Wakes in the order of arrival, unlike a watch.
    moved: Notify,
    /// Whether nothing ever goes wrong here.
    is_calm: bool,
}

struct State {
    rng: Rng,
    armed: Option<Armed>,
}

#[derive(Debug, Clone, Copy)]
struct Armed {
    stop: Stop,
    /// Changes until then.
    changes: u32,
    is_after: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    Open,
    Stalled,
    Dead,
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    Refuse,
    Throttle,
    LoseReply,
    Late(Duration),
}

impl Link {
    pub(crate) fn new(world: Arc<World>, who: Who, rng: Rng) -> Arc<Self> {
        let state = Mutex::new(State { rng, armed: None });
        Arc::new(Self { world, who, state, going: Mutex::new(Going::Open), moved: Notify::new(), is_calm: false })
    }

    /// One on which requests take their time, and nothing else happens.
    pub(crate) fn calm(world: Arc<World>, who: Who) -> Arc<Self> {
        let state = Mutex::new(State { rng: Rng::with_seed(0), armed: None });
        Arc::new(Self { world, who, state, going: Mutex::new(Going::Open), moved: Notify::new(), is_calm: true })
    }

    /// Stops at the n-th change from now on, before or after it is carried out.
    pub(crate) fn arm(&self, stop: Stop, changes: u32, is_after: bool) {
        self.state().armed = Some(Armed { stop, changes, is_after });
    }

    /// Answers once an armed link has stopped.
    pub(crate) async fn stopped(&self) {
        self.until(|going| going != Going::Open).await;
    }

    /// Stops now.
    pub(crate) fn stop(&self, stop: Stop) {
        self.state().armed = None;
        self.change(|going| match (stop, going) {
            (Stop::Die, _) | (Stop::Stall, Going::Dead) => Going::Dead,
            (Stop::Stall, _) => Going::Stalled,
        });
    }

    /// What has stalled goes on.
    pub(crate) fn let_go(&self) {
        self.state().armed = None;
        self.change(|going| if going == Going::Stalled { Going::Open } else { going });
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.going_now() == Going::Dead
    }

    fn change(&self, change: impl FnOnce(Going) -> Going) {
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        *going = change(*going);
        drop(going);
        self.moved.notify_waiters();
    }

    fn going_now(&self) -> Going {
        *self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until(&self, is_it: impl Fn(Going) -> bool) {
        loop {
            // Created before looking: a change in between is not missed.
            let moved = self.moved.notified();
            if is_it(self.going_now()) {
                return;
            }
            moved.await;
        }
    }

    /// Draws with the link's own randomness, while there are faults.
    pub(crate) fn draws(&self, rate: u16) -> bool {
        !self.is_calm && self.world.is_chaotic() && self.state().rng.u16(..10_000) < rate
    }

    pub(crate) fn draw_ms(&self, max: u64) -> Duration {
        Duration::from_millis(self.state().rng.u64(..max))
    }

    /// Sends a request, and answers if an answer comes.
    pub(crate) async fn send<T, E>(
        &self,
        request: Request<impl FnOnce() -> String>,
        carried_out: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Unanswered + std::fmt::Debug + Send + 'static,
    {
        let Request { is_change, label } = request;
        self.travel().await;
        if is_change && self.is_stop(false) {
            self.going().await;
        }
        let fate = self.fate(is_change);
        let mut requests = 0;
        self.world.count(|figures| {
            figures.requests += 1;
            requests = figures.requests;
            match fate {
                Fate::Pass => {}
                Fate::Refuse | Fate::Throttle => figures.refusals += 1,
                Fate::LoseReply => figures.lost_replies += 1,
                Fate::Late(_) => figures.late_requests += 1,
            }
        });
        if requests > self.world.requests_max() {
            let text = format!("{requests} requests, and no end of it");
            self.world.checked(Err(Violation::new(Rule::EverythingEnds, "", text)));
        }
        let trace = &self.world.trace;
        match fate {
            Fate::Refuse => {
                trace.say(self.who, || format!("{} does not arrive", label()));
                return Err(E::unreachable());
            }
            Fate::Throttle => {
                trace.say(self.who, || format!("{} is throttled", label()));
                return Err(E::throttled());
            }
            Fate::Late(after) => {
                let (world, who) = (Arc::clone(&self.world), self.who);
                let label = label();
                trace.say(self.who, || format!("{label} is not answered, and will be carried out in {after:?}"));
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    let answer = carried_out.await;
                    world.trace.say(Who::Network, || format!("late, of {who}: {label}: {}", outcome(&answer)));
                });
                self.travel().await;
                return Err(E::unknown());
            }
            Fate::Pass | Fate::LoseReply => {}
        }
        let answer = carried_out.await;
        if is_change || answer.is_err() {
            let lost = if fate == Fate::LoseReply { ", and nobody hears of it" } else { "" };
            trace.say(self.who, || format!("{}: {}{lost}", label(), outcome(&answer)));
        }
        if is_change {
            self.is_stop(true);
        }
        self.travel().await;
        if fate == Fate::LoseReply { Err(E::unknown()) } else { answer }
    }

    /// Half of what a request takes.
    pub(crate) async fn travel(&self) {
        let is_slow = self.draws(self.world.plan.rates.slow);
        let takes = self.draw_ms(if is_slow { 5_000 } else { 8 });
        tokio::time::sleep(Duration::from_millis(1) + takes).await;
        self.going().await;
    }

    /// Answers once requests get somewhere; never if the host is dead: what the process was doing is not done.
    async fn going(&self) {
        self.until(|going| going == Going::Open).await;
    }

    /// Whether the link stops here.
    fn is_stop(&self, is_after: bool) -> bool {
        let mut state = self.state();
        let Some(armed) = state.armed.as_mut().filter(|armed| armed.is_after == is_after) else { return false };
        armed.changes = armed.changes.saturating_sub(1);
        if armed.changes > 0 {
            return false;
        }
        let stop = armed.stop;
        drop(state);
        self.world.trace.say(self.who, || format!("stops: {stop:?}"));
        self.stop(stop);
        true
    }

    fn fate(&self, is_change: bool) -> Fate {
        if self.world.is_out() && !self.is_calm {
            return Fate::Refuse;
        }
        let rates = self.world.plan.rates;
        if self.draws(rates.refuse) {
            Fate::Refuse
        } else if self.draws(rates.throttle) {
            Fate::Throttle
        } else if is_change && self.draws(rates.lose_reply) {
            Fate::LoseReply
        } else if is_change && self.draws(rates.late) {
            Fate::Late(self.draw_ms(LATE_MAX_MS))
        } else {
            Fate::Pass
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outcome<T, E: std::fmt::Debug>(answer: &Result<T, E>) -> String {
    match answer {
        Ok(_) => "done".to_owned(),
        // Tokens in there differ from process to process.
        Err(error) => format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    }
}
