//! Many clients that wait for many instances.

use std::thread;
use std::time::{Duration, Instant};

use e2e::Server;

use super::deploy;
use crate::azure::world::World;

/// Clients at the same time.
const POLLERS: usize = 50;

/// How long all of it may take.
const TIMEOUT: Duration = Duration::from_mins(3);

fn post(server: &Server, path: &str, body: &str) {
    let url = format!("{}/runtime/webhooks/durabletask/{path}", server.url());
    let answer = ureq::post(url).header("content-type", "application/json").send(body);
    assert_eq!(answer.unwrap().status(), 202, "{path}");
}

/// Every poller waits for its share, every other one by long polls, and misses none.
fn no_completion_is_missed(server: &Server, instances: usize) {
    deploy(server, "greeter_v1");
    let number = |count: usize| 0..count;
    for instance in number(instances) {
        post(server, &format!("orchestrators/greet/i-{instance}"), "\"you\"");
    }
    let deadline = Instant::now() + TIMEOUT;
    thread::scope(|scope| {
        for poller in number(POLLERS) {
            let mine: Vec<usize> = number(instances).filter(|instance| instance % POLLERS == poller).collect();
            scope.spawn(move || {
                for instance in mine {
                    let url = match poller % 2 {
                        0 => format!("{}/rondo/instances/i-{instance}/wait", server.url()),
                        _ => format!("{}/runtime/webhooks/durabletask/instances/i-{instance}", server.url()),
                    };
                    while ureq::get(&url).call().unwrap().status() != 200 {
                        assert!(Instant::now() < deadline, "the end of i-{instance} was missed");
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            });
        }
        scope.spawn(|| {
            // The last first: most pollers wait for an instance that ends late.
            for instance in number(instances).rev() {
                post(server, &format!("instances/i-{instance}/raiseEvent/go"), "null");
            }
        });
    });
}

#[test]
fn fifty_pollers_miss_none_of_five_hundred_ends() {
    let folder = tempfile::tempdir().unwrap();
    no_completion_is_missed(&Server::start(folder.path()).unwrap(), 500);
}

mod azure {
    use super::*;

    #[test]
    fn fifty_pollers_miss_none_of_a_hundred_ends() {
        // The emulator is one thread: a fifth of the instances.
        let world = World::new();
        no_completion_is_missed(&world.host("north", &[]), 100);
    }
}
