package rondo

import (
	"reflect"
	"slices"
	"time"

	"rondo/internal/failure"
	"rondo/internal/payload"
	"rondo/internal/wire"
)

// Future is something that will be there later: the result of an activity or child, a timer, an external event, or what
// Async computes. Get waits for it.
type Future struct {
	core *core
	task uint32
	// How to give up what this waits for; nil when there is nothing to give up any more.
	cancel func()

	isSettled bool
	output    wire.Payload
	err       error
	// A value that never was JSON, instead of output.
	value any

	waiters []waiter
}

// waiter hears of futures that are settled.
type waiter interface{ settled(*Future) }

// newTask begins something that will be settled. decide gets its task id.
func (ctx Context) newTask(decide func(task uint32) wire.Action) *Future {
	c := ctx.core
	c.running()
	if ctx.scope.err != nil {
		return settledFuture(c, ctx.scope.err)
	}
	future := &Future{core: c}
	future.task = c.number(future)
	future.cancel = func() {
		c.close(future.task)
		c.push(&wire.Cancel{Task: future.task})
	}
	c.push(decide(future.task))
	ctx.scope.add(future)
	return future
}

// settledFuture is one that has failed from the beginning.
func settledFuture(c *core, err error) *Future {
	return &Future{core: c, isSettled: true, err: err}
}

func (f *Future) settle(output wire.Payload, err error) {
	f.isSettled, f.output, f.err, f.cancel = true, output, err, nil
	waiters := f.waiters
	f.waiters = nil
	for _, waiter := range waiters {
		waiter.settled(f)
	}
}

// IsReady says whether Get would return at once.
func (f *Future) IsReady() bool {
	if f.isSettled {
		f.take()
	}
	return f.isSettled
}

// holdsEvent says whether it has an event that no code has taken.
func (f *Future) holdsEvent() bool { return f.isSettled && f.core.untaken[f.task] == f }

// take notes that code knows that it is there: it may go on because of that, and never look at the event.
func (f *Future) take() {
	if f.holdsEvent() {
		delete(f.core.untaken, f.task)
	}
}

// Get waits until it is there and reads the result into what out points to; nil drops it.
//
// The error is why it failed, a *Failure in most cases.
func (f *Future) Get(out any) error {
	f.wait()
	f.take()
	if f.err != nil || out == nil {
		return f.err
	}
	if f.value != nil {
		return assign(out, f.value)
	}
	return payload.Decode(f.output, out, KindInvalidOutput)
}

// GetWithTimeout is Get with a limit: when the time is over, it cancels the future and returns ErrTimeout.
//
// When both happen in the same turn, the result counts.
func (f *Future) GetWithTimeout(ctx Context, limit time.Duration, out any) error {
	if f.isSettled {
		return f.Get(out)
	}
	timer := ctx.Timer(limit)
	if Race(f, timer) == 1 {
		if timer.err != nil {
			return timer.err
		}
		return ErrTimeout
	}
	return f.Get(out)
}

// Cancel gives it up: the host drops the result, a timer does not fire, an event wait takes no event, an attempt of an
// activity is interrupted where possible; a child goes on. Get returns ErrCanceled. Nothing happens when it is there
// already, but that an event which no code has taken goes back to where it was, for the next wait.
func (f *Future) Cancel() {
	f.abandon(ErrCanceled)
}

func (f *Future) abandon(err error) {
	if f.holdsEvent() {
		f.take()
		f.core.push(&wire.Cancel{Task: f.task})
		f.output, f.err = nil, err
		return
	}
	if f.isSettled {
		return
	}
	cancel := f.cancel
	f.cancel = nil
	if cancel != nil {
		cancel()
	}
	if !f.isSettled {
		f.settle(nil, err)
	}
}

func (f *Future) wait() {
	if f.isSettled {
		return
	}
	f.watch(f.core.running())
	f.core.wait(func() bool { return f.isSettled })
}

func (f *Future) watch(w waiter) { f.waiters = append(f.waiters, w) }

func (f *Future) unwatch(w waiter) {
	f.waiters = slices.DeleteFunc(f.waiters, func(other waiter) bool { return other == w })
}

// assign puts a value into what out points to.
func assign(out, value any) error {
	target := reflect.ValueOf(out)
	if target.Kind() == reflect.Pointer && !target.IsNil() && reflect.TypeOf(value).AssignableTo(target.Type().Elem()) {
		target.Elem().Set(reflect.ValueOf(value))
		return nil
	}
	return failure.Final(KindInvalidOutput, "expected a pointer to "+reflect.TypeOf(value).String())
}

// Await waits for a future and returns its result.
func Await[T any](f *Future) (T, error) {
	var out T
	err := f.Get(&out)
	return out, err
}

// AwaitWithTimeout is Await with a limit; see [Future.GetWithTimeout].
func AwaitWithTimeout[T any](ctx Context, f *Future, limit time.Duration) (T, error) {
	var out T
	err := f.GetWithTimeout(ctx, limit, &out)
	return out, err
}
