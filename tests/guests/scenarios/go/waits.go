package main

import (
	"errors"
	"time"

	"rondo"
)

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

func timer(ctx rondo.Context, ms int64) (int64, error) {
	err := ctx.Sleep(millis(ms))
	return ctx.Now().UnixMilli(), err
}

func timerAt(ctx rondo.Context, ms int64) (int64, error) {
	err := ctx.TimerAt(time.UnixMilli(ms)).Get(nil)
	return ctx.Now().UnixMilli(), err
}

func waitEvent(ctx rondo.Context, name string) (any, error) {
	return rondo.Await[any](ctx.Event(name))
}

func waitTwice(ctx rondo.Context, _ rondo.None) ([2]any, error) {
	first, second := ctx.Event("go"), ctx.Event("go")
	var data [2]any
	return data, errors.Join(first.Get(&data[0]), second.Get(&data[1]))
}

type event struct {
	Data       any    `json:"data"`
	InstanceID string `json:"instance_id"`
	Name       string `json:"name"`
}

func sendEvent(ctx rondo.Context, event event) (int64, error) {
	if err := ctx.SendEvent(event.InstanceID, event.Name, event.Data); err != nil {
		return 0, err
	}
	return rondo.Call[int64](ctx, "add_one", 1)
}

type limit struct {
	Ms   int64  `json:"ms"`
	Name string `json:"name"`
}

func timeoutEvent(ctx rondo.Context, limit limit) (any, error) {
	data, err := rondo.AwaitWithTimeout[any](ctx, ctx.Event(limit.Name), millis(limit.Ms))
	if errors.Is(err, rondo.ErrTimeout) {
		return "too late", nil
	}
	return data, err
}

func timeoutActivity(ctx rondo.Context, limit limit) (int64, error) {
	return rondo.AwaitWithTimeout[int64](ctx, ctx.Activity("add_one", 1), millis(limit.Ms))
}

func race(ctx rondo.Context, delays []int64) (any, error) {
	timers := make([]*rondo.Future, len(delays))
	for index, ms := range delays {
		timers[index] = ctx.Timer(millis(ms))
	}
	return rondo.Call[any](ctx, "echo", rondo.Race(timers...))
}

func raceMixed(ctx rondo.Context, _ rondo.None) (int, error) {
	racers := []*rondo.Future{
		ctx.Event("go"),
		ctx.Activity("add_one", 1),
		ctx.Child("chain", 1),
		ctx.Timer(time.Minute),
	}
	winner := rondo.Race(racers...)
	return winner, racers[winner].Get(nil)
}

func races(ctx rondo.Context, _ rondo.None) ([]any, error) {
	var taken []any
	for range 2 {
		waits := []*rondo.Future{ctx.Event("a"), ctx.Event("b")}
		data, err := rondo.Await[any](waits[rondo.Race(waits...)])
		if err != nil {
			return nil, err
		}
		taken = append(taken, data)
	}
	return taken, nil
}

func handOver(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	ctx.Event("a")
	if err := ctx.Event("b").Get(nil); err != nil {
		return rondo.None{}, err
	}
	return rondo.None{}, ctx.ContinueAsNew(nil)
}

func cancel(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	begun := []*rondo.Future{
		ctx.Activity("square", 2),
		ctx.Timer(time.Minute),
		ctx.Event("x"),
		ctx.Child("chain", 1),
		ctx.Activity("add_one", 7),
	}
	_, err := rondo.Call[int64](ctx, "add_one", 0)
	for last := len(begun) - 1; last >= 0; last-- {
		begun[last].Cancel()
	}
	return rondo.None{}, err
}
