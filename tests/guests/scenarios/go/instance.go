package main

import (
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"time"

	"rondo"
)

func customStatus(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	if err := ctx.SetCustomStatus(map[string]int{"step": 1}); err != nil {
		return rondo.None{}, err
	}
	if _, err := rondo.Call[int64](ctx, "add_one", 0); err != nil {
		return rondo.None{}, err
	}
	for _, status := range []any{"grün", "", nil} {
		if err := ctx.SetCustomStatus(status); err != nil {
			return rondo.None{}, err
		}
	}
	return rondo.None{}, nil
}

func logs(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	ctx.Tracef("a trace")
	ctx.Debugf("a debug")
	ctx.Infof("an info")
	ctx.Warnf("a warning")
	ctx.Errorf("an error: %c", '🦀')
	return rondo.None{}, nil
}

func countdown(ctx rondo.Context, n int64) (string, error) {
	if n == 0 {
		return "done", nil
	}
	if _, err := rondo.Call[int64](ctx, "add_one", n); err != nil {
		return "", err
	}
	return "", ctx.ContinueAsNew(n - 1)
}

func continueOptions(ctx rondo.Context, _ rondo.None) (rondo.None, error) {
	return rondo.None{}, ctx.ContinueAsNew(nil, rondo.DropEvents(), rondo.Version("2"))
}

func ownPrint(rondo.Context, rondo.None) (rondo.None, error) {
	fmt.Println("hello")
	return rondo.None{}, nil
}

func ownSources(ctx rondo.Context, _ rondo.None) (string, error) {
	for range 2 {
		if _, err := rondo.Call[string](ctx, "echo", sources()); err != nil {
			return "", err
		}
	}
	return sources(), nil
}

// sources asks Go for everything that a replay could change.
func sources() string {
	numbers := map[string]int{
		"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	}
	var order []string
	for word := range numbers {
		order = append(order, word)
	}
	return fmt.Sprintln(time.Now().UnixMilli(), rand.Uint64(), crand.Text(), order)
}
