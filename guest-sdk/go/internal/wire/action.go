package wire

// Action is one of the decisions below.
type Action interface{ action() }

// RetryPolicy is how the host retries by itself.
type RetryPolicy struct {
	MaxAttempts        uint32
	FirstInterval      uint64
	BackoffCoefficient float64
	MaxInterval        *uint64
	RetryTimeout       *uint64
	NonRetriableKinds  []string
}

// ScheduleActivity is settled by ActivityCompleted or ActivityFailed.
type ScheduleActivity struct {
	Task  uint32
	Name  string
	Input Payload
	Retry *RetryPolicy
}

// CreateTimer is settled by TimerFired.
type CreateTimer struct {
	Task   uint32
	FireAt uint64
}

// StartChild is settled by ChildCompleted or ChildFailed unless it is detached.
type StartChild struct {
	Task       uint32
	Name       string
	InstanceID *string
	Version    *string
	Input      Payload
	Tags       []Tag
	Retry      *RetryPolicy
	Detached   bool
}

// WaitEvent is settled by EventRaised.
type WaitEvent struct {
	Task uint32
	Name string
}

// SendEvent is never settled.
type SendEvent struct {
	Task       uint32
	InstanceID string
	Name       string
	Data       Payload
}

// Cancel names the task that is no longer wanted.
type Cancel struct{ Task uint32 }

// SetCustomStatus is what status queries show.
type SetCustomStatus struct{ Status Payload }

// LogLevel says how much a line matters.
type LogLevel uint8

// The levels, in the contract's order.
const (
	Trace LogLevel = iota
	Debug
	Info
	Warn
	Error
)

// Log is a line for the host's log.
type Log struct {
	Level   LogLevel
	Message string
}

// ContinueAsNew ends this execution and begins the next one.
type ContinueAsNew struct {
	Input      Payload
	Version    *string
	KeepEvents bool
}

// Complete ends the instance with a result.
type Complete struct{ Output Payload }

// Fail ends the instance with a failure.
type Fail struct{ Failure Failure }

func (*ScheduleActivity) action() {}
func (*CreateTimer) action()      {}
func (*StartChild) action()       {}
func (*WaitEvent) action()        {}
func (*SendEvent) action()        {}
func (*Cancel) action()           {}
func (*SetCustomStatus) action()  {}
func (*Log) action()              {}
func (*ContinueAsNew) action()    {}
func (*Complete) action()         {}
func (*Fail) action()             {}
