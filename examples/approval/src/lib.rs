//! Human interaction: an expense report waits for somebody's decision, but not forever.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What somebody wants back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expense {
    /// Who.
    pub employee: String,
    /// How much, in cents.
    pub amount_cents: u64,
    /// How long the first approver has, and then their manager, in milliseconds.
    pub timeout_ms: u64,
}

/// The data of the external event `decision`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decision {
    /// Whether the expense is paid.
    pub approved: bool,
    /// Who decided.
    pub by: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the expense is paid.
    pub approved: bool,
    /// Who decided.
    pub by: String,
    /// The booking, when it is paid.
    pub booking: Option<String>,
}

/// The activity `classify` says who has to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Nobody.
    Automatic,
    /// Somebody.
    NeedsDecision,
}

async fn expense(ctx: Context, expense: Expense) -> Result<Outcome> {
    let Decision { approved, by } = match ctx.call(classify, &expense).await? {
        Policy::Automatic => Decision { approved: true, by: "policy".to_owned() },
        Policy::NeedsDecision => decide(&ctx, &expense).await?,
    };
    let booking = if approved { Some(ctx.call(reimburse, &expense).await?) } else { None };
    ctx.set_custom_status(if approved { "approved" } else { "rejected" })?;
    Ok(Outcome { approved, by, booking })
}

/// Asks the approver, then their manager; when both stay silent, the answer is no.
async fn decide(ctx: &Context, expense: &Expense) -> Result<Decision> {
    for asked in ["approver", "manager"] {
        ctx.set_custom_status(format!("waiting for the {asked}"))?;
        match ctx.timeout(millis(expense.timeout_ms), ctx.event("decision")).await {
            Ok(decision) => return decision,
            Err(Elapsed { .. }) => warn!(ctx, "no decision by the {asked} for {}", expense.employee),
        }
    }
    Ok(Decision { approved: false, by: "timeout".to_owned() })
}

async fn classify(_: ActivityContext, expense: Expense) -> Result<Policy> {
    if expense.amount_cents == 0 {
        return Err(Error::new("empty-expense", "there is nothing to pay back").non_retriable());
    }
    Ok(if expense.amount_cents <= 5_000 { Policy::Automatic } else { Policy::NeedsDecision })
}

async fn reimburse(_: ActivityContext, expense: Expense) -> Result<String> {
    Ok(format!("{} gets {}.{:02}", expense.employee, expense.amount_cents / 100, expense.amount_cents % 100))
}

rondo::export! {
    orchestrations: [
        /// Takes an expense to its approval or rejection.
        expense,
    ],
    activities: [
        /// Says whether an expense needs a decision.
        classify,
        /// Pays an expense back.
        reimburse,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::Harness;

    use super::*;

    fn an_expense(amount_cents: u64) -> Expense {
        Expense { employee: "Kim".to_owned(), amount_cents, timeout_ms: 60_000 }
    }

    fn yes() -> Decision {
        Decision { approved: true, by: "Robin".to_owned() }
    }

    #[test]
    fn a_small_expense_is_paid_without_asking() {
        let run = Harness::new(application()).run::<Outcome>("expense", an_expense(4_999));
        assert_eq!(run.result().unwrap().booking.as_deref(), Some("Kim gets 49.99"));
        assert!(!run.log().iter().any(|line| line.starts_with("wait")));
    }

    #[test]
    fn a_decision_in_time_counts_and_stops_the_clock() {
        let run = Harness::new(application())
            .event_after(secs(30), "Decision", yes())
            .run::<Outcome>("expense", an_expense(120_000));
        assert_eq!(run.result().unwrap().by, "Robin");
        assert_eq!(run.elapsed(), secs(30));
        assert_eq!(run.custom_status(), Some("\"approved\""));
        assert!(run.log().contains(&"cancel 2".to_owned()));
    }

    #[test]
    fn when_the_approver_is_silent_the_manager_may_decide() {
        let run = Harness::new(application())
            .event_after(secs(90), "decision", yes())
            .run::<Outcome>("expense", an_expense(120_000));
        assert!(run.result().unwrap().approved);
        assert_eq!(run.log().iter().filter(|line| line.starts_with("log warn")).count(), 1);
    }

    #[test]
    fn silence_is_a_no() {
        let run = Harness::new(application()).run::<Outcome>("expense", an_expense(120_000));
        assert_eq!(run.result().unwrap(), &Outcome { approved: false, by: "timeout".to_owned(), booking: None });
        assert_eq!(run.elapsed(), secs(120));
    }
}
