package rondo

import (
	"cmp"
	"math"
	"slices"
	"time"

	"rondo/internal/wire"
)

// Call calls an activity and waits for its result.
//
//	payment, err := rondo.Call[Payment](ctx, "charge", order, rondo.Retry{MaxAttempts: 5, Backoff: 2})
func Call[T any](ctx Context, name string, input any, options ...ActivityOption) (T, error) {
	return Await[T](ctx.Activity(name, input, options...))
}

// CallChild calls an orchestration as a child of this one and waits for its result.
func CallChild[T any](ctx Context, name string, input any, options ...ChildOption) (T, error) {
	return Await[T](ctx.Child(name, input, options...))
}

// ActivityOption is how an activity is called: [Retry].
type ActivityOption interface{ applyToActivity(*wire.ScheduleActivity) }

// ChildOption is how a child is called: [InstanceID], [Version], [Tag], [Retry].
type ChildOption interface{ applyToChild(*wire.StartChild) }

type childOption func(*wire.StartChild)

func (o childOption) applyToChild(action *wire.StartChild) { o(action) }

// InstanceID is the child's instance id; by default the host derives one. An id in use fails the call: kind
// instance-exists.
func InstanceID(id string) ChildOption {
	return childOption(func(action *wire.StartChild) { action.InstanceID = &id })
}

// Tag is a tag of the child; a second value for the same key replaces the first.
func Tag(key, value string) ChildOption {
	return childOption(func(action *wire.StartChild) {
		byKey := func(tag wire.Tag, key string) int { return cmp.Compare(tag.Key, key) }
		at, isKnown := slices.BinarySearchFunc(action.Tags, key, byKey)
		if isKnown {
			action.Tags[at].Value = value
			return
		}
		action.Tags = slices.Insert(action.Tags, at, wire.Tag{Key: key, Value: value})
	})
}

// Version is the version text that a child, or the next execution of [Context.ContinueAsNew], sees.
type Version string

func (v Version) applyToChild(action *wire.StartChild) {
	text := string(v)
	action.Version = &text
}

func (v Version) applyToNext(action *wire.ContinueAsNew) {
	text := string(v)
	action.Version = &text
}

// Retry is when the host tries a failed activity or child again. Without it there is one attempt.
//
// The host does it by itself: the orchestration hears only of the last outcome. Attempt n+1 begins
// FirstInterval * Backoff^(n-1), at most MaxInterval, after attempt n failed.
type Retry struct {
	// MaxAttempts is how many there are in all; 0 counts as 1, which means no retry.
	MaxAttempts uint32
	// FirstInterval is how long to wait after the first failure; one second when it is 0.
	FirstInterval time.Duration
	// Backoff is by what each wait is longer than the one before. Values below 1 and infinities count as 1.
	Backoff float64
	// MaxInterval bounds each wait; 0: nothing does.
	MaxInterval time.Duration
	// Timeout is how long after the first attempt was scheduled the last one may begin; 0: for ever.
	Timeout time.Duration
	// NonRetriableKinds are the kinds of failures that are final.
	NonRetriableKinds []string
}

func (r Retry) policy() *wire.RetryPolicy {
	backoff := r.Backoff
	if math.IsNaN(backoff) || math.IsInf(backoff, 0) || backoff < 1 {
		backoff = 1
	}
	return &wire.RetryPolicy{
		MaxAttempts:        max(r.MaxAttempts, 1),
		FirstInterval:      millis(cmp.Or(r.FirstInterval, time.Second)),
		BackoffCoefficient: backoff,
		MaxInterval:        optionalMillis(r.MaxInterval),
		RetryTimeout:       optionalMillis(r.Timeout),
		NonRetriableKinds:  slices.Clone(r.NonRetriableKinds),
	}
}

func optionalMillis(duration time.Duration) *uint64 {
	if duration == 0 {
		return nil
	}
	ms := millis(duration)
	return &ms
}

func (r Retry) applyToActivity(action *wire.ScheduleActivity) { action.Retry = r.policy() }
func (r Retry) applyToChild(action *wire.StartChild)          { action.Retry = r.policy() }
