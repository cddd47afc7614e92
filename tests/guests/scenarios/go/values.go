package main

import "rondo"

func echoInput(_ rondo.Context, value any) (any, error) { return value, nil }

func callEcho(ctx rondo.Context, value any) (any, error) {
	return rondo.Call[any](ctx, "echo", value)
}

type self struct {
	ExecutionID string            `json:"execution_id"`
	InstanceID  string            `json:"instance_id"`
	Name        string            `json:"name"`
	Parent      *parent           `json:"parent"`
	Tags        map[string]string `json:"tags"`
	Version     *string           `json:"version"`
}

type parent struct {
	ExecutionID string `json:"execution_id"`
	InstanceID  string `json:"instance_id"`
	Name        string `json:"name"`
}

func identity(ctx rondo.Context, _ rondo.None) (self, error) {
	known := self{ExecutionID: ctx.ExecutionID(), InstanceID: ctx.InstanceID(), Name: ctx.Name(), Tags: ctx.Tags()}
	if p := ctx.Parent(); p != nil {
		known.Parent = &parent{ExecutionID: p.ExecutionID, InstanceID: p.InstanceID, Name: p.Name}
	}
	if version, isSet := ctx.Version(); isSet {
		known.Version = &version
	}
	return known, nil
}

func now(ctx rondo.Context, _ rondo.None) ([2]int64, error) {
	before := ctx.Now().UnixMilli()
	if _, err := rondo.Call[int64](ctx, "add_one", 0); err != nil {
		return [2]int64{}, err
	}
	return [2]int64{before, ctx.Now().UnixMilli()}, nil
}

func random(ctx rondo.Context, _ rondo.None) ([]any, error) {
	drawn := []any{ctx.RandomBelow(6), ctx.UUID(), ctx.RandomBelow(1_000_000), ctx.UUID()}
	if _, err := rondo.Call[int64](ctx, "add_one", 0); err != nil {
		return nil, err
	}
	return append(drawn, ctx.RandomBelow(1<<53-1)), nil
}

func notSerializable(ctx rondo.Context, _ rondo.None) (any, error) {
	return rondo.Call[any](ctx, "echo", make(chan int))
}
