//! `instances/{id}/wait`: a long poll.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::InstanceId;
use store::InstanceRow;

use super::instances::{self, Look, existing};
use crate::Problem;
use crate::dto::InstanceStatus;
use crate::extract::{Segments, instance_id};
use crate::limits::{START_WAIT_MAX, WAIT_DEFAULT, WAIT_MAX};
use crate::openapi::{InstanceIdText, MissingInstance};
use crate::params::Params;
use crate::router::Shared;

/// How long a client that starts an instance waits for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    pub(super) timeout: Duration,
}

impl Patience {
    /// As Durable Functions has it: only with both times. The interval must make sense; here nobody needs to poll.
    pub(super) fn of(params: &Params) -> Result<Option<Self>, Problem> {
        let timeout = params.parsed("timeout", seconds)?;
        let interval = params.parsed("pollingInterval", seconds)?;
        let (Some(timeout), Some(interval)) = (timeout, interval) else { return Ok(None) };
        if interval > timeout {
            let problem = "query parameter \"pollingInterval\": it must not be longer than the timeout";
            return Err(Problem::InvalidRequest(problem.to_owned()));
        }
        Ok(Some(Self { timeout: timeout.min(START_WAIT_MAX) }))
    }
}

/// Seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("\"{text}\" is not a number of seconds"))?;
    // More than any wait; so it is no error to ask for it.
    Duration::try_from_secs_f64(seconds.clamp(f64::MIN, 1e9))
        .map_err(|_| format!("\"{text}\" is not a number of seconds from 0 on"))
}

/// Wait for the end of an instance
///
/// Answers 200 once it has ended, 202 when the time is over or the host stops. With `seen`, a revision from an earlier
/// answer, it answers 202 as soon as there is a later one, too.
#[utoipa::path(
    get, path = "/instances/{id}/wait", tag = "rondo", operation_id = "waitForInstance",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("timeout_ms" = Option<u64>, Query, description = "How long, at most 55 seconds; without it 30 seconds"),
        ("seen" = Option<u64>, Query, description = "The revision that the client has seen"),
    ),
    responses(
        (status = 200, description = "It has ended", body = InstanceStatus),
        (status = 202, description = "It has not ended", body = InstanceStatus),
        MissingInstance,
    ),
)]
pub(crate) async fn wait(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Response, Problem> {
    let params = params.only(&["timeout_ms", "seen"])?;
    let timeout = params.number("timeout_ms")?.map_or(WAIT_DEFAULT, Duration::from_millis).min(WAIT_MAX);
    let seen = params.number("seen")?;
    let row = until(&shared, &instance_id(&id)?, timeout, seen).await?;
    let look = Look { shows_input: true, fails_loudly: false };
    let (row, status) = shared.answers.json(async { instances::look_at(row, look) }).await?;
    let code = if row.state.status.is_terminal() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((code, status).into_response())
}

/// The row once it is final, or later than `seen`, or the time is over, or the host stops.
pub(super) async fn until(
    shared: &Shared,
    id: &InstanceId,
    timeout: Duration,
    seen: Option<u64>,
) -> Result<InstanceRow, Problem> {
    let mut row = existing(shared, id).await?;
    let timed_out = tokio::time::sleep(timeout);
    tokio::pin!(timed_out);
    let is_news = |row: &InstanceRow| row.state.status.is_terminal() || seen.is_some_and(|seen| row.revision > seen);
    while !is_news(&row) {
        tokio::select! {
            changed = shared.api.client.changed(id, row.revision) => {
                row = changed?.ok_or_else(|| Problem::InstanceNotFound(id.clone()))?;
            }
            () = &mut timed_out => break,
            () = shared.api.readiness.stopping() => break,
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_with_and_without_a_fraction() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for text in ["", "soon", "-1", "NaN"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
