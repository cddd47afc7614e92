package main

import (
	"time"

	"rondo"
)

func chain(ctx rondo.Context, n int64) (int64, error) {
	sum, err := rondo.Call[int64](ctx, "add_one", n)
	if err != nil {
		return 0, err
	}
	return rondo.Call[int64](ctx, "square", sum)
}

func sequential(ctx rondo.Context, count int) (last int64, err error) {
	for range count {
		if last, err = rondo.Call[int64](ctx, "add_one", last); err != nil {
			return 0, err
		}
	}
	return last, nil
}

func fanOut(ctx rondo.Context, count int) (int64, error) {
	calls := make([]*rondo.Future, count)
	for n := range calls {
		calls[n] = ctx.Activity("square", n)
	}
	squares, err := rondo.AwaitAll[int64](calls...)
	var sum int64
	for _, square := range squares {
		sum += square
	}
	return sum, err
}

func parallel(ctx rondo.Context, _ rondo.None) ([]int64, error) {
	first := rondo.Async(ctx, func(ctx rondo.Context) (int64, error) { return chain(ctx, 1) })
	second := rondo.Async(ctx, func(ctx rondo.Context) (int64, error) { return chain(ctx, 10) })
	return rondo.AwaitAll[int64](first, second)
}

func startThenAwait(ctx rondo.Context, _ rondo.None) ([2]int64, error) {
	started := [2]*rondo.Future{ctx.Activity("add_one", 1), ctx.Activity("add_one", 2)}
	var results [2]int64
	if err := started[1].Get(&results[1]); err != nil {
		return results, err
	}
	return results, started[0].Get(&results[0])
}

func retry(ctx rondo.Context, input untilSuccess) (int, error) {
	return rondo.Call[int](ctx, "flaky", input, rondo.Retry{
		MaxAttempts:       5,
		FirstInterval:     250 * time.Millisecond,
		Backoff:           1.5,
		MaxInterval:       2 * time.Second,
		Timeout:           time.Minute,
		NonRetriableKinds: []string{"fatal", "bad-input"},
	})
}

func retryDefault(ctx rondo.Context, input untilSuccess) (int, error) {
	return rondo.Call[int](ctx, "flaky", input, rondo.Retry{MaxAttempts: 3})
}
