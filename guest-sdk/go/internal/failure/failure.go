// Package failure holds what packages rondo and activity both say about failures.
package failure

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"rondo/internal/wire"
)

// The kinds that the SDK produces. The host has more.
const (
	KindError                 = "error"
	KindInvalidInput          = "invalid-input"
	KindInvalidOutput         = "invalid-output"
	KindNotSerializable       = "not-serializable"
	KindTimeout               = "timeout"
	KindCanceled              = "canceled"
	KindOrchestrationNotFound = "orchestration-not-found"
	KindActivityNotFound      = "activity-not-found"
	KindStalled               = "stalled"
)

// Failure is an error with what a caller branches on (Kind), what a person reads (Message), and anything else (Details).
type Failure struct {
	// Kind is a short, stable name such as "card-declined".
	Kind string
	// Message is one sentence for a person.
	Message string
	// Details is anything else, for example a JSON document or a stack; nil when there is none.
	Details *string
	// NonRetriable is true when trying again cannot help; it ends every retry policy at once.
	NonRetriable bool
}

// New makes a failure that a retry policy may try again.
func New(kind, message string) *Failure {
	return &Failure{Kind: kind, Message: message}
}

// Final makes a failure that no retry policy tries again.
func Final(kind, message string) *Failure {
	return &Failure{Kind: kind, Message: message, NonRetriable: true}
}

// Error is the kind and the message.
func (f *Failure) Error() string {
	return f.Kind + ": " + f.Message
}

// WithDetails is the same failure with more to read.
func (f *Failure) WithDetails(details string) *Failure {
	changed := *f
	changed.Details = &details
	return &changed
}

// Is makes errors.Is find a failure by its kind: a target matches when it is a failure of the same kind.
func (f *Failure) Is(target error) bool {
	other, ok := target.(*Failure)
	return ok && other.Kind == f.Kind
}

// KindOf is the kind of the failure in err: "error" for any other error, and "" for nil.
func KindOf(err error) string {
	if err == nil {
		return ""
	}
	if found, ok := errors.AsType[*Failure](err); ok {
		return found.Kind
	}
	return KindError
}

// FromWire makes an error of a failure that the host told.
func FromWire(f *wire.Failure) *Failure {
	return &Failure{Kind: f.Kind, Message: f.Message, Details: f.Details, NonRetriable: f.NonRetriable}
}

// ToWire makes a failure of any error. One that wraps a Failure keeps all of it but the message, which is its own.
func ToWire(err error) wire.Failure {
	found, ok := errors.AsType[*Failure](err)
	if !ok {
		return wire.Failure{Kind: KindError, Message: err.Error()}
	}
	message := found.Message
	if err != error(found) {
		message = err.Error()
	}
	return wire.Failure{Kind: found.Kind, Message: message, Details: found.Details, NonRetriable: found.NonRetriable}
}

// framesMax bounds the stack of a panic: enough to see where it came from, little enough for a history.
const framesMax = 32

// FromPanic makes a failure of what recover returned. Called by the deferred function that recovered.
//
// The stack names functions and lines only. Addresses and goroutine numbers would differ from one replay to the next.
func FromPanic(value any) *Failure {
	var stack strings.Builder
	var callers [framesMax]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		if frame.Function != "" {
			fmt.Fprintf(&stack, "%s\n\t%s:%d\n", frame.Function, frame.File, frame.Line)
		}
		if !more {
			break
		}
	}
	return New(KindError, fmt.Sprint(value)).WithDetails(stack.String())
}
