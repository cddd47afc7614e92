// Package adapter talks to the module that stands for the operating system in a component that imports nothing.
//
// Go's runtime gets clock, random numbers and standard output from wasi_snapshot_preview1. `rondo build` links a small
// adapter in its place, which shares one block of memory with this package: what the clock says, where random numbers
// come from, and what was printed.
package adapter

import "rondo/internal/wire"

// Line is one line that was printed.
type Line struct {
	Level wire.LogLevel
	Text  string
}
