package rondo

import (
	"strings"
	"testing"
	"time"

	"rondo/internal/wire"
)

func begun(t *testing.T, body func(Context) error) *core {
	t.Helper()
	Register(t.Name(), func(ctx Context, _ None) (None, error) { return None{}, body(ctx) })
	c, err := start(wire.Execution{Name: t.Name(), ExecutionID: strings.Repeat("0", 32)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func completed(task uint32) wire.Event { return wire.Event{Case: wire.ActivityCompleted, Task: task} }

func TestWhatTheCodeDoesNotWaitForIsPassedOver(t *testing.T) {
	c := begun(t, func(ctx Context) error {
		if err := ctx.Activity("work", nil).Get(nil); err != nil {
			return err
		}
		return ctx.Sleep(time.Second)
	})
	decided := c.Run([]wire.Turn{
		{},
		{Events: []wire.Event{completed(7)}},
		{Events: []wire.Event{completed(0), completed(0)}},
		{Events: []wire.Event{completed(0)}},
		{Events: []wire.Event{{Case: wire.TimerFired, Task: 1}}},
		{Events: []wire.Event{completed(0)}},
	})
	for turn, want := range []int{1, 0, 1, 0, 1, 0} {
		if len(decided[turn]) != want {
			t.Errorf("turn %d decided %v", turn, decided[turn])
		}
	}
}

func TestUnknownNamesAndBadInputsDoNotStart(t *testing.T) {
	Register(t.Name(), func(Context, int) (None, error) { return None{}, nil })
	for _, try := range []struct {
		name, kind string
		input      wire.Payload
	}{
		{"nobody", KindOrchestrationNotFound, nil},
		{t.Name(), KindInvalidInput, wire.Payload(`"one"`)},
		{t.Name(), KindInvalidInput, nil},
		{t.Name(), KindInvalidInput, wire.Payload("no json")},
	} {
		if _, err := start(wire.Execution{Name: try.name, Input: try.input}); KindOf(err) != try.kind {
			t.Errorf("%s with %s: %v", try.name, try.input, err)
		}
	}
}

func BenchmarkReplayOfAThousandSteps(b *testing.B) {
	Register(b.Name(), func(ctx Context, _ None) (None, error) {
		for range 1_000 {
			if err := ctx.Activity("work", 1).Get(nil); err != nil {
				return None{}, err
			}
		}
		return None{}, nil
	})
	turns := []wire.Turn{{}}
	for task := range uint32(1_000) {
		turns = append(turns, wire.Turn{Now: uint64(task), Events: []wire.Event{completed(task)}})
	}
	for b.Loop() {
		c, err := start(wire.Execution{Name: b.Name()})
		if err != nil {
			b.Fatal(err)
		}
		if decided := c.Run(turns); len(decided[1_000]) != 1 {
			b.Fatal(decided[1_000])
		}
	}
}
