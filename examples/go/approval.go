package main

import (
	"errors"
	"fmt"
	"time"

	"rondo"
	"rondo/activity"
)

// Human interaction: an expense report waits for somebody's decision, but not forever.

func init() {
	rondo.Register("expense", expense, rondo.Description("Takes an expense to its approval or rejection."))
	activity.Register("classify", classify, activity.Description("Says whether an expense needs a decision."))
	activity.Register("reimburse", reimburse, activity.Description("Pays an expense back."))
}

// Expense is what somebody wants back.
type Expense struct {
	Employee    string `json:"employee"`
	AmountCents int    `json:"amount_cents"`
	// TimeoutMs is how long the first approver has, and then their manager.
	TimeoutMs int `json:"timeout_ms"`
}

// Decision is the data of the external event "decision".
type Decision struct {
	Approved bool   `json:"approved"`
	By       string `json:"by"`
}

// Outcome is what became of it.
type Outcome struct {
	Approved bool   `json:"approved"`
	By       string `json:"by"`
	// Booking is there when the expense is paid.
	Booking *string `json:"booking"`
}

func expense(ctx rondo.Context, expense Expense) (Outcome, error) {
	policy, err := rondo.Call[string](ctx, "classify", expense)
	if err != nil {
		return Outcome{}, err
	}
	decision := Decision{Approved: true, By: "policy"}
	if policy == "needs-decision" {
		if decision, err = decide(ctx, expense); err != nil {
			return Outcome{}, err
		}
	}
	outcome := Outcome{Approved: decision.Approved, By: decision.By}
	if !decision.Approved {
		return outcome, ctx.SetCustomStatus("rejected")
	}
	booking, err := rondo.Call[string](ctx, "reimburse", expense)
	if err != nil {
		return Outcome{}, err
	}
	outcome.Booking = &booking
	return outcome, ctx.SetCustomStatus("approved")
}

// decide asks the approver, then their manager; when both stay silent, the answer is no.
func decide(ctx rondo.Context, expense Expense) (Decision, error) {
	limit := time.Duration(expense.TimeoutMs) * time.Millisecond
	for _, asked := range []string{"approver", "manager"} {
		if err := ctx.SetCustomStatus("waiting for the " + asked); err != nil {
			return Decision{}, err
		}
		decision, err := rondo.AwaitWithTimeout[Decision](ctx, ctx.Event("decision"), limit)
		if !errors.Is(err, rondo.ErrTimeout) {
			return decision, err
		}
		ctx.Warnf("no decision by the %s for %s", asked, expense.Employee)
	}
	return Decision{By: "timeout"}, nil
}

func classify(_ activity.Context, expense Expense) (string, error) {
	switch {
	case expense.AmountCents == 0:
		return "", activity.NewFinalFailure("empty-expense", "there is nothing to pay back")
	case expense.AmountCents <= 5_000:
		return "automatic", nil
	default:
		return "needs-decision", nil
	}
}

func reimburse(_ activity.Context, expense Expense) (string, error) {
	return fmt.Sprintf("%s gets %d.%02d", expense.Employee, expense.AmountCents/100, expense.AmountCents%100), nil
}
