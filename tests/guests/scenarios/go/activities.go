package main

import (
	"fmt"

	"rondo"
	"rondo/activity"
)

// failure is how a failure is written in inputs and results.
type failure struct {
	Details      *string `json:"details"`
	Kind         string  `json:"kind"`
	Message      string  `json:"message"`
	NonRetriable bool    `json:"non_retriable"`
}

func (f failure) asError() error {
	return &rondo.Failure{Kind: f.Kind, Message: f.Message, Details: f.Details, NonRetriable: f.NonRetriable}
}

// untilSuccess is how long flaky fails.
type untilSuccess struct {
	SucceedOn int `json:"succeed_on"`
}

type caller struct {
	Attempt        int    `json:"attempt"`
	ExecutionID    string `json:"execution_id"`
	IdempotencyKey string `json:"idempotency_key"`
	InstanceID     string `json:"instance_id"`
}

func addOne(_ activity.Context, n int64) (int64, error) { return n + 1, nil }

func square(_ activity.Context, n int64) (int64, error) { return n * n, nil }

func echo(_ activity.Context, value any) (any, error) { return value, nil }

func flaky(ctx activity.Context, until untilSuccess) (int, error) {
	if attempt := ctx.Attempt(); attempt < until.SucceedOn {
		return 0, activity.NewFailure("flaky", fmt.Sprintf("attempt %d of %d", attempt, until.SucceedOn))
	}
	return ctx.Attempt(), nil
}

func fail(_ activity.Context, as failure) (activity.None, error) {
	return activity.None{}, as.asError()
}

func whoami(ctx activity.Context, _ activity.None) (caller, error) {
	return caller{
		Attempt:        ctx.Attempt(),
		ExecutionID:    ctx.ExecutionID(),
		IdempotencyKey: ctx.IdempotencyKey(),
		InstanceID:     ctx.InstanceID(),
	}, nil
}

func throws(activity.Context, activity.None) (activity.None, error) { panic("boom") }

func goStamp(_ activity.Context, text string) (string, error) { return text + "<go>", nil }
