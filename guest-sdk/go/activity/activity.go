// Package activity offers activities: functions with side effects, called by orchestrations of any component.
//
//	func Charge(ctx activity.Context, quote Quote) (Payment, error) {
//		return provider.Charge(quote.TotalCents, ctx.IdempotencyKey())
//	}
//
//	func init() { activity.Register("charge", Charge) }
//
// A program that imports this package is a component that exports the interface of activities.
package activity

import (
	"context"
	"fmt"

	"rondo/internal/bridge"
	"rondo/internal/failure"
	"rondo/internal/payload"
	"rondo/internal/registry"
	"rondo/internal/watch"
	"rondo/internal/wire"
)

// Failure is why an activity failed; the same type as in package rondo.
type Failure = failure.Failure

// None is the type of an input or a result that is not there.
type None = struct{}

// NewFailure makes a failure that a retry policy may try again; see rondo.NewFailure.
func NewFailure(kind, message string) *Failure { return failure.New(kind, message) }

// NewFinalFailure makes a failure that no retry policy tries again.
func NewFinalFailure(kind, message string) *Failure { return failure.Final(kind, message) }

// Context is what an activity may know about the call it serves. It is never canceled and has no deadline: the host
// interrupts an attempt by dropping the guest.
type Context struct {
	context.Context
	call wire.ActivityContext
}

// InstanceID is the instance that called.
func (ctx Context) InstanceID() string { return ctx.call.InstanceID }

// ExecutionID is which execution of it.
func (ctx Context) ExecutionID() string { return ctx.call.ExecutionID }

// Attempt is which attempt this is, counted from 1.
func (ctx Context) Attempt() int { return int(ctx.call.Attempt) }

// IdempotencyKey is the same for every attempt of this call, and different for every other call.
//
// An activity may run more than once. Give this to services that recognise repeated requests.
func (ctx Context) IdempotencyKey() string {
	return fmt.Sprintf("%s-%d", ctx.call.ExecutionID, ctx.call.Task)
}

type run func(ctx Context, input wire.Payload) (wire.Payload, error)

var activities = registry.Registry[run]{NotFound: failure.KindActivityNotFound}

// Option says more about an activity: [Description].
type Option func(*wire.Definition)

// Description is one sentence for people who list components.
func Description(text string) Option {
	return func(definition *wire.Definition) { definition.Description = text }
}

// Register offers an activity under a name. Call it from an init function: main does not run in a component.
//
// Inputs and results are anything that package encoding/json/v2 can turn into JSON and back; None where there is none.
func Register[In, Out any](name string, activity func(Context, In) (Out, error), options ...Option) {
	definition := wire.Definition{Name: name}
	for _, option := range options {
		option(&definition)
	}
	activities.Add(definition, func(ctx Context, text wire.Payload) (wire.Payload, error) {
		var input In
		if err := payload.Decode(text, &input, failure.KindInvalidInput); err != nil {
			return nil, err
		}
		output, err := activity(ctx, input)
		if err != nil {
			return nil, err
		}
		return payload.Encode(output)
	})
}

func init() { bridge.Perform = perform }

// perform runs one attempt to its end.
func perform(name string, input wire.Payload, call wire.ActivityContext) (output wire.Payload, err error) {
	run, err := activities.Find(name)
	if err != nil {
		return nil, err
	}
	isStuck := watch.Activity(func() {
		output, err = guarded(run, Context{Context: context.Background(), call: call}, input)
	})
	if isStuck {
		return nil, failure.New(failure.KindStalled, "the activity awaits something that nothing in it will complete")
	}
	return output, err
}

// guarded makes a failure of a panic.
func guarded(run run, ctx Context, input wire.Payload) (output wire.Payload, err error) {
	isDone := false
	defer func() {
		if thrown := recover(); thrown != nil {
			output, err = nil, failure.FromPanic(thrown)
		} else if !isDone {
			err = failure.New(failure.KindError, "runtime.Goexit was called in an activity")
		}
	}()
	output, err = run(ctx, input)
	isDone = true
	return output, err
}
