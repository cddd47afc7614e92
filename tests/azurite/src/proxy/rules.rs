//! Rules that tests make, and what is known of each.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Refusal, Request};

/// How often a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// To so many requests that match, and no more.
    Exactly(u64),
    /// To every one that matches, until the rule is removed.
    UntilRemoved,
}

/// Narrows a matcher to the `n`th request that it matches, counted from 1.
pub fn nth(
    n: u64,
    matcher: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> impl Fn(&Request) -> bool + Send + Sync + 'static {
    let matched = AtomicU64::new(0);
    // Every rule asks its matcher once per request.
    move |request| matcher(request) && matched.fetch_add(1, Ordering::Relaxed) + 1 == n
}

/// Narrows a matcher to the first request that it matches.
pub fn first(
    matcher: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> impl Fn(&Request) -> bool + Send + Sync + 'static {
    nth(1, matcher)
}

/// A rule in force. Stays so when this is dropped.
#[derive(Debug)]
pub struct Fault(Arc<Rule>);

impl Fault {
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        Self(rule)
    }

    /// To how many requests it has been applied.
    pub fn applied(&self) -> u64 {
        *self.0.applied.borrow()
    }

    /// Waits until it has been applied to a request; returns at once if that has happened already.
    pub async fn reached(&self) {
        self.0.reached(1).await;
    }

    /// Applies it to no further request.
    pub fn remove(&self) {
        self.0.remove();
    }
}

/// Requests or replies that are held from here on. Released when this is dropped, at the latest.
#[derive(Debug)]
#[must_use = "dropping it releases what it holds"]
pub struct Held(Arc<Rule>);

impl Held {
    pub(super) fn new(rule: Arc<Rule>) -> Self {
        Self(rule)
    }

    /// How many have been held, also if they are released by now.
    pub fn held(&self) -> u64 {
        *self.0.applied.borrow()
    }

    /// Waits until one is held; returns at once if that has happened already.
    pub async fn reached(&self) {
        self.0.reached(1).await;
    }

    /// Waits until `count` are held.
    pub async fn reached_times(&self, count: u64) {
        self.0.reached(count).await;
    }

    /// Lets go what is held, and holds nothing more.
    pub fn release(&self) {
        self.0.remove();
        self.0.released.send_replace(true);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// What a rule does.
#[derive(Debug)]
pub(super) enum Effect {
    Hold,
    HoldReply,
    DropReply,
    Cut,
    Refuse(Refusal, Option<Duration>),
    WithoutIfMatch,
    InsertOrReplace,
    Slow(Duration),
}

/// A rule.
pub(super) struct Rule {
    matcher: Box<dyn Fn(&Request) -> bool + Send + Sync>,
    pub(super) effect: Effect,
    /// To how many more requests it may be applied; none: to any number.
    left: Option<AtomicU64>,
    is_removed: AtomicBool,
    applied: watch::Sender<u64>,
    released: watch::Sender<bool>,
}

impl Rule {
    /// Whether it is to be applied to this request, which then is one of its times. To be asked once per request.
    pub(super) fn takes(&self, request: &Request) -> bool {
        let is_removed = || self.is_removed.load(Ordering::SeqCst);
        if is_removed() || !(self.matcher)(request) {
            return false;
        }
        let Some(left) = &self.left else { return true };
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    /// It has taken effect.
    pub(super) fn apply(&self) {
        self.applied.send_modify(|applied| *applied += 1);
    }

    /// Waits until it lets go.
    pub(super) async fn wait_for_release(&self) {
        // The sender is a field of this, so it is there while we wait.
        let _ = self.released.subscribe().wait_for(|released| *released).await;
    }

    async fn reached(&self, count: u64) {
        let _ = self.applied.subscribe().wait_for(|applied| *applied >= count).await;
    }

    fn remove(&self) {
        self.is_removed.store(true, Ordering::SeqCst);
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("effect", &self.effect)
            .field("applied", &*self.applied.borrow())
            .finish_non_exhaustive()
    }
}

/// All rules, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Rules(Mutex<Vec<Arc<Rule>>>);

impl Rules {
    pub(super) fn add(
        &self,
        matcher: impl Fn(&Request) -> bool + Send + Sync + 'static,
        effect: Effect,
        times: Times,
    ) -> Arc<Rule> {
        let rule = Arc::new(Rule {
            matcher: Box::new(matcher),
            effect,
            left: match times {
                Times::Exactly(times) => Some(AtomicU64::new(times)),
                Times::UntilRemoved => None,
            },
            is_removed: AtomicBool::new(false),
            applied: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let mut rules = self.rules();
        rules.retain(|rule| !rule.is_removed.load(Ordering::SeqCst));
        rules.push(Arc::clone(&rule));
        rule
    }

    /// Those in force now.
    pub(super) fn snapshot(&self) -> Vec<Arc<Rule>> {
        self.rules().clone()
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Arc<Rule>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
