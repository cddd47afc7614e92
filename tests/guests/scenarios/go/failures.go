package main

import (
	"errors"

	"rondo"
)

func callFail(ctx rondo.Context, as failure) (any, error) {
	return rondo.Call[any](ctx, "fail", as)
}

func catchFail(ctx rondo.Context, as failure) (*failure, error) {
	err := ctx.Activity("fail", as).Get(nil)
	var failed *rondo.Failure
	if errors.As(err, &failed) {
		return &failure{failed.Details, failed.Kind, failed.Message, failed.NonRetriable}, nil
	}
	return nil, err
}

func failWith(_ rondo.Context, as failure) (rondo.None, error) {
	return rondo.None{}, as.asError()
}

func panics(rondo.Context, rondo.None) (rondo.None, error) { panic("boom") }

func panicsLater(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	if _, err := rondo.Call[int64](ctx, "add_one", 0); err != nil {
		return rondo.None{}, err
	}
	panic(errors.New("boom"))
}

func stalled(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	rondo.NewChannel[int](ctx, 0).Receive()
	return rondo.None{}, nil
}

func addThree(ctx rondo.Context) []*rondo.Future {
	return []*rondo.Future{ctx.Activity("add_one", 0), ctx.Activity("add_one", 1), ctx.Activity("add_one", 2)}
}

func allFails(ctx rondo.Context, _ rondo.None) (any, error) {
	results, err := rondo.AwaitAll[int64](addThree(ctx)...)
	if err != nil {
		return rondo.Call[any](ctx, "echo", rondo.KindOf(err))
	}
	return results, nil
}

func settleAll(ctx rondo.Context, _ rondo.None) ([]any, error) {
	var settled []any
	for _, call := range addThree(ctx) {
		if result, err := rondo.Await[int64](call); err != nil {
			settled = append(settled, rondo.KindOf(err))
		} else {
			settled = append(settled, result)
		}
	}
	return settled, nil
}
