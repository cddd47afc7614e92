package rondo

import (
	"rondo/internal/bridge"
	"rondo/internal/wire"
)

func init() {
	bridge.Start = func(execution wire.Execution) (bridge.Guest, error) { return start(execution) }
}
