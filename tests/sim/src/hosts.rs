//! Hosts that come and go.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use store::Client;
use worker::{Options, Stats, Worker};

use crate::fickle::Fickle;
use crate::hub::{HostBackend, Hub};
use crate::link::{Link, Stop};
use crate::observer::Observer;
use crate::plan::Backend;
use crate::runtime::HostRuntime;
use crate::source::WatchedSource;
use crate::trace::Who;
use crate::world::{Rule, Violation, World};

/// The hosts of a run, by number.
pub(crate) struct Hosts {
    pub(crate) world: Arc<World>,
    pub(crate) hub: Hub,
    pub(crate) observer: Arc<Observer>,
    running: RefCell<Vec<Option<Host>>>,
    rng: RefCell<Rng>,
}

/// A running process. Dropping it is a crash.
struct Host {
    worker: Worker,
    link: Arc<Link>,
    runtime: Arc<HostRuntime>,
    backend: HostBackend,
}

impl Hosts {
    pub(crate) fn start(world: &Arc<World>, hub: Hub, observer: Arc<Observer>, rng: Rng) -> Rc<Self> {
        let hosts = Self {
            world: Arc::clone(world),
            hub,
            observer,
            running: RefCell::new((0..world.plan.hosts.len()).map(|_| None).collect()),
            rng: RefCell::new(rng),
        };
        hosts.start_all();
        Rc::new(hosts)
    }

    /// Starts whoever is down.
    pub(crate) fn start_all(&self) {
        (0..self.world.plan.hosts.len()).for_each(|host| self.start_one(host));
    }

    /// Starts a host, unless it is up.
    pub(crate) fn start_one(&self, number: usize) {
        if self.running.borrow()[number].is_some() {
            return;
        }
        let plan = self.world.plan.hosts[number];
        let who = Who::Host(number);
        self.world.trace.say(who, || format!("starts: {plan:?}"));
        let link = Link::new(Arc::clone(&self.world), who, self.rng.borrow_mut().fork());
        let clock = self.world.clock.skewed(plan.skew_ms);
        let backend = self.hub.host(&self.world, &link, &self.observer, clock);
        let runtime = Arc::new(HostRuntime::new(Arc::clone(&self.world), number));
        let source = WatchedSource {
            inner: backend.source.clone(),
            observer: Arc::clone(&self.observer),
            runtime: Arc::clone(&runtime),
            link: Arc::clone(&link),
            has_faults: !backend.has_medium,
        };
        let options = Options {
            shards: plan.shards,
            warm_guest_bytes_max: plan.warm_bytes_max,
            activities_max: plan.activities_max,
            activities_per_name_max: plan.activities_max,
            shutdown_grace: Duration::from_secs(3),
            ..Options::default()
        };
        let worker = Worker::start_local(options, Arc::new(source), runtime.clone(), Arc::new(clock));
        match worker {
            Ok(worker) => self.running.borrow_mut()[number] = Some(Host { worker, link, runtime, backend }),
            Err(error) => self.broken(format!("{who} does not start: {error}")),
        }
    }

    /// The link of a host that is up.
    pub(crate) fn link(&self, number: usize) -> Option<Arc<Link>> {
        self.running.borrow()[number].as_ref().map(|host| Arc::clone(&host.link))
    }

    /// What gives a host its partitions, if somebody can take them away.
    pub(crate) fn fickle(&self, number: usize) -> Option<Arc<Fickle>> {
        self.running.borrow()[number].as_ref()?.backend.fickle.clone()
    }

    /// The backend of a host that is up; without one, that of nobody.
    pub(crate) fn client(&self, through: Option<usize>) -> Arc<dyn Client> {
        let running = self.running.borrow();
        match through.and_then(|number| running[number].as_ref()) {
            Some(host) => host.backend.client.clone(),
            None => self.hub.client(),
        }
    }

    /// The process of that link dies, if it still runs; where all hosts are one process, all do.
    pub(crate) fn crash(&self, number: usize, link: &Arc<Link>) {
        if !self.link(number).is_some_and(|current| Arc::ptr_eq(&current, link)) {
            return;
        }
        self.world.count(|figures| figures.crashes += 1);
        match self.world.plan.backend {
            Backend::Azure => self.drop_one(number),
            Backend::Memory => self.drop_all_and_restart_memory(),
        }
    }

