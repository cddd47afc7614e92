//! Runs orchestrations in an ordinary `cargo test`: no WebAssembly, no host, no waiting.
//!
//! Time is virtual: a timer of three days fires at once when nothing else is left to do. Activities and children of the
//! same component really run unless the test replaces them. After every turn the whole history is replayed into a fresh
//! copy of the orchestration, which must decide the same again; so every test is also a test of determinism.
//!
//! ```
//! use rondo::prelude::*;
//! use rondo::testing::Harness;
//!
//! async fn order(ctx: Context, amount: u32) -> Result<String> {
//!     let receipt: String = ctx.activity("charge", amount).retry(Retry::attempts(3)).await?;
//!     let approved = ctx.timeout(days(2), ctx.event::<bool>("approval")).await??;
//!     Ok(format!("{receipt}, approved: {approved}"))
//! }
//!
//! let application = || Application::new().orchestration("order", "", order);
//! # use rondo::Application;
//! let run = Harness::new(application())
//!     .activity("charge", |amount: u32| Ok(format!("charged {amount}")))
//!     .event_after(days(1), "approval", true)
//!     .run::<String>("order", 100);
//! assert_eq!(run.result().unwrap(), "charged 100, approved: true");
//! assert_eq!(run.elapsed(), days(1));
//!
//! let run = Harness::new(application())
//!     .activity("charge", |_: u32| Err::<String, _>(Error::new("card-declined", "no").non_retriable()))
//!     .run::<String>("order", 100);
//! assert_eq!(run.result().unwrap_err().kind(), "card-declined");
//! ```

mod instance;
mod retry;
mod run;
mod text;
mod world;

pub use run::Run;
#[cfg(test)]
pub(crate) use text::action as action_text;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::types::{Failure, StartChild};
use crate::state::Outcome;
use crate::time::as_millis;
use crate::{Application, Error, Result, Timestamp, kind, payload};
use world::{Raise, World};

/// A replaced activity or child.
type Double = Box<dyn FnMut(Option<&str>) -> Outcome>;

/// A test's stage: what is there, what is replaced, what happens from outside. See the [module](self).
pub struct Harness {
    application: Rc<Application>,
    activities: BTreeMap<String, Double>,
    children: BTreeMap<String, Double>,
    events: Vec<(u64, Raise)>,
    start_ms: u64,
    instance_id: String,
    version: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Harness {
    /// A stage with everything that the component offers, at 2030-01-01T00:00:00Z.
    pub fn new(application: Application) -> Self {
        Self {
            application: Rc::new(application),
            activities: BTreeMap::new(),
            children: BTreeMap::new(),
            events: Vec::new(),
            start_ms: 1_893_456_000_000,
            instance_id: "test".to_owned(),
            version: None,
            tags: BTreeMap::new(),
        }
    }

    /// Puts a function in the place of an activity. It takes no time.
    #[must_use]
    pub fn activity<I, O>(mut self, name: &str, double: impl FnMut(I) -> Result<O> + 'static) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
    {
        self.activities.insert(name.to_owned(), boxed(double));
        self
    }

    /// Puts a function in the place of an orchestration that is called as a child. It takes no time.
    #[must_use]
    pub fn child<I, O>(mut self, name: &str, double: impl FnMut(I) -> Result<O> + 'static) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
    {
        self.children.insert(name.to_owned(), boxed(double));
        self
    }

    /// Raises an external event on the orchestration before its first turn.
    #[must_use]
    pub fn event(self, name: &str, data: impl Serialize) -> Self {
        self.event_after(Duration::ZERO, name, data)
    }

    /// Raises an external event on the orchestration at a later time.
    ///
    /// # Panics
    /// When the data has no JSON form.
    #[must_use]
    pub fn event_after(mut self, delay: Duration, name: &str, data: impl Serialize) -> Self {
        let data = payload::encode(&data).expect("the event's data has a JSON form");
        let raise = Raise { instance_id: self.instance_id.clone(), name: name.to_owned(), data };
        self.events.push((as_millis(delay), raise));
        self
    }

    /// The time of the first turn.
    #[must_use]
    pub fn start_at(mut self, time: Timestamp) -> Self {
        self.start_ms = time.as_millis();
        self
    }

    /// The instance id, `test` by default.
    #[must_use]
    pub fn instance_id(mut self, id: &str) -> Self {
        for (_, raise) in &mut self.events {
            id.clone_into(&mut raise.instance_id);
        }
        id.clone_into(&mut self.instance_id);
        self
    }

    /// The version text that the orchestration sees.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.version = Some(version.to_owned());
        self
    }

    /// A tag of the instance.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Runs an orchestration until it ends.
    ///
    /// # Panics
    /// When it waits for something that the test does not provide, decides differently when it is replayed, or never
    /// ends. The message shows all that happened.
    pub fn run<O: DeserializeOwned>(self, orchestration: &str, input: impl Serialize) -> Run<O> {
        let input = payload::encode(&input).expect("the input has a JSON form");
        let start_ms = self.start_ms;
        let mut world = World::new(self.application, self.activities, self.children, start_ms);
        for (delay_ms, raise) in self.events {
            world.raise_at(start_ms.saturating_add(delay_ms), raise);
        }
        let start = StartChild {
            task: 0,
            name: orchestration.to_owned(),
            instance_id: None,
            version: self.version,
            input,
            tags: self.tags.into_iter().collect(),
            retry: None,
            detached: true,
        };
        let outcome = world.run(start, self.instance_id);
        let result = outcome
            .map_err(Error::from_failure)
            .and_then(|output| payload::decode(output.as_deref(), kind::INVALID_OUTPUT));
        Run::new(result, world)
    }
}

fn boxed<I, O>(mut double: impl FnMut(I) -> Result<O> + 'static) -> Double
where
    I: DeserializeOwned,
    O: Serialize,
{
    Box::new(move |input| {
        let mut outcome = || payload::encode(&double(payload::decode(input, kind::INVALID_INPUT)?)?);
        outcome().map_err(failure)
    })
}

/// The failure in an error that is one.
fn failure(error: Error) -> Failure {
    error.into_failure().unwrap_or_else(|_| unreachable!("only a context makes the other kind"))
}
