//! The activities.

use rondo::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a failure is written in inputs and results.
#[derive(Serialize, Deserialize)]
pub(crate) struct Failure {
    details: Option<String>,
    kind: String,
    message: String,
    non_retriable: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let mut error = Self::new(failure.kind, failure.message);
        if let Some(details) = failure.details {
            error = error.with_details(details);
        }
        if failure.non_retriable { error.non_retriable() } else { error }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            details: error.details().map(str::to_owned),
            kind: error.kind().to_owned(),
            message: error.message().to_owned(),
            non_retriable: error.is_non_retriable(),
        }
    }
}

/// How long `flaky` fails.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flaky {
    succeed_on: u32,
}

#[derive(Serialize)]
pub(crate) struct Whoami {
    attempt: u32,
    execution_id: String,
    idempotency_key: String,
    instance_id: String,
}

pub(crate) async fn add_one(_: ActivityContext, n: i64) -> Result<i64> {
    Ok(n + 1)
}

pub(crate) async fn square(_: ActivityContext, n: i64) -> Result<i64> {
    Ok(n * n)
}

pub(crate) async fn echo(_: ActivityContext, value: Value) -> Result<Value> {
    Ok(value)
}

pub(crate) async fn flaky(ctx: ActivityContext, Flaky { succeed_on }: Flaky) -> Result<u32> {
    let attempt = ctx.attempt();
    if attempt < succeed_on {
        return Err(Error::new("flaky", format!("attempt {attempt} of {succeed_on}")));
    }
    Ok(attempt)
}

pub(crate) async fn fail(_: ActivityContext, failure: Failure) -> Result<()> {
    Err(failure.into())
}

pub(crate) async fn whoami(ctx: ActivityContext, (): ()) -> Result<Whoami> {
    Ok(Whoami {
        attempt: ctx.attempt(),
        execution_id: ctx.execution_id().to_owned(),
        idempotency_key: ctx.idempotency_key(),
        instance_id: ctx.instance_id().to_owned(),
    })
}

pub(crate) async fn rust_stamp(_: ActivityContext, text: String) -> Result<String> {
    Ok(text + "<rust>")
}
