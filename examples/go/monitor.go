package main

import (
	"fmt"
	"time"

	"rondo"
	"rondo/activity"
)

// Monitor: looks at a certificate once a day until it is about to expire, with a history that never grows.

func init() {
	rondo.Register("watch", watch, rondo.Description("Watches a certificate until it is about to expire."))
	activity.Register("look", look, activity.Description("Looks at a certificate."))
	activity.Register("notify", notify, activity.Description("Tells its owner."))
}

// Watch is what to watch, and how far the watch has come.
type Watch struct {
	Host string `json:"host"`
	// ValidDays is how long the certificate was valid when the watch began.
	ValidDays int `json:"valid_days"`
	// WarnDays is how long before its end to warn.
	WarnDays int `json:"warn_days"`
	// DayMs is how long a day takes.
	DayMs int `json:"day_ms"`
	// Checks are the looks that earlier executions have taken.
	Checks int `json:"checks"`
}

// Finding is what a look has found.
type Finding struct {
	Host     string `json:"host"`
	DaysLeft int    `json:"days_left"`
}

// Warning is the end of a watch.
type Warning struct {
	Message string `json:"message"`
	Checks  int    `json:"checks"`
}

// After so many looks the history is thrown away and a new execution goes on.
const checksPerExecution = 3

func watch(ctx rondo.Context, watch Watch) (Warning, error) {
	for range checksPerExecution {
		finding, err := rondo.Call[Finding](ctx, "look", watch, rondo.Retry{MaxAttempts: 10, Backoff: 2})
		if err != nil {
			return Warning{}, err
		}
		watch.Checks++
		if err := ctx.SetCustomStatus(finding); err != nil {
			return Warning{}, err
		}
		if finding.DaysLeft <= watch.WarnDays {
			message, err := rondo.Call[string](ctx, "notify", finding)
			return Warning{Message: message, Checks: watch.Checks}, err
		}
		if err := ctx.Sleep(time.Duration(watch.DayMs) * time.Millisecond); err != nil {
			return Warning{}, err
		}
	}
	return Warning{}, ctx.ContinueAsNew(watch)
}

func look(_ activity.Context, watch Watch) (Finding, error) {
	// A real one would connect to the host and read its certificate.
	if watch.Host == "" {
		return Finding{}, activity.NewFinalFailure("no-host", "there is nothing to look at")
	}
	return Finding{Host: watch.Host, DaysLeft: max(watch.ValidDays-watch.Checks, 0)}, nil
}

func notify(_ activity.Context, finding Finding) (string, error) {
	return fmt.Sprintf("the certificate of %s expires in %d days", finding.Host, finding.DaysLeft), nil
}
