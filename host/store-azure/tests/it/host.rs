//! One host in virtual time: a backend and a shard of the worker, carried out on the test's own thread, so that every run
//! of the same script is the same.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeMedium;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use store::{Clock, WorkSource};
use store_azure::AzureBackend;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use worker::Runtime as _;
use worker::shard::{ActivityKey, Config, Effect, Input, Notice, Shard};

use crate::faulty::Faulty;
use crate::programs::{Guests, Programs};

/// The answer to an effect; none for effects without one.
type Answer = Pin<Box<dyn Future<Output = Option<Input>>>>;

/// A running host. Dropping it is a crash.
pub(crate) struct Host {
    pub(crate) backend: Arc<AzureBackend>,
    pub(crate) medium: Faulty<FakeMedium>,
    notices: Rc<RefCell<Vec<Notice>>>,
    leave: Rc<Notify>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("notices", &self.notices.borrow()).finish_non_exhaustive()
    }
}

impl Host {
    /// Begins to work. Must be called within a `LocalSet`.
    pub(crate) fn start(
        backend: AzureBackend,
        medium: Faulty<FakeMedium>,
        programs: Arc<Programs>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let backend = Arc::new(backend);
        let notices = Rc::new(RefCell::new(Vec::new()));
        let config = Config { warm_bytes_max: 1 << 20, warm_max: usize::MAX, busy_max: 100 };
        let leave = Rc::new(Notify::new());
        let driver = Driver {
            shard: Shard::new(config, Box::new(Guests(Arc::clone(&programs)))),
            backend: Arc::clone(&backend),
            programs,
            clock,
            notices: Rc::clone(&notices),
            pending: FuturesUnordered::new(),
            activities: FuturesUnordered::new(),
            leave: Rc::clone(&leave),
        };
        let task = tokio::task::spawn_local(driver.run());
        Self { backend, medium, notices, leave, task }
    }

    /// Ends in good order, but for running activities, which are given up.
    pub(crate) async fn leave(&mut self) {
        self.leave.notify_one();
        (&mut self.task).await.unwrap();
        self.backend.shutdown().await.unwrap();
    }

    /// The instances that it found to have been moved on by another host.
    pub(crate) fn split_brains(&self) -> Vec<String> {
        let instance = |notice: &Notice| match notice {
            Notice::SplitBrainDetected { instance_id, .. } => Some(instance_id.to_string()),
            _ => None,
        };
        self.notices.borrow().iter().filter_map(instance).collect()
    }

    /// The same, with whether it has reported two different tokens.
    pub(crate) fn split_brains_with_tokens(&self) -> Vec<(String, bool)> {
        let report = |notice: &Notice| match notice {
            Notice::SplitBrainDetected { instance_id, held, stored } => {
                Some((instance_id.to_string(), stored.as_ref().is_some_and(|stored| stored != held)))
            }
            _ => None,
        };
        self.notices.borrow().iter().filter_map(report).collect()
    }

    /// Whatever else a person would have been told that is not of the ordinary.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let is_trouble = |notice: &&Notice| {
            matches!(notice, Notice::Held { .. } | Notice::HoldFailed { .. } | Notice::Unreadable { .. })
        };
        self.notices.borrow().iter().filter(is_trouble).map(|notice| format!("{notice:?}")).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What its background has not finished must not get anywhere any more.
        self.medium.stop();
        self.task.abort();
    }
}

struct Driver {
    shard: Shard,
    backend: Arc<AzureBackend>,
    programs: Arc<Programs>,
    clock: Arc<dyn Clock>,
    notices: Rc<RefCell<Vec<Notice>>>,
    pending: FuturesUnordered<Answer>,
    activities: FuturesUnordered<Answer>,
    leave: Rc<Notify>,
}

impl Driver {
    async fn run(mut self) {
        let mut effects = Vec::new();
        loop {
            tokio::select! {
                biased;
                Some(answer) = self.pending.next() => self.handle(answer, &mut effects),
                Some(answer) = self.activities.next() => self.handle(answer, &mut effects),
                () = self.leave.notified() => {
                    self.handle(Some(Input::Drain), &mut effects);
                    self.begin(&mut effects);
                    self.drain().await;
                    return;
                }
                fetched = self.backend.fetch(16) => {
                    for work in fetched.unwrap_or_default() {
                        self.handle(Some(Input::Work(work)), &mut effects);
                    }
                }
            }
            // What has come about at the same time enters the same turns.
            while let Some(Some(answer)) = self.pending.next().now_or_never() {
                self.handle(answer, &mut effects);
            }
            while let Some(Some(answer)) = self.activities.next().now_or_never() {
                self.handle(answer, &mut effects);
            }
            self.turns(&mut effects);
            // A backend that answers without waiting must not stop the world.
            tokio::task::yield_now().await;
        }
    }

    fn handle(&mut self, input: Option<Input>, effects: &mut Vec<Effect>) {
        if let Some(input) = input {
            self.shard.handle(input, self.clock.now(), effects);
        }
    }

    fn turns(&mut self, effects: &mut Vec<Effect>) {
        self.begin(effects);
        while self.shard.run_next(self.clock.now(), self.backend.engine_revision(), effects) {
            self.begin(effects);
        }
    }

    /// Finishes what was begun, activities aside.
    async fn drain(&mut self) {
        let mut effects = Vec::new();
        while let Some(answer) = self.pending.next().await {
            self.handle(answer, &mut effects);
            self.turns(&mut effects);
        }
        assert!(self.shard.is_drained());
    }

    fn begin(&mut self, effects: &mut Vec<Effect>) {
        for effect in effects.drain(..) {
            let backend = Arc::clone(&self.backend);
            let answer: Answer = match effect {
                Effect::Load { instance_id, attempt } => Box::pin(async move {
                    pause(attempt).await;
                    let result = backend.load(&instance_id).await.map(|snapshot| snapshot.map(Box::new));
                    Some(Input::Loaded { instance_id, result })
                }),
                Effect::Prepare { instance_id, orchestration, component } => {
                    let programs = Arc::clone(&self.programs);
                    Box::pin(async move {
                        let result = programs.prepare(&orchestration, component).await;
                        Some(Input::Prepared { instance_id, result })
                    })
                }
                Effect::Commit { commit, attempt } => Box::pin(async move {
                    pause(attempt).await;
                    let instance_id = commit.instance_id.clone();
                    Some(Input::Committed { instance_id, result: backend.commit(*commit).await })
                }),
                Effect::Hold { instance_id, token, reason, attempt } => Box::pin(async move {
                    pause(attempt).await;
                    let result = backend.hold(&instance_id, token, reason).await;
                    Some(Input::Held { instance_id, result })
                }),
                Effect::Abandon(work) => Box::pin(async move {
                    backend.abandon(work).await.unwrap();
                    None
                }),
                Effect::RunActivity { task, component } => {
                    let programs = Arc::clone(&self.programs);
                    self.activities.push(Box::pin(async move {
                        let key = ActivityKey::of(&task);
                        Some(Input::ActivityDone {
                            key,
                            result: programs.run_activity(&task, component).await,
                            span: None,
                        })
                    }));
                    continue;
                }
                // Its result will find nobody who waits for it.
                Effect::CancelActivity(_) | Effect::GuestLog { .. } | Effect::Tell(_) => continue,
                Effect::Notice(notice) => {
                    self.notices.borrow_mut().push(notice);
                    continue;
                }
            };
            self.pending.push(answer);
        }
    }
}

/// As the worker does it, give or take.
async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(Duration::from_millis(50) * 2_u32.saturating_pow(attempt.min(6))).await;
    }
}
