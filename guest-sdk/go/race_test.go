package rondo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rondo/internal/wire"
)

func raised(task uint32, data string) wire.Event {
	return wire.Event{Case: wire.EventRaised, Task: task, Output: wire.Payload(data)}
}

func fired(task uint32) wire.Event { return wire.Event{Case: wire.TimerFired, Task: task} }

// brief says of what was decided in a turn what these tests are about.
func brief(actions []wire.Action) []string {
	lines := []string{}
	for _, action := range actions {
		switch action := action.(type) {
		case *wire.Cancel:
			lines = append(lines, fmt.Sprint("cancel ", action.Task))
		case *wire.WaitEvent:
			lines = append(lines, fmt.Sprint("wait ", action.Task, " ", action.Name))
		case *wire.CreateTimer:
			lines = append(lines, fmt.Sprint("timer ", action.Task))
		case *wire.ScheduleActivity:
			lines = append(lines, fmt.Sprint("activity ", action.Task))
		case *wire.ContinueAsNew:
			lines = append(lines, "continue")
		case *wire.Complete:
			lines = append(lines, "complete "+string(action.Output))
		default:
			lines = append(lines, fmt.Sprintf("%T", action))
		}
	}
	return lines
}

// wantTurn runs all turns and looks at what is decided in the last one.
func wantTurn(t *testing.T, body func(Context) error, events [][]wire.Event, want ...string) {
	t.Helper()
	turns := []wire.Turn{{}}
	for _, events := range events {
		turns = append(turns, wire.Turn{Events: events})
	}
	decided := begun(t, body).Run(turns)
	if got := brief(decided[len(decided)-1]); !slices.Equal(got, want) {
		t.Errorf("decided %q instead of %q", got, want)
	}
}

func TestTheEventOfAWaitThatLosesARaceIsThereForTheNext(t *testing.T) {
	twice := func(ctx Context) error {
		Race(ctx.Event("a"), ctx.Event("b"))
		Race(ctx.Event("a"), ctx.Event("b"))
		return nil
	}
	wantTurn(t, twice, [][]wire.Event{{raised(0, "1"), raised(1, "2")}}, "cancel 1", "wait 2 a", "wait 3 b")
}

func TestAnEventGoesBackWhereATimerWinsInTheSameTurn(t *testing.T) {
	timer := func(ctx Context) error {
		Race(ctx.Timer(time.Second), ctx.Event("a"))
		return ctx.Sleep(time.Second)
	}
	wantTurn(t, timer, [][]wire.Event{{raised(1, "1"), fired(0)}}, "cancel 1", "timer 2")
}

func TestEventsGoBackWhenWhatTheyAreWaitedForWithFails(t *testing.T) {
	fails := func(ctx Context) error {
		if All(ctx.Event("a"), ctx.Activity("x", nil)) == nil {
			t.Error("it did not fail")
		}
		return ctx.Sleep(time.Second)
	}
	failed := wire.Event{Case: wire.ActivityFailed, Task: 1, Failure: &wire.Failure{Kind: "x"}}
	wantTurn(t, fails, [][]wire.Event{{raised(0, "1")}, {failed}}, "cancel 0", "timer 2")
}

func TestEventsGoBackWithTheirContext(t *testing.T) {
	scoped := func(ctx Context) error {
		inner, cancel := WithCancel(ctx)
		inner.Event("a")
		taken := inner.Event("b")
		if err := ctx.Sleep(time.Second); err != nil {
			return err
		}
		if err := taken.Get(nil); err != nil {
			return err
		}
		cancel()
		return ctx.Sleep(time.Second)
	}
	wantTurn(t, scoped, [][]wire.Event{{raised(0, "1"), raised(1, "2")}, {fired(2)}}, "cancel 0", "timer 3")
}

func TestWhatCodeKnowsOfNeverGoesBackAndNothingGoesBackTwice(t *testing.T) {
	known := func(ctx Context) error {
		a, b, c := ctx.Event("a"), ctx.Event("b"), ctx.Event("c")
		Race(a)
		NewSelector(ctx).AddFuture(b, func(*Future) {}).Select()
		for _, f := range []*Future{a, b, c, c} {
			f.Cancel()
		}
		return ctx.Sleep(time.Second)
	}
	events := []wire.Event{raised(0, "1"), raised(1, "2"), raised(2, "3")}
	wantTurn(t, known, [][]wire.Event{events}, "cancel 2", "timer 3")
}

func TestBeforeContinueAsNewAllEventsGoBackThatNobodyHasTaken(t *testing.T) {
	next := func(ctx Context) error {
		ctx.Event("a")
		ctx.Event("b")
		if err := ctx.Event("c").Get(nil); err != nil {
			return err
		}
		return ctx.ContinueAsNew(nil)
	}
	events := []wire.Event{raised(1, "1"), raised(0, "2"), raised(2, "3")}
	wantTurn(t, next, [][]wire.Event{events}, "cancel 0", "cancel 1", "continue")
}
