package activity

import (
	"rondo/internal/abi"
	"rondo/internal/adapter"
	"rondo/internal/failure"
	"rondo/internal/random"
	_ "rondo/internal/realloc"
	"rondo/internal/wire"
)

var results abi.Arena

//go:wasmexport rondo:orchestration/activity@0.1.0#describe
func exportDescribe() uint32 {
	results.Reset()
	return results.Definitions(activities.Definitions())
}

//go:wasmexport rondo:orchestration/activity@0.1.0#run
func exportRun(
	name, nameLength,
	hasInput, input, inputLength,
	instance, instanceLength,
	execution, executionLength,
	task, attempt uint32,
) uint32 {
	results.Reset()
	called := abi.String(name, nameLength)
	text := abi.Payload(hasInput, input, inputLength)
	call := wire.ActivityContext{
		InstanceID:  abi.String(instance, instanceLength),
		ExecutionID: abi.String(execution, executionLength),
		Task:        task,
		Attempt:     attempt,
	}
	abi.Arguments.Reset()
	high, _ := random.KeyOf(call.ExecutionID).Draw(uint64(task)<<32 | uint64(attempt))
	adapter.Seed(high | 1)
	output, err := perform(called, text, call)
	if err != nil {
		failure := failure.ToWire(err)
		return results.Done(nil, &failure)
	}
	return results.Done(output, nil)
}
