package main

import (
	"slices"
	"testing"

	"rondo/rondotest"
)

func TestEverybodyIsGreeted(t *testing.T) {
	run := rondotest.New(t).Run("__NAME__", []string{"Ada", "Bob"})
	greetings, err := rondotest.Result[[]string](run)
	if err != nil || !slices.Equal(greetings, []string{"Hello, Ada!", "Hello, Bob!"}) {
		t.Error(greetings, err)
	}
}
