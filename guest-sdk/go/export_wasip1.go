package rondo

import (
	"rondo/internal/abi"
	"rondo/internal/failure"
	_ "rondo/internal/realloc"
)

var (
	// A component instance serves exactly one execution.
	guest   *core
	results abi.Arena
)

//go:wasmexport rondo:orchestration/orchestrator@0.1.0#describe
func exportDescribe() uint32 {
	results.Reset()
	return results.Definitions(orchestrations.Definitions())
}

//go:wasmexport rondo:orchestration/orchestrator@0.1.0#start
func exportStart(execution uint32) uint32 {
	results.Reset()
	started, err := start(abi.Execution(execution))
	abi.Arguments.Reset()
	if err != nil {
		failure := failure.ToWire(err)
		return results.Started(&failure)
	}
	guest = started
	return results.Started(nil)
}

//go:wasmexport rondo:orchestration/orchestrator@0.1.0#run
func exportRun(start, count uint32) uint32 {
	// The host has read the results of the last call by now.
	results.Reset()
	turns := abi.Turns(start, count)
	abi.Arguments.Reset()
	return results.Decided(guest.Run(turns))
}
