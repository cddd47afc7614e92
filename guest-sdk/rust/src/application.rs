//! What a component offers: functions by name.

use std::any::TypeId;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::types::Definition;
use crate::{ActivityContext, Context, Error, Result, kind, payload};

/// A function at work: ends with the JSON text of its result.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Option<String>>>>>;

/// The orchestrations and activities of a component. [`export!`](crate::export) makes one; tests read it.
#[derive(Default)]
pub struct Application {
    orchestrations: Vec<Entry<Context>>,
    activities: Vec<Entry<ActivityContext>>,
}

/// Reads an input and calls the function with it.
type Begin<C> = dyn Fn(C, Option<&str>) -> Result<Running>;

struct Entry<C> {
    name: String,
    description: String,
    /// Of the function: every function has a type of its own.
    function: TypeId,
    begin: Box<Begin<C>>,
}

impl Application {
    /// One that offers nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an orchestration.
    #[must_use]
    pub fn orchestration<F, Fut, I, O>(mut self, name: &str, description: &str, function: F) -> Self
    where
        F: Fn(Context, I) -> Fut + 'static,
        Fut: Future<Output = Result<O>> + 'static,
        I: DeserializeOwned,
        O: Serialize,
    {
        self.orchestrations.push(Entry::new(name, description, function));
        self
    }

    /// Adds an activity.
    #[must_use]
    pub fn activity<F, Fut, I, O>(mut self, name: &str, description: &str, function: F) -> Self
    where
        F: Fn(ActivityContext, I) -> Fut + 'static,
        Fut: Future<Output = Result<O>> + 'static,
        I: DeserializeOwned,
        O: Serialize,
    {
        self.activities.push(Entry::new(name, description, function));
        self
    }

    /// Begins an orchestration; none of its code runs yet.
    pub(crate) fn begin_orchestration(&self, name: &str, ctx: Context, input: Option<&str>) -> Result<Running> {
        find(&self.orchestrations, name, kind::ORCHESTRATION_NOT_FOUND)?.begin(ctx, input)
    }

    /// Begins an activity; none of its code runs yet.
    pub(crate) fn begin_activity(&self, name: &str, ctx: ActivityContext, input: Option<&str>) -> Result<Running> {
        find(&self.activities, name, kind::ACTIVITY_NOT_FOUND)?.begin(ctx, input)
    }

    /// The name under which a function is offered as an orchestration.
    pub(crate) fn orchestration_name<F: 'static>(&self, _: &F) -> Option<&str> {
        name_of::<F, _>(&self.orchestrations)
    }

    /// The name under which a function is offered as an activity.
    pub(crate) fn activity_name<F: 'static>(&self, _: &F) -> Option<&str> {
        name_of::<F, _>(&self.activities)
    }

    pub(crate) fn orchestrations(&self) -> Vec<Definition> {
        self.orchestrations.iter().map(Entry::definition).collect()
    }

    pub(crate) fn activities(&self) -> Vec<Definition> {
        self.activities.iter().map(Entry::definition).collect()
    }
}

impl<C> Entry<C> {
    fn new<F, Fut, I, O>(name: &str, description: &str, function: F) -> Self
    where
        F: Fn(C, I) -> Fut + 'static,
        Fut: Future<Output = Result<O>> + 'static,
        I: DeserializeOwned,
        O: Serialize,
    {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            function: TypeId::of::<F>(),
            begin: Box::new(move |ctx, input| {
                let running = function(ctx, payload::decode(input, kind::INVALID_INPUT)?);
                Ok(Box::pin(async move { payload::encode(&running.await?) }))
            }),
        }
    }

    fn begin(&self, ctx: C, input: Option<&str>) -> Result<Running> {
        (self.begin)(ctx, input)
    }

    fn definition(&self) -> Definition {
        Definition { name: self.name.clone(), description: self.description.clone() }
    }
}

fn find<'a, C>(entries: &'a [Entry<C>], name: &str, kind: &str) -> Result<&'a Entry<C>> {
    entries
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::new(kind, format!("this component has no {name:?}")).non_retriable())
}

fn name_of<F: 'static, C>(entries: &[Entry<C>]) -> Option<&str> {
    entries.iter().find(|entry| entry.function == TypeId::of::<F>()).map(|entry| entry.name.as_str())
}
