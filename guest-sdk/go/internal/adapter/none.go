//go:build !wasip1

package adapter

// SetNow does nothing: tests have the clock of their system.
func SetNow(uint64) {}

// Seed does nothing: tests have the random numbers of their system.
func Seed(uint64) {}

// TakeOutput returns nothing: tests print.
func TakeOutput() []Line { return nil }
