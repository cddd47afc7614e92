package rondo

import (
	"rondo/internal/payload"
	"rondo/internal/registry"
	"rondo/internal/wire"
)

// None is the type of an input or a result that is not there.
type None = struct{}

// begin reads the input and returns the orchestration's code, which ends with the JSON text of its result.
type begin func(ctx Context, input wire.Payload) (func() (wire.Payload, error), error)

var orchestrations = registry.Registry[begin]{NotFound: KindOrchestrationNotFound}

// Option says more about an orchestration: [Description].
type Option func(*wire.Definition)

// Description is one sentence for people who list components.
func Description(text string) Option {
	return func(definition *wire.Definition) { definition.Description = text }
}

// Register offers an orchestration under a name. Call it from an init function: main does not run in a component.
//
// Inputs and results are anything that package encoding/json/v2 can turn into JSON and back; None where there is none.
func Register[In, Out any](name string, orchestration func(Context, In) (Out, error), options ...Option) {
	definition := wire.Definition{Name: name}
	for _, option := range options {
		option(&definition)
	}
	orchestrations.Add(definition, func(ctx Context, text wire.Payload) (func() (wire.Payload, error), error) {
		var input In
		if err := payload.Decode(text, &input, KindInvalidInput); err != nil {
			return nil, err
		}
		return func() (wire.Payload, error) {
			output, err := orchestration(ctx, input)
			if err != nil {
				return nil, err
			}
			return payload.Encode(output)
		}, nil
	})
}
