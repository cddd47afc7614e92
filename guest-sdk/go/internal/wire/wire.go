// Package wire holds the vocabulary of wit/types.wit as Go types.
//
// Times and durations are milliseconds, as they are there.
package wire

// Payload is JSON text; nil means that no value was given.
type Payload []byte

// Failure says why something failed.
type Failure struct {
	Kind         string
	Message      string
	Details      *string
	NonRetriable bool
}

// Parent is who started an execution and waits for its result.
type Parent struct {
	InstanceID  string
	ExecutionID string
	Name        string
}

// Tag is one key and its value.
type Tag struct {
	Key   string
	Value string
}

// Execution is what a guest knows of itself.
type Execution struct {
	InstanceID  string
	ExecutionID string
	Name        string
	Version     *string
	Input       Payload
	Tags        []Tag
	Parent      *Parent
}

// ActivityContext is what an activity may know about the call it serves.
type ActivityContext struct {
	InstanceID  string
	ExecutionID string
	Task        uint32
	Attempt     uint32
}

// Definition is what a component offers.
type Definition struct {
	Name        string
	Description string
}

// Turn is what happened, and when it is taken note of.
type Turn struct {
	Now    uint64
	Events []Event
}

// EventCase tells events apart; the numbers are those of the contract.
type EventCase uint8

// The cases of an event, in the contract's order.
const (
	ActivityCompleted EventCase = iota
	ActivityFailed
	TimerFired
	ChildCompleted
	ChildFailed
	EventRaised
)

// Event settles a task: with Failure in the two failed cases, with Output (which may be nil) in all others.
type Event struct {
	Case    EventCase
	Task    uint32
	Output  Payload
	Failure *Failure
}
