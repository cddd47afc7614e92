//! What everybody in a run shares: time, programs, checkers, trace, and what went wrong.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::check::Checks;
use crate::figures::Figures;
use crate::plan::Plan;
use crate::sabotage::Sabotage;
use crate::time::SimClock;
use crate::trace::{Trace, Who};

/// Requests of one run, by far more than any run needs: hosts that keep each other busy for nothing come to an end, too.
const REQUESTS_MAX: u64 = 2_000_000;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub rule: Rule,
    /// Of which instance; empty: of none in particular.
    pub instance: String,
    /// What was seen.
    pub text: String,
}

/// The promises that are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is a sentence of its own")]
pub enum Rule {
    HistoryIsAppendOnly,
    HistoryReplays,
    AcknowledgedIsStored,
    TerminalStays,
    RowIsWhatTheHistorySays,
    NothingLeavesAnUncommittedTurn,
    RecordedResultsHappened,
    ResultIsRight,
    EventsAreTakenOnce,
    NoEventIsLost,
    MessagesMeanOneExecution,
    WhoWaitsIsAnswered,
    WhatIsDetachedBegins,
    PurgesSpareOthers,
    NobodyIsHeld,
    EverythingEnds,
    NothingIsLeft,
    NobodyPanics,
}

/// Shared by everything in one run.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) clock: SimClock,
    pub(crate) trace: Trace,
    pub(crate) sabotage: Option<Sabotage>,
    checks: Mutex<Checks>,
    figures: Mutex<Figures>,
    /// Roots of instances whose activity `mend` fails.
    broken: Mutex<BTreeSet<String>>,
    violation: watch::Sender<Option<Violation>>,
    /// Whether faults still happen.
    is_chaotic: AtomicBool,
    /// Nobody reaches storage.
    is_out: AtomicBool,
}

impl World {
    pub(crate) fn new(plan: Plan, sabotage: Option<Sabotage>, is_traced: bool) -> Self {
        let clock = SimClock::start();
        let broken = plan.scripts.iter().map(|script| script.instance.clone()).collect();
        Self {
            plan,
            clock,
            trace: Trace::new(clock, is_traced),
            sabotage,
            checks: Mutex::default(),
            figures: Mutex::default(),
            broken: Mutex::new(broken),
            violation: watch::Sender::new(None),
            is_chaotic: AtomicBool::new(true),
            is_out: AtomicBool::new(false),
        }
    }

    pub(crate) fn checks(&self) -> MutexGuard<'_, Checks> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn figures(&self) -> Figures {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests a run may need.
    pub(crate) fn requests_max(&self) -> u64 {
        if self.sabotage == Some(Sabotage::NoPatience) { 0 } else { REQUESTS_MAX }
    }

    /// Whether `mend` fails for the instances below a root.
    pub(crate) fn is_broken(&self, root: &str) -> bool {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).contains(root)
    }

    pub(crate) fn mend(&self, root: &str) {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).remove(root);
    }

    pub(crate) fn is_chaotic(&self) -> bool {
        self.is_chaotic.load(Ordering::SeqCst)
    }

    pub(crate) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::SeqCst)
    }

    pub(crate) fn set_out(&self, is_out: bool) {
        self.is_out.store(is_out, Ordering::SeqCst);
    }

    /// Nothing goes wrong from here on.
    pub(crate) fn calm_down(&self) {
        self.trace.say(Who::Chaos, || "faults end".to_owned());
        self.is_chaotic.store(false, Ordering::SeqCst);
        self.set_out(false);
    }

    /// Takes note of what a checker found; the first violation is the run's result.
    pub(crate) fn checked(&self, found: Result<(), Violation>) {
        let Err(found) = found else { return };
        let text = || format!("VIOLATION {:?} {}: {}", found.rule, found.instance, found.text);
        self.trace.say(Who::Checker, text);
        self.violation.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(found.clone());
            }
            is_first
        });
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.violation.borrow().clone()
    }

    /// Answers once something was violated.
    pub(crate) async fn violated(&self) -> Violation {
        let mut violation = self.violation.subscribe();
        let seen = violation.wait_for(Option::is_some).await;
        match seen.map(|seen| seen.clone()) {
            Ok(Some(violation)) => violation,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

impl Violation {
    pub(crate) fn new(rule: Rule, instance: &(impl ToString + ?Sized), text: impl Into<String>) -> Self {
        Self { rule, instance: instance.to_string(), text: text.into() }
    }
}
