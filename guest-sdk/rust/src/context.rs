//! What an orchestration can do.

use std::borrow::Borrow;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::types::{Action, CreateTimer, Log, LogLevel, ScheduleActivity, SendEvent, StartChild, WaitEvent};
use crate::future::{Elapsed, timeout};
use crate::state::{Call, Core};
use crate::{
    ActivityCall, ActivityContext, ChildCall, Error, EventWait, Result, Timer, Timestamp, kind, payload, random,
};

/// An orchestration's only way to the outside. Cheap to clone; usable from all its futures.
///
/// Everything here is deterministic: run again with the same history, the same code makes the same decisions. So an
/// orchestration must not get anything from elsewhere; on `wasm32-unknown-unknown` it could not.
#[derive(Clone)]
pub struct Context {
    core: Rc<Core>,
}

/// What is kept when an execution continues as a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ContinueAsNew {
    pub(crate) keep_events: bool,
    pub(crate) version: Option<String>,
}

impl Default for ContinueAsNew {
    fn default() -> Self {
        Self { keep_events: true, version: None }
    }
}

impl ContinueAsNew {
    /// Keeps the version, and hands over external events that nobody has taken yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Drops external events that nobody has taken yet.
    pub fn drop_events(mut self) -> Self {
        self.keep_events = false;
        self
    }

    /// The version text that the next execution sees.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The parent of an orchestration: who started it and waits for its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent<'a> {
    /// Its instance.
    pub instance_id: &'a str,
    /// Which execution of it.
    pub execution_id: &'a str,
    /// Its orchestration.
    pub name: &'a str,
}

/// Doing things.
impl Context {
    pub(crate) fn new(core: Rc<Core>) -> Self {
        Self { core }
    }

    /// Calls an activity by name. The names are those of all components that are deployed.
    ///
    /// ```
    /// # use rondo::prelude::*;
    /// # async fn f(ctx: Context) -> Result<()> {
    /// let receipt: String = ctx.activity("charge", 100).retry(Retry::attempts(5).backoff(2.0)).await?;
    /// # Ok(()) }
    /// ```
    pub fn activity<T: DeserializeOwned>(&self, name: impl Into<String>, input: impl Serialize) -> ActivityCall<T> {
        let action = payload::encode(&input)
            .map(|input| Action::ScheduleActivity(ScheduleActivity { task: 0, name: name.into(), input, retry: None }));
        ActivityCall::new(Call::new(&self.core, action))
    }

    /// Calls an activity of this component by its function, with the types checked.
    ///
    /// The name that is recorded is the one in [`export!`](crate::export); a function that is not listed there fails
    /// the call with kind `activity-not-found`.
    ///
    /// ```
    /// # use rondo::prelude::*;
    /// async fn charge(_: ActivityContext, amount: u32) -> Result<String> {
    ///     Ok(format!("charged {amount}"))
    /// }
    /// # async fn f(ctx: Context) -> Result<()> {
    /// let receipt = ctx.call(charge, 100).await?;
    /// # Ok(()) }
    /// ```
    pub fn call<F, Fut, I, O>(&self, function: F, input: impl Borrow<I>) -> ActivityCall<O>
    where
        F: Fn(ActivityContext, I) -> Fut + 'static,
        Fut: Future<Output = Result<O>>,
        I: Serialize,
        O: DeserializeOwned,
    {
        match self.core.application.activity_name(&function) {
            Some(name) => self.activity(name, input.borrow()),
            None => ActivityCall::new(Call::new(&self.core, Err(not_exported::<F>(kind::ACTIVITY_NOT_FOUND)))),
        }
    }

    /// Calls an orchestration by name as a child of this one.
    pub fn child<T: DeserializeOwned>(&self, name: impl Into<String>, input: impl Serialize) -> ChildCall<T> {
        let action = payload::encode(&input).map(|input| {
            Action::StartChild(StartChild {
                task: 0,
                name: name.into(),
                instance_id: None,
                version: None,
                input,
                tags: Vec::new(),
                retry: None,
                detached: false,
            })
        });
        ChildCall::new(Call::new(&self.core, action))
    }

    /// Calls an orchestration of this component by its function, with the types checked; see [`call`](Self::call).
    pub fn call_child<F, Fut, I, O>(&self, function: F, input: impl Borrow<I>) -> ChildCall<O>
    where
        F: Fn(Self, I) -> Fut + 'static,
        Fut: Future<Output = Result<O>>,
        I: Serialize,
        O: DeserializeOwned,
    {
        match self.core.application.orchestration_name(&function) {
            Some(name) => self.child(name, input.borrow()),
            None => ChildCall::new(Call::new(&self.core, Err(not_exported::<F>(kind::ORCHESTRATION_NOT_FOUND)))),
        }
    }

    /// A timer that fires so long after now, the time of this call.
    pub fn timer(&self, duration: Duration) -> Timer {
        self.timer_at(self.now() + duration)
    }

    /// A timer that fires at a time; at once when that is past.
    pub fn timer_at(&self, fire_at: Timestamp) -> Timer {
        let action = Action::CreateTimer(CreateTimer { task: 0, fire_at: fire_at.as_millis() });
        Timer::new(Call::new(&self.core, Ok(action)))
    }

