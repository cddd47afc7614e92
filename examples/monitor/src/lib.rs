//! Monitor: looks at a certificate once a day until it is about to expire, with a history that never grows.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What to watch, and how far the watch has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Watch {
    /// Whose certificate.
    pub host: String,
    /// How many days it was valid when the watch began.
    pub valid_days: u32,
    /// How many days before its end to warn.
    pub warn_days: u32,
    /// How long a day takes, in milliseconds.
    pub day_ms: u64,
    /// How many looks earlier executions have taken.
    #[serde(default)]
    pub checks: u32,
}

/// What a look has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Whose certificate.
    pub host: String,
    /// How many days it is still valid.
    pub days_left: u32,
}

/// The end of a watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// What people read.
    pub message: String,
    /// How many looks it took.
    pub checks: u32,
}

/// After so many looks the history is thrown away and a new execution goes on.
const CHECKS_PER_EXECUTION: u32 = 3;

async fn watch(ctx: Context, mut watch: Watch) -> Result<Warning> {
    for _ in 0..CHECKS_PER_EXECUTION {
        let finding = ctx.call(look, &watch).retry(Retry::attempts(10).backoff(2.0)).await?;
        watch.checks += 1;
        ctx.set_custom_status(&finding)?;
        if finding.days_left <= watch.warn_days {
            let message = ctx.call(notify, &finding).await?;
            return Ok(Warning { message, checks: watch.checks });
        }
        ctx.timer(millis(watch.day_ms)).await;
    }
    ctx.continue_as_new(watch)
}

async fn look(_: ActivityContext, watch: Watch) -> Result<Finding> {
    // A real one would connect to the host and read its certificate.
    if watch.host.is_empty() {
        return Err(Error::new("no-host", "there is nothing to look at").non_retriable());
    }
    Ok(Finding { days_left: watch.valid_days.saturating_sub(watch.checks), host: watch.host })
}

async fn notify(_: ActivityContext, finding: Finding) -> Result<String> {
    Ok(format!("the certificate of {} expires in {} days", finding.host, finding.days_left))
}

rondo::export! {
    orchestrations: [
        /// Watches a certificate until it is about to expire.
        watch,
    ],
    activities: [
        /// Looks at a certificate.
        look,
        /// Tells its owner.
        notify,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::{Harness, Run};

    use super::*;

    fn run(valid_days: u32) -> Run<Warning> {
        let host = "shop.example".to_owned();
        let watch = Watch { host, valid_days, warn_days: 14, day_ms: 86_400_000, checks: 0 };
        Harness::new(application()).run("watch", watch)
    }

    #[test]
    fn it_warns_on_the_day_and_not_before() {
        let run = run(90);
        assert_eq!(run.result().unwrap().message, "the certificate of shop.example expires in 14 days");
        assert_eq!(run.elapsed(), days(90 - 14));
    }

    #[test]
    fn no_execution_is_longer_than_three_looks() {
        let run = run(90);
        assert_eq!(run.result().unwrap().checks, 77);
        assert_eq!(run.executions(), 77_u32.div_ceil(CHECKS_PER_EXECUTION));
    }

    #[test]
    fn what_is_late_already_is_told_at_once() {
        let run = run(3);
        assert_eq!((run.elapsed(), run.executions()), (days(0), 1));
    }
}
