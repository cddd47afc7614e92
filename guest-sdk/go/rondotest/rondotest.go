// Package rondotest runs orchestrations in an ordinary go test: no WebAssembly, no host, no waiting.
//
// Time is virtual: a timer of three days fires at once when nothing else is left to do. The activities and children that
// the program registers really run unless the test replaces them. After every turn the whole history is replayed into a
// fresh copy of the orchestration, which must decide the same again; so every test is also a test of determinism.
//
//	stage := rondotest.New(t)
//	rondotest.Activity(stage, "charge", func(order Order) (Payment, error) { return Payment{"pay-1"}, nil })
//	stage.EventAfter(24*time.Hour, "approval", true)
//	run := stage.Run("order", Order{ID: "A-1"})
//	receipt, err := rondotest.Result[Receipt](run)
package rondotest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"rondo/internal/failure"
	"rondo/internal/payload"
	"rondo/internal/wire"
)

// Stage is a test's stage: what is replaced, and what happens from outside.
type Stage struct {
	t          testing.TB
	activities map[string]double
	children   map[string]double
	events     []delivery
	start      time.Time
	instanceID string
	version    *string
	tags       map[string]string
}

// double stands in for an activity or a child.
type double func(wire.Payload) (wire.Payload, error)

// New makes a stage at 2030-01-01T00:00:00Z.
func New(t testing.TB) *Stage {
	return &Stage{
		t:          t,
		activities: map[string]double{},
		children:   map[string]double{},
		start:      time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		instanceID: "test",
		tags:       map[string]string{},
	}
}

// Activity puts a function in the place of an activity. It takes no time.
func Activity[In, Out any](stage *Stage, name string, replacement func(In) (Out, error)) {
	stage.activities[name] = doubleOf(replacement)
}

// Child puts a function in the place of an orchestration that is called as a child. It takes no time.
func Child[In, Out any](stage *Stage, name string, replacement func(In) (Out, error)) {
	stage.children[name] = doubleOf(replacement)
}

func doubleOf[In, Out any](replacement func(In) (Out, error)) double {
	return func(text wire.Payload) (wire.Payload, error) {
		var input In
		if err := payload.Decode(text, &input, failure.KindInvalidInput); err != nil {
			return nil, err
		}
		output, err := replacement(input)
		if err != nil {
			return nil, err
		}
		return payload.Encode(output)
	}
}

// Event raises an external event before the first turn.
func (s *Stage) Event(name string, data any) { s.EventAfter(0, name, data) }

// EventAfter raises an external event at a later time.
func (s *Stage) EventAfter(delay time.Duration, name string, data any) {
	s.t.Helper()
	s.events = append(s.events, delivery{atMs: uint64(delay.Milliseconds()), event: name, data: s.encode(data)})
}

// StartAt sets the time of the first turn.
func (s *Stage) StartAt(start time.Time) { s.start = start }

// InstanceID sets the instance id, "test" by default.
func (s *Stage) InstanceID(id string) { s.instanceID = id }

// Version sets the version text that the orchestration sees.
func (s *Stage) Version(version string) { s.version = &version }

// Tag sets a tag of the instance.
func (s *Stage) Tag(key, value string) { s.tags[key] = value }

// Run runs an orchestration until it ends. The test fails when it waits for something that the stage does not provide,
// decides differently when it is replayed, or never ends.
func (s *Stage) Run(orchestration string, input any) *Run {
	s.t.Helper()
	execution := wire.Execution{InstanceID: s.instanceID, Name: orchestration, Version: s.version, Input: s.encode(input)}
	for _, key := range slices.Sorted(maps.Keys(s.tags)) {
		execution.Tags = append(execution.Tags, wire.Tag{Key: key, Value: s.tags[key]})
	}
	run := &Run{}
	w := &world{stage: s, run: run, startMs: uint64(s.start.UnixMilli())}
	w.nowMs = w.startMs
	for _, event := range s.events {
		event.atMs += w.startMs
		w.deliver(event)
	}
	run.output, run.err = w.play(execution)
	run.elapsed = time.Duration(w.nowMs-w.startMs) * time.Millisecond
	return run
}

func (s *Stage) encode(value any) wire.Payload {
	s.t.Helper()
	text, err := payload.Encode(value)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// Run is what became of an orchestration.
type Run struct {
	output  wire.Payload
	err     error
	elapsed time.Duration
	log     []string
	status  wire.Payload
}

// Result is the orchestration's result, or the error it ended with.
func Result[T any](run *Run) (result T, err error) {
	if run.err != nil {
		return result, run.err
	}
	err = payload.Decode(run.output, &result, failure.KindInvalidOutput)
	return result, err
}

// Elapsed is how long it took in virtual time.
func (r *Run) Elapsed() time.Duration { return r.elapsed }

// Log is what was decided and what happened, a line each.
func (r *Run) Log() []string { return r.log }

// CustomStatus is the JSON text of the last custom status; empty when there is none.
func (r *Run) CustomStatus() string { return string(r.status) }
