package rondotest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"rondo/internal/bridge"
	"rondo/internal/failure"
	"rondo/internal/wire"
)

// turnsMax bounds what a test runs: an orchestration that needs more most likely never ends.
const turnsMax = 10_000

// delivery is something that will happen: an event that settles a task, or one from outside.
type delivery struct {
	atMs    uint64
	settles wire.Event
	// The name of an external event, and its data.
	event string
	data  wire.Payload
	// How many external events came before it.
	order int
}

// world is everything around one instance.
type world struct {
	stage          *Stage
	run            *Run
	startMs, nowMs uint64
	executions     int
	// In the order in which they happen.
	agenda []delivery
	// External events that nobody has taken yet, and who waits for one, oldest first.
	mailbox []delivery
	waits   []*wire.WaitEvent
	// Those that waits have, by task, which may give them back.
	taken map[uint32]delivery
	came  int
}

// deliver puts it behind everything that happens earlier or at the same time.
func (w *world) deliver(d delivery) {
	at := len(w.agenda)
	for at > 0 && w.agenda[at-1].atMs > d.atMs {
		at--
	}
	w.agenda = append(w.agenda[:at], append([]delivery{d}, w.agenda[at:]...)...)
}

func (w *world) logf(format string, args ...any) {
	w.run.log = append(w.run.log, fmt.Sprintf(format, args...))
}

func (w *world) fatalf(format string, args ...any) {
	w.stage.t.Helper()
	w.stage.t.Fatalf("%s\nuntil then:\n  %s", fmt.Sprintf(format, args...), strings.Join(w.run.log, "\n  "))
}

// play runs an instance, from execution to execution, until it ends.
func (w *world) play(execution wire.Execution) (wire.Payload, error) {
	w.stage.t.Helper()
	for {
		w.executions++
		id := sha256.Sum256(fmt.Appendf(nil, "%s/%d", execution.InstanceID, w.executions))
		execution.ExecutionID = hex.EncodeToString(id[:16])
		guest, err := bridge.Start(execution)
		if err != nil {
			return nil, err
		}
		last := w.execute(guest, execution)
		switch last := last.(type) {
		case *wire.Complete:
			return last.Output, nil
		case *wire.Fail:
			return nil, failure.FromWire(&last.Failure)
		case *wire.ContinueAsNew:
			execution.Input = last.Input
			if last.Version != nil {
				execution.Version = last.Version
			}
			w.forget(last.KeepEvents)
		}
	}
}

// forget is what becomes of the world when an execution ends: only what comes from outside is left.
func (w *world) forget(keepEvents bool) {
	left := []delivery{}
	for _, d := range w.agenda {
		if d.event != "" {
			left = append(left, d)
		} else if d.settles.Case == wire.EventRaised {
			w.giveBack(d.settles.Task)
		}
	}
	w.agenda, w.waits, w.taken = left, nil, nil
	if !keepEvents {
		w.mailbox = nil
	}
}

// execute runs one execution and returns its last action.
func (w *world) execute(guest bridge.Guest, execution wire.Execution) wire.Action {
	w.stage.t.Helper()
	var turns []wire.Turn
	var decided [][]wire.Action
	next := wire.Turn{Now: w.nowMs}
	for {
		turns = append(turns, next)
		actions := guest.Run([]wire.Turn{next})[0]
		decided = append(decided, actions)
		w.replay(execution, turns, decided)
		for _, action := range actions {
			w.logf("%s", text(action, w.startMs))
			if w.decide(execution, action) {
				return action
			}
		}
		if len(turns) == turnsMax {
			w.fatalf("%d turns, and no end", turnsMax)
		}
		next = w.nextTurn()
	}
}

func (w *world) replay(execution wire.Execution, turns []wire.Turn, decided [][]wire.Action) {
	w.stage.t.Helper()
	guest, err := bridge.Start(execution)
	if err != nil {
		w.fatalf("the orchestration starts, and then it does not: %v", err)
	}
	if again := guest.Run(turns); !reflect.DeepEqual(again, decided) {
		w.fatalf("replayed, the orchestration decides differently:\n  %s\ninstead of\n  %s",
			strings.Join(texts(again, w.startMs), "\n  "), strings.Join(texts(decided, w.startMs), "\n  "))
	}
}

// nextTurn lets the next thing happen.
func (w *world) nextTurn() wire.Turn {
	w.stage.t.Helper()
	for {
		if len(w.agenda) == 0 {
			w.fatalf("the orchestration waits for something that the test does not provide")
		}
		d := w.agenda[0]
		w.agenda = w.agenda[1:]
		w.nowMs = max(w.nowMs, d.atMs)
		if d.event != "" {
			w.came++
			d.order = w.came
			w.mailbox = append(w.mailbox, d)
			w.match()
			continue
		}
		w.logf("%s", eventText(d.settles))
		return wire.Turn{Now: w.nowMs, Events: []wire.Event{d.settles}}
	}
}

// match hands events from outside to those who wait for them.
func (w *world) match() {
	for at := 0; at < len(w.mailbox); at++ {
		for index, wait := range w.waits {
			if strings.EqualFold(wait.Name, w.mailbox[at].event) {
				settles := wire.Event{Case: wire.EventRaised, Task: wait.Task, Output: w.mailbox[at].data}
				w.deliver(delivery{atMs: w.nowMs, settles: settles})
				if w.taken == nil {
					w.taken = map[uint32]delivery{}
				}
				w.taken[wait.Task] = w.mailbox[at]
				w.waits = append(w.waits[:index], w.waits[index+1:]...)
				w.mailbox = append(w.mailbox[:at], w.mailbox[at+1:]...)
				at--
				break
			}
		}
	}
}

