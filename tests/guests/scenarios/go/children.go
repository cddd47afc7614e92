package main

import "rondo"

func child(ctx rondo.Context, n int64) (int64, error) {
	return rondo.CallChild[int64](ctx, "chain", n)
}

func childOptions(ctx rondo.Context, n int64) (int64, error) {
	return rondo.CallChild[int64](ctx, "chain", n,
		rondo.InstanceID(ctx.InstanceID()+"-kid"),
		rondo.Version("2.0"),
		rondo.Tag("zeta", "1"),
		rondo.Tag("alpha", "ä"),
		rondo.Retry{MaxAttempts: 3},
	)
}

func catchChild(ctx rondo.Context, n int64) (*string, error) {
	err := ctx.Child("chain", n).Get(nil)
	if err == nil {
		return nil, nil
	}
	kind := rondo.KindOf(err)
	return &kind, nil
}

func detached(ctx rondo.Context, n int64) (int64, error) {
	if err := ctx.StartDetached("chain", n, rondo.InstanceID("free-1")); err != nil {
		return 0, err
	}
	if err := ctx.StartDetached("chain", n); err != nil {
		return 0, err
	}
	return rondo.Call[int64](ctx, "add_one", 1)
}
