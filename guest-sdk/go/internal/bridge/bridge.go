// Package bridge lets package rondotest drive what packages rondo and rondo/activity keep to themselves.
package bridge

import "rondo/internal/wire"

// Guest is an execution at work.
type Guest interface {
	Run(turns []wire.Turn) [][]wire.Action
}

var (
	// Start begins an execution. Set by package rondo.
	Start func(wire.Execution) (Guest, error)
	// Perform runs one attempt of an activity; nil when the program has none. Set by package activity.
	Perform func(name string, input wire.Payload, call wire.ActivityContext) (wire.Payload, error)
)
