// Package main is the component __NAME__: an orchestration and the activity it calls.
package main

import (
	"fmt"

	"rondo"
	"rondo/activity"
)

func init() {
	rondo.Register("__NAME__", greetAll, rondo.Description("Greets everybody at the same time."))
	activity.Register("greet", greet, activity.Description("Greets somebody."))
}

func greetAll(ctx rondo.Context, names []string) ([]string, error) {
	greetings := make([]*rondo.Future, len(names))
	for index, name := range names {
		greetings[index] = ctx.Activity("greet", name)
	}
	return rondo.AwaitAll[string](greetings...)
}

func greet(_ activity.Context, name string) (string, error) {
	return fmt.Sprintf("Hello, %s!", name), nil
}

// A component has no main function; Go wants one.
func main() {}
