package rondo

import (
	"rondo/internal/failure"
	"rondo/internal/payload"
	"rondo/internal/wire"
)

// Failure is why an orchestration or activity failed. It is an error: return it, and find it with errors.As.
//
// Any other error becomes a failure of kind "error"; one that wraps a Failure keeps its kind.
type Failure = failure.Failure

// The kinds of failures that the SDK produces. The host has more, see its documentation.
const (
	// KindError is any error without a kind of its own, panics included.
	KindError = failure.KindError
	// KindInvalidInput says that the input is not what the orchestration or the activity expects.
	KindInvalidInput = failure.KindInvalidInput
	// KindInvalidOutput says that a result, or the data of an event, is not what the caller expects.
	KindInvalidOutput = failure.KindInvalidOutput
	// KindNotSerializable says that a value has no JSON form.
	KindNotSerializable = failure.KindNotSerializable
	// KindTimeout says that a limit ran out.
	KindTimeout = failure.KindTimeout
	// KindCanceled says that the orchestration itself gave it up.
	KindCanceled = failure.KindCanceled
	// KindOrchestrationNotFound says that the component has no orchestration of that name.
	KindOrchestrationNotFound = failure.KindOrchestrationNotFound
	// KindActivityNotFound says that the component has no activity of that name.
	KindActivityNotFound = failure.KindActivityNotFound
	// KindStalled says that the code awaits something that nothing will ever complete.
	KindStalled = failure.KindStalled
)

var (
	// ErrTimeout is the error of everything that a limit ended; compare with errors.Is.
	ErrTimeout error = failure.New(KindTimeout, "the time was over before it was done")
	// ErrCanceled is the error of everything that was canceled by the orchestration; compare with errors.Is.
	ErrCanceled error = failure.New(KindCanceled, "the orchestration canceled it")
)

// NewFailure makes a failure that a retry policy may try again: kind is a short, stable name to branch on, such as
// "card-declined"; message is one sentence for a person.
func NewFailure(kind, message string) *Failure { return failure.New(kind, message) }

// NewFinalFailure makes a failure that no retry policy tries again.
func NewFinalFailure(kind, message string) *Failure { return failure.Final(kind, message) }

// KindOf is the kind of the failure in err: "error" for any other error, and "" for nil.
func KindOf(err error) string { return failure.KindOf(err) }

// continueAsNew is not a failure: an orchestration's way out into its next execution.
type continueAsNew struct{ action wire.ContinueAsNew }

func (*continueAsNew) Error() string { return "the execution continues as new" }

// ContinueOption is what is kept when an execution continues as a new one: [DropEvents], [Version].
type ContinueOption interface{ applyToNext(*wire.ContinueAsNew) }

type dropEvents struct{}

func (dropEvents) applyToNext(action *wire.ContinueAsNew) { action.KeepEvents = false }

// DropEvents drops external events that nobody has taken yet; by default the next execution gets them.
func DropEvents() ContinueOption { return dropEvents{} }

// ContinueAsNew ends this execution and begins the next one of the same instance, with an empty history. It only takes
// effect when the orchestration returns it:
//
//	return 0, ctx.ContinueAsNew(count + 1)
func (ctx Context) ContinueAsNew(input any, options ...ContinueOption) error {
	text, err := payload.Encode(input)
	if err != nil {
		return err
	}
	next := &continueAsNew{action: wire.ContinueAsNew{Input: text, KeepEvents: true}}
	for _, option := range options {
		option.applyToNext(&next.action)
	}
	return next
}
