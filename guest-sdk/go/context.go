package rondo

import (
	"math/rand/v2"
	"time"

	"rondo/internal/payload"
	"rondo/internal/random"
	"rondo/internal/wire"
)

// Context is an orchestration's only way to the outside. It is a small value: pass it on as it is.
//
// Everything here is deterministic: run again with the same history, the same code makes the same decisions.
type Context struct {
	core  *core
	scope *scope
}

// Parent is who started an orchestration and waits for its result.
type Parent struct {
	InstanceID  string
	ExecutionID string
	// Name is the name of its orchestration.
	Name string
}

// Activity calls an activity by name. The names are those of all components that are deployed.
//
// The call is scheduled at once; the future is its result. See also [Call].
func (ctx Context) Activity(name string, input any, options ...ActivityOption) *Future {
	text, err := payload.Encode(input)
	if err != nil {
		return settledFuture(ctx.core, err)
	}
	action := &wire.ScheduleActivity{Name: name, Input: text}
	for _, option := range options {
		option.applyToActivity(action)
	}
	return ctx.newTask(func(task uint32) wire.Action {
		action.Task = task
		return action
	})
}

// Child calls an orchestration by name as a child of this one.
//
// The child is started at once; the future is its result. See also [CallChild].
func (ctx Context) Child(name string, input any, options ...ChildOption) *Future {
	action, err := newChild(name, input, options)
	if err != nil {
		return settledFuture(ctx.core, err)
	}
	return ctx.newTask(func(task uint32) wire.Action {
		action.Task = task
		return action
	})
}

// StartDetached starts an orchestration and forgets about it: it has no parent, and nobody hears of its result.
//
// The error is that the input has no JSON form. Whether the orchestration can start is not known here.
func (ctx Context) StartDetached(name string, input any, options ...ChildOption) error {
	action, err := newChild(name, input, options)
	if err != nil {
		return err
	}
	action.Detached = true
	action.Task = ctx.core.number(nil)
	ctx.core.push(action)
	return nil
}

func newChild(name string, input any, options []ChildOption) (*wire.StartChild, error) {
	text, err := payload.Encode(input)
	if err != nil {
		return nil, err
	}
	action := &wire.StartChild{Name: name, Input: text}
	for _, option := range options {
		option.applyToChild(action)
	}
	return action, nil
}

// Timer is a durable timer that fires so long after now.
func (ctx Context) Timer(duration time.Duration) *Future {
	return ctx.timerAtMs(ctx.core.nowMs + millis(duration))
}

// TimerAt is a durable timer that fires at a time; at once when that is past.
func (ctx Context) TimerAt(at time.Time) *Future {
	return ctx.timerAtMs(uint64(max(at.UnixMilli(), 0)))
}

func (ctx Context) timerAtMs(fireAt uint64) *Future {
	return ctx.newTask(func(task uint32) wire.Action { return &wire.CreateTimer{Task: task, FireAt: fireAt} })
}

// Sleep waits for a durable timer. The error is that its context was canceled.
func (ctx Context) Sleep(duration time.Duration) error {
	return ctx.Timer(duration).Get(nil)
}

// Event waits for an external event; the future is its data. Names are compared without regard to ASCII case.
//
// Events are kept until somebody waits, oldest first, so none is missed.
func (ctx Context) Event(name string) *Future {
	return ctx.newTask(func(task uint32) wire.Action { return &wire.WaitEvent{Task: task, Name: name} })
}

// SendEvent raises an external event on another instance. One that does not exist, or has ended, ignores it.
//
// The error is that the data has no JSON form.
func (ctx Context) SendEvent(instanceID, name string, data any) error {
	text, err := payload.Encode(data)
	if err != nil {
		return err
	}
	task := ctx.core.number(nil)
	ctx.core.push(&wire.SendEvent{Task: task, InstanceID: instanceID, Name: name, Data: text})
	return nil
}

// SetCustomStatus is what status queries show until this is called again.
//
// The error is that the status has no JSON form.
func (ctx Context) SetCustomStatus(status any) error {
	text, err := payload.Encode(status)
	if err != nil {
		return err
	}
	ctx.core.push(&wire.SetCustomStatus{Status: text})
	return nil
}

// Now is the time of the current turn, in UTC, to the millisecond. It stands still while nothing is awaited.
func (ctx Context) Now() time.Time {
	return time.UnixMilli(int64(ctx.core.nowMs)).UTC()
}

// Random is the next number of a random sequence that belongs to this execution. Not for secrets.
func (ctx Context) Random() uint64 {
	high, _ := ctx.core.draw()
	return high
}

// RandomBelow is a random number from 0 up to, not including, end; 0 when end is 0.
func (ctx Context) RandomBelow(end uint64) uint64 {
	return random.Below(ctx.Random(), end)
}

// RandomFloat is a random number from 0 up to, not including, 1.
func (ctx Context) RandomFloat() float64 {
	return random.Float(ctx.Random())
}

// Rand is a generator of package math/rand/v2 on top of Random.
func (ctx Context) Rand() *rand.Rand {
	return rand.New(source{ctx})
}

type source struct{ ctx Context }

func (s source) Uint64() uint64 { return s.ctx.Random() }

// UUID is a random UUID (version 4) that belongs to this execution, for example as an idempotency key.
func (ctx Context) UUID() string {
	return random.UUID(ctx.core.draw())
}

// InstanceID is the instance this is an execution of; chosen by whoever started it.
func (ctx Context) InstanceID() string { return ctx.core.execution.InstanceID }

// ExecutionID is this execution: 32 hex digits, other ones after every continue-as-new.
func (ctx Context) ExecutionID() string { return ctx.core.execution.ExecutionID }

// Name is the orchestration's name.
func (ctx Context) Name() string { return ctx.core.execution.Name }

// Version is the version text that the starter asked for, if any.
func (ctx Context) Version() (version string, isSet bool) {
	if version := ctx.core.execution.Version; version != nil {
		return *version, true
	}
	return "", false
}

// Tag is the value of one tag of the instance.
func (ctx Context) Tag(key string) (value string, isSet bool) {
	for _, tag := range ctx.core.execution.Tags {
		if tag.Key == key {
			return tag.Value, true
		}
	}
	return "", false
}

// Tags are all tags of the instance.
func (ctx Context) Tags() map[string]string {
	tags := make(map[string]string, len(ctx.core.execution.Tags))
	for _, tag := range ctx.core.execution.Tags {
		tags[tag.Key] = tag.Value
	}
	return tags
}

// Parent is who waits for the result; nil for an orchestration that a client started.
func (ctx Context) Parent() *Parent {
	parent := ctx.core.execution.Parent
	if parent == nil {
		return nil
	}
	return &Parent{InstanceID: parent.InstanceID, ExecutionID: parent.ExecutionID, Name: parent.Name}
}

// millis is whole milliseconds; 0 for negative durations.
func millis(duration time.Duration) uint64 {
	return uint64(max(duration.Milliseconds(), 0))
}