// decide carries out an action and says whether it was the last one.
func (w *world) decide(execution wire.Execution, action wire.Action) (isLast bool) {
	switch action := action.(type) {
	case *wire.ScheduleActivity:
		call := wire.ActivityContext{InstanceID: execution.InstanceID, ExecutionID: execution.ExecutionID, Task: action.Task}
		w.attempt(action.Retry, func(attempt uint32) (wire.Payload, error, time.Duration) {
			call.Attempt = attempt
			output, err := w.activity(action, call)
			return output, err, 0
		}, wire.Event{Case: wire.ActivityCompleted, Task: action.Task}, wire.ActivityFailed)
	case *wire.StartChild:
		if !action.Detached {
			w.attempt(action.Retry, func(uint32) (wire.Payload, error, time.Duration) { return w.child(execution, action) },
				wire.Event{Case: wire.ChildCompleted, Task: action.Task}, wire.ChildFailed)
		}
	case *wire.CreateTimer:
		settles := wire.Event{Case: wire.TimerFired, Task: action.Task}
		w.deliver(delivery{atMs: max(action.FireAt, w.nowMs), settles: settles})
	case *wire.WaitEvent:
		w.waits = append(w.waits, action)
		w.match()
	case *wire.Cancel:
		w.cancel(action.Task)
	case *wire.SetCustomStatus:
		w.run.status = action.Status
	case *wire.Log, *wire.SendEvent:
	case *wire.Complete, *wire.Fail, *wire.ContinueAsNew:
		return true
	}
	return false
}

func (w *world) cancel(task uint32) {
	agenda := w.agenda[:0]
	for _, d := range w.agenda {
		if d.event != "" || d.settles.Task != task {
			agenda = append(agenda, d)
		}
	}
	w.agenda = agenda
	waits := w.waits[:0]
	for _, wait := range w.waits {
		if wait.Task != task {
			waits = append(waits, wait)
		}
	}
	w.waits = waits
	w.giveBack(task)
	w.match()
}

// giveBack puts the event of a wait into its place among those that nobody has taken.
func (w *world) giveBack(task uint32) {
	if d, ok := w.taken[task]; ok {
		delete(w.taken, task)
		w.mailbox = append(w.mailbox, d)
		slices.SortFunc(w.mailbox, func(a, b delivery) int { return a.order - b.order })
	}
}

func (w *world) activity(action *wire.ScheduleActivity, call wire.ActivityContext) (wire.Payload, error) {
	if replacement, ok := w.stage.activities[action.Name]; ok {
		return replacement(action.Input)
	}
	if bridge.Perform == nil {
		return nil, failure.Final(failure.KindActivityNotFound, fmt.Sprintf("this component has no %q", action.Name))
	}
	return bridge.Perform(action.Name, action.Input, call)
}

// child runs a child to its end, in a world of its own, and says how long it took.
func (w *world) child(parent wire.Execution, action *wire.StartChild) (wire.Payload, error, time.Duration) {
	if replacement, ok := w.stage.children[action.Name]; ok {
		output, err := replacement(action.Input)
		return output, err, 0
	}
	id := fmt.Sprintf("%s:%d", parent.ExecutionID, action.Task)
	if action.InstanceID != nil {
		id = *action.InstanceID
	}
	inner := &world{stage: w.stage, run: &Run{}, startMs: w.nowMs, nowMs: w.nowMs}
	output, err := inner.play(wire.Execution{
		InstanceID: id, Name: action.Name, Version: action.Version, Input: action.Input, Tags: action.Tags,
		Parent: &wire.Parent{InstanceID: parent.InstanceID, ExecutionID: parent.ExecutionID, Name: parent.Name},
	})
	for _, line := range inner.run.log {
		w.logf("%s: %s", id, line)
	}
	return output, err, time.Duration(inner.nowMs-inner.startMs) * time.Millisecond
}

// attempt calls something as often as its policy allows and delivers the last outcome.
func (w *world) attempt(
	policy *wire.RetryPolicy, call func(attempt uint32) (wire.Payload, error, time.Duration),
	completed wire.Event, failed wire.EventCase,
) {
	if policy == nil {
		policy = &wire.RetryPolicy{MaxAttempts: 1, BackoffCoefficient: 1}
	}
	var passedMs uint64
	settles := completed
	for attempt := uint32(1); ; attempt++ {
		output, err, took := call(attempt)
		passedMs += uint64(took.Milliseconds())
		if err == nil {
			settles = completed
			settles.Output = output
			break
		}
		told := failure.ToWire(err)
		settles = wire.Event{Case: failed, Task: completed.Task, Failure: &told}
		waitMs := uint64(float64(policy.FirstInterval) * math.Pow(policy.BackoffCoefficient, float64(attempt-1)))
		if policy.MaxInterval != nil {
			waitMs = min(waitMs, *policy.MaxInterval)
		}
		isLate := policy.RetryTimeout != nil && passedMs+waitMs > *policy.RetryTimeout
		isFinal := told.NonRetriable || slices.Contains(policy.NonRetriableKinds, told.Kind)
		if attempt >= policy.MaxAttempts || isLate || isFinal {
			break
		}
		passedMs += waitMs
	}
	w.deliver(delivery{atMs: w.nowMs + passedMs, settles: settles})
}
