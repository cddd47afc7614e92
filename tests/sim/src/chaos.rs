//! What happens to hosts, at its time.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::hosts::Hosts;
use crate::link::Stop;
use crate::plan::Mishap;
use crate::trace::Who;

/// A host that changes nothing for so long is stopped all the same.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets everything happen that is planned, then heals everything.
pub(crate) async fn rage(hosts: &Rc<Hosts>) {
    let world = hosts.world.clone();
    let mut happening = JoinSet::new();
    for (at, mishap) in world.plan.mishaps.clone() {
        let hosts = Rc::clone(hosts);
        happening.spawn_local(async move {
            tokio::time::sleep(at).await;
            hosts.world.trace.say(Who::Chaos, || format!("{mishap:?}"));
            happen(&hosts, mishap).await;
        });
    }
    tokio::time::sleep(world.plan.chaos).await;
    happening.shutdown().await;
    world.calm_down();
    // Where messages could not be given back they return with a restart, and not before.
    hosts.restart_process();
    hosts.start_all();
    hosts.heal().await;
}

async fn happen(hosts: &Rc<Hosts>, mishap: Mishap) {
    match mishap {
        Mishap::Crash { host, change, is_after, down } => {
            let Some(link) = hosts.link(host) else { return };
            link.arm(Stop::Die, change, is_after);
            if tokio::time::timeout(PATIENCE, link.stopped()).await.is_err() {
                link.stop(Stop::Die);
            }
            hosts.crash(host, &link);
            tokio::time::sleep(down).await;
            hosts.start_all();
        }
        Mishap::Stall { host, change, is_after, time } => {
            let Some(link) = hosts.link(host) else { return };
            link.arm(Stop::Stall, change, is_after);
            if tokio::time::timeout(PATIENCE, link.stopped()).await.is_err() {
                link.stop(Stop::Stall);
            }
            hosts.world.count(|figures| figures.stalls += 1);
            tokio::time::sleep(time).await;
            hosts.world.trace.say(link.who, || "goes on".to_owned());
            link.let_go();
        }
        Mishap::Restart { host, down } => {
            hosts.leave(host).await;
            tokio::time::sleep(down).await;
            hosts.start_all();
        }
        Mishap::Outage { time } => {
            hosts.world.set_out(true);
            tokio::time::sleep(time).await;
            hosts.world.trace.say(Who::Chaos, || "the outage is over".to_owned());
            hosts.world.set_out(false);
        }
        Mishap::Theft { partition } => {
            hosts.world.count(|figures| figures.thefts += 1);
            hosts.hub.steal(partition).await;
        }
        Mishap::Away { host, time, is_noticed } => {
            let Some(fickle) = hosts.fickle(host) else { return };
            hosts.world.count(|figures| figures.thefts += 1);
            fickle.leave(is_noticed);
            tokio::time::sleep(time).await;
            fickle.come_back();
        }
    }
}
