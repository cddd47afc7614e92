//! An orchestrator whose runtime insists on WASI.
#![cfg(target_family = "wasm")]

use std::cell::RefCell;
use std::fmt::Write as _;

use bindings::exports::rondo::orchestration::orchestrator::Guest;
use bindings::rondo::orchestration::types::{Action, Definition, Execution, Failure, Turn};
use wasip2::cli::{environment, exit, stderr, stdin, stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens;
use wasip2::io::poll;
use wasip2::random::{insecure, insecure_seed, random};

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "orchestrations" });

    use super::Component;
    export!(Component);
}

struct Component;

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

const NAMES: [&str; 8] = ["clocks", "random", "surroundings", "print", "sleep", "poll", "exit", "print-and-panic"];

impl Guest for Component {
    fn describe() -> Vec<Definition> {
        NAMES.iter().map(|name| Definition { name: (*name).to_owned(), description: String::new() }).collect()
    }

    fn start(execution: Execution) -> Result<(), Failure> {
        NAME.with(|name| *name.borrow_mut() = execution.name);
        Ok(())
    }

    fn run(turns: Vec<Turn>) -> Vec<Vec<Action>> {
        let name = NAME.with(|name| name.borrow().clone());
        turns.iter().map(|_| vec![Action::SetCustomStatus(Some(status(&name)))]).collect()
    }
}

fn status(name: &str) -> String {
    match name {
        "clocks" => {
            let wall = wall_clock::now();
            format!("{}.{:09} {}", wall.seconds, wall.nanoseconds, monotonic_clock::now())
        }
        "random" => {
            let seed = insecure_seed::insecure_seed();
            let bytes = random::get_random_bytes(3);
            format!("{} {} {bytes:?} {seed:?}", random::get_random_u64(), insecure::get_insecure_random_u64())
        }
        "surroundings" => surroundings(),
        "print" => {
            print("one\ntwo\nthr");
            stderr::get_stderr().blocking_write_and_flush(b"careful\n").expect("standard error is there");
            print("ee");
            String::new()
        }
        "sleep" => {
            // Nothing is later than now, so this one is ready.
            monotonic_clock::subscribe_duration(0).block();
            monotonic_clock::subscribe_duration(1_000_000_000).block();
            unreachable!("a second cannot pass within a turn")
        }
        "poll" => {
            let now = monotonic_clock::now();
            let later = monotonic_clock::subscribe_instant(now + 1);
            let past = monotonic_clock::subscribe_instant(now);
            format!("{:?} {} {}", poll::poll(&[&later, &past]), later.ready(), past.ready())
        }
        "exit" => {
            exit::exit(Err(()));
            unreachable!("exit does not return")
        }
        _ => {
            print("about to panic\n");
            panic!("on purpose")
        }
    }
}

fn surroundings() -> String {
    let mut text = String::new();
    write!(
        text,
        "{:?} {:?} {:?} {} {:?}",
        environment::get_arguments(),
        environment::get_environment(),
        environment::initial_cwd(),
        preopens::get_directories().len(),
        stdin::get_stdin().blocking_read(10).is_err()
    )
    .expect("writing to a String cannot fail");
    text
}

fn print(text: &str) {
    stdout::get_stdout().blocking_write_and_flush(text.as_bytes()).expect("standard output is there");
}