    /// Gives a future so much time. Whatever it still waits for is canceled when the time is over.
    ///
    /// ```
    /// # use rondo::prelude::*;
    /// # async fn f(ctx: Context) -> Result<()> {
    /// let approved: bool = match ctx.timeout(days(3), ctx.event("approval")).await {
    ///     Ok(event) => event?,
    ///     Err(Elapsed { .. }) => false,
    /// };
    /// # Ok(()) }
    /// ```
    pub fn timeout<F: Future>(
        &self,
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Elapsed>> + use<F> {
        timeout(self.timer(duration), future)
    }

    /// Waits for an external event. Names are compared without regard to ASCII case.
    pub fn event<T: DeserializeOwned>(&self, name: impl Into<String>) -> EventWait<T> {
        let action = Action::WaitEvent(WaitEvent { task: 0, name: name.into() });
        EventWait::new(Call::new(&self.core, Ok(action)))
    }

    /// Raises an external event on another instance. One that does not exist, or has ended, ignores it.
    ///
    /// # Errors
    /// The data has no JSON form.
    pub fn send_event(
        &self,
        instance_id: impl Into<String>,
        name: impl Into<String>,
        data: impl Serialize,
    ) -> Result<()> {
        let data = payload::encode(&data)?;
        let (instance_id, name) = (instance_id.into(), name.into());
        self.core.push_unsettled(Action::SendEvent(SendEvent { task: 0, instance_id, name, data }));
        Ok(())
    }

    /// What status queries show until this is called again.
    ///
    /// # Errors
    /// The status has no JSON form.
    pub fn set_custom_status(&self, status: impl Serialize) -> Result<()> {
        self.core.push(Action::SetCustomStatus(payload::encode(&status)?));
        Ok(())
    }

    /// Ends this execution and begins the next one of the same instance, with an empty history.
    ///
    /// It only takes effect when the orchestration returns it:
    ///
    /// ```
    /// # use rondo::prelude::*;
    /// async fn counter(ctx: Context, count: u64) -> Result<u64> {
    ///     ctx.timer(hours(1)).await;
    ///     if count < 1_000 { ctx.continue_as_new(count + 1) } else { Ok(count) }
    /// }
    /// ```
    ///
    /// # Errors
    /// Always: that is how it leaves the orchestration.
    pub fn continue_as_new<T>(&self, input: impl Serialize) -> Result<T> {
        self.continue_as_new_with(input, ContinueAsNew::new())
    }

    /// The same with other options.
    ///
    /// # Errors
    /// Always: that is how it leaves the orchestration.
    pub fn continue_as_new_with<T>(&self, input: impl Serialize, options: ContinueAsNew) -> Result<T> {
        Err(Error::continue_as_new(payload::encode(&input)?, options))
    }

    /// A line for the host's log; not repeated when the history is replayed. See also [`info!`](crate::info).
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.core.push(Action::Log(Log { level, message: message.to_string() }));
    }
}

/// Knowing things.
impl Context {
    /// The time of the current turn. It stands still between two awaits.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.core.now.get())
    }

    /// The next number of a random sequence that belongs to this execution. Not for secrets.
    pub fn random(&self) -> u64 {
        let (high, _) = self.draw();
        high
    }

    /// A random number from 0 up to, not including, `end`; 0 when `end` is 0.
    pub fn random_below(&self, end: u64) -> u64 {
        random::below(self.random(), end)
    }

    /// A random UUID (version 4) that belongs to this execution, for example as an idempotency key.
    pub fn uuid(&self) -> String {
        random::uuid(self.draw())
    }

    fn draw(&self) -> (u64, u64) {
        let index = self.core.drawn.get();
        self.core.drawn.set(index + 1);
        random::draw(&self.core.execution.execution_id, index)
    }

    /// The instance this is an execution of; chosen by whoever started it.
    pub fn instance_id(&self) -> &str {
        &self.core.execution.instance_id
    }

    /// This execution: 32 hex digits, other ones after every continue-as-new.
    pub fn execution_id(&self) -> &str {
        &self.core.execution.execution_id
    }

    /// The orchestration's name.
    pub fn name(&self) -> &str {
        &self.core.execution.name
    }

    /// The version text that the starter asked for.
    pub fn version(&self) -> Option<&str> {
        self.core.execution.version.as_deref()
    }

    /// The tags of the instance, sorted by key.
    pub fn tags(&self) -> &[(String, String)] {
        &self.core.execution.tags
    }

    /// The value of one tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags().iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Who waits for the result; none for an orchestration that a client started.
    pub fn parent(&self) -> Option<Parent<'_>> {
        self.core.execution.parent.as_ref().map(|parent| Parent {
            instance_id: &parent.instance_id,
            execution_id: &parent.execution_id,
            name: &parent.name,
        })
    }
}

fn not_exported<F>(kind: &str) -> Error {
    let function = std::any::type_name::<F>();
    Error::new(kind, format!("{function} is not listed in `rondo::export!`")).non_retriable()
}