    /// Ends a host, or the process, in good order.
    pub(crate) async fn leave(&self, number: usize) {
        self.world.count(|figures| figures.restarts += 1);
        let leaving: Vec<usize> = match self.world.plan.backend {
            Backend::Azure => vec![number],
            Backend::Memory => (0..self.world.plan.hosts.len()).collect(),
        };
        for number in leaving {
            let Some(host) = self.running.borrow_mut()[number].take() else { continue };
            self.world.trace.say(Who::Host(number), || "leaves".to_owned());
            self.count(number, &host);
            // What storage says to that concerns the operator.
            let _ = host.worker.shutdown().await;
            host.runtime.die();
            host.link.stop(Stop::Die);
            self.world.trace.say(Who::Host(number), || "has left".to_owned());
        }
        self.hub.restart_memory(&self.observer);
    }

    /// What stalls goes on, and nobody believes any more to own what is another's.
    pub(crate) async fn heal(&self) {
        for host in self.running.borrow().iter().flatten() {
            host.link.let_go();
            if let Some(fickle) = &host.backend.fickle {
                fickle.leave(true);
            }
        }
        // Until everybody has noticed.
        tokio::time::sleep(Duration::from_mins(1)).await;
        if let Some(fickle) = self.fickle(0) {
            fickle.come_back();
        }
    }

    /// The run is over.
    pub(crate) fn stop(&self) {
        (0..self.world.plan.hosts.len()).for_each(|number| self.drop_one(number));
    }

    /// What hosts have in hand although everything is over. Not that a host waits for what it left to others: if its
    /// partition moved meanwhile, it never hears of that again.
    pub(crate) fn in_hand(&self) -> Vec<String> {
        let mut left = Vec::new();
        for (number, host) in self.running.borrow().iter().enumerate() {
            let Some(host) = host else { continue };
            let Stats { activities_running, activities_waiting, .. } = host.worker.stats();
            let Stats { messages_in_hand, inbox_depth, instances_busy, .. } = host.worker.stats();
            let known = host.backend.azure.as_ref().map_or(0, |azure| azure.messages_received());
            for (what, count) in [
                ("activities running", activities_running),
                ("activities waiting", activities_waiting),
                ("messages in hand", messages_in_hand),
                ("work items", inbox_depth),
                ("busy instances", instances_busy),
                ("messages known", known),
            ] {
                if count > 0 {
                    left.push(format!("host-{number}: {count} {what}"));
                }
            }
        }
        left
    }

    /// Whether every shard still runs.
    pub(crate) fn check_health(&self) {
        for (number, host) in self.running.borrow().iter().enumerate() {
            if host.as_ref().is_some_and(|host| !host.worker.health().loops_alive) {
                self.broken(format!("a shard of host-{number} has died"));
            }
        }
    }

    /// Where all hosts are one process, that is started anew.
    pub(crate) fn restart_process(&self) {
        if self.world.plan.backend == Backend::Memory {
            self.drop_all_and_restart_memory();
        }
    }

    fn drop_all_and_restart_memory(&self) {
        (0..self.world.plan.hosts.len()).for_each(|number| self.drop_one(number));
        self.hub.restart_memory(&self.observer);
    }

    fn drop_one(&self, number: usize) {
        let Some(host) = self.running.borrow_mut()[number].take() else { return };
        self.world.trace.say(Who::Host(number), || "is gone".to_owned());
        self.count(number, &host);
        host.runtime.die();
        host.link.stop(Stop::Die);
    }

    fn count(&self, number: usize, host: &Host) {
        let Stats { turns, commits, commits_stale, commits_not_owned, panics, .. } = host.worker.stats();
        self.world.count(|figures| {
            figures.turns += turns;
            figures.commits += commits;
            figures.split_brains += commits_stale;
            figures.not_owned += commits_not_owned;
        });
        if panics > 0 {
            self.broken(format!("{panics} panics were caught in host-{number}"));
        }
        if !host.worker.health().loops_alive {
            self.broken(format!("a shard of host-{number} has died"));
        }
    }

    fn broken(&self, text: String) {
        self.world.checked(Err(Violation::new(Rule::NobodyPanics, "", text)));
    }
}
