//! What clients see of the hosts: where they are, and for how long nobody answered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use ureq::Agent;

/// After this, a client gives a request up and asks another host. What became of it, it does not know.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two attempts of a client that got no answer.
const PAUSE: Duration = Duration::from_millis(100);

/// The prefix of the paths that Durable Functions has.
pub(crate) const DURABLE: &str = "/runtime/webhooks/durabletask";

/// The hosts' addresses and the clients' luck.
#[derive(Debug)]
pub(crate) struct Net {
    agent: Agent,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// None while a host is not there.
    urls: Vec<Option<String>>,
    next: usize,
    last_answer: Instant,
    longest_outage: Duration,
}

/// An answer of a host that could do what was asked, or knows why not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// An earlier attempt was left without an answer, or with one that says nothing: it may have been done.
    pub(crate) is_repeated: bool,
}

impl Net {
    pub(crate) fn new(hosts: usize) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(REQUEST_TIMEOUT)).build();
        let state =
            State { urls: vec![None; hosts], next: 0, last_answer: Instant::now(), longest_outage: Duration::ZERO };
        Self { agent: Agent::new_with_config(config), state: Mutex::new(state) }
    }

    /// Tells clients where a host is.
    pub(crate) fn set(&self, host: usize, url: Option<String>) {
        self.state().urls[host] = url;
    }

    /// The clock of outages begins.
    pub(crate) fn begin(&self) {
        self.state().last_answer = Instant::now();
    }

    /// The longest time that passed without any client getting an answer.
    pub(crate) fn longest_outage(&self) -> Duration {
        let state = self.state();
        state.longest_outage.max(state.last_answer.elapsed())
    }

    /// Asks until some host answers otherwise than that it cannot right now; none after the deadline, which may change.
    pub(crate) fn ask(
        &self,
        verb: &str,
        path: &str,
        body: Option<&Value>,
        deadline: impl Fn() -> Instant,
    ) -> Option<Answer> {
        let mut is_repeated = false;
        while Instant::now() < deadline() {
            if let Some(url) = self.next_url() {
                match self.once(verb, &format!("{url}{path}"), body) {
                    Ok((status, body)) if status < 500 && status != 429 => {
                        self.answered();
                        return Some(Answer { status, body, is_repeated });
                    }
                    // Told that nothing was done.
                    Ok((429, _)) => {}
                    Ok(_) | Err(_) => is_repeated = true,
                }
            }
            thread::sleep(PAUSE);
        }
        None
    }

    /// Asks one host, once.
    pub(crate) fn once(&self, verb: &str, url: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let request = ureq::http::Request::builder().method(verb).uri(url).header("content-type", "application/json");
        let request = request.body(body.map(Value::to_string).unwrap_or_default()).context("making a request")?;
        let mut answer = self.agent.run(request).context("asking a host")?;
        let text = answer.body_mut().read_to_string().context("reading an answer")?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn next_url(&self) -> Option<String> {
        let mut state = self.state();
        let count = state.urls.len();
        (0..count).find_map(|_| {
            state.next = (state.next + 1) % count;
            state.urls[state.next].clone()
        })
    }

    fn answered(&self) {
        let mut state = self.state();
        state.longest_outage = state.longest_outage.max(state.last_answer.elapsed());
        state.last_answer = Instant::now();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
