//! Clients: each starts an orchestration, does what it needs, waits for its end, and begins with the next.

mod jobs;
mod steps;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use jobs::{End, Job, components, job, steady};

use crate::net::Net;
use crate::violations::Violations;

/// All clients together.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    pub(crate) net: &'a Net,
    pub(crate) violations: &'a Violations,
    /// Which orchestrations.
    pub(crate) job: fn(u64) -> Job,
    /// Between two looks at whether an instance has ended.
    pub(crate) look_every: Duration,
    /// Whether an instance is purged as soon as its end was seen.
    pub(crate) purges: bool,
    next: AtomicU64,
    ended: AtomicU64,
    is_over: AtomicBool,
    /// When those that are still waited for count as stuck.
    deadline: Mutex<Instant>,
    accepted: Mutex<Vec<Job>>,
}

impl<'a> Load<'a> {
    /// Nothing runs yet. Whatever is asked must be answered before `deadline`.
    pub(crate) fn new(net: &'a Net, violations: &'a Violations, look_every: Duration, deadline: Instant) -> Self {
        Self {
            net,
            violations,
            job,
            look_every,
            purges: false,
            next: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            deadline: Mutex::new(deadline),
            accepted: Mutex::new(Vec::new()),
        }
    }

    /// One client, until the load is over.
    pub(crate) fn client(&self) {
        while !self.is_over.load(Ordering::SeqCst) && self.violations.count() == 0 {
            let job = (self.job)(self.next.fetch_add(1, Ordering::SeqCst));
            match self.run(&job) {
                Ok(()) => drop(self.ended.fetch_add(1, Ordering::SeqCst)),
                Err(problem) => self.violations.note(&format!("{}: {problem}", job.id)),
            }
        }
    }

    /// Nothing more is started; what runs must have ended before `deadline`.
    pub(crate) fn end(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// How many have ended as they should.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Ordering::SeqCst)
    }

    /// What the hosts have taken over.
    pub(crate) fn accepted(&self) -> Vec<Job> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many those are.
    pub(crate) fn accepted_count(&self) -> usize {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn accept(&self, job: &Job) {
        if !self.purges {
            self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(job.clone());
        }
    }

    fn deadline(&self) -> Instant {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
