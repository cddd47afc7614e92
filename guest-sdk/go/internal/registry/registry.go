// Package registry finds functions by name.
package registry

import (
	"fmt"

	"rondo/internal/failure"
	"rondo/internal/wire"
)

// Registry is what a component offers of one kind, in the order in which it was registered.
type Registry[F any] struct {
	// NotFound is the kind of the failure when a name is unknown.
	NotFound    string
	definitions []wire.Definition
	functions   []F
}

// Add offers a function. A name that is there twice is told by the host when the component is deployed.
func (r *Registry[F]) Add(definition wire.Definition, function F) {
	r.definitions = append(r.definitions, definition)
	r.functions = append(r.functions, function)
}

// Find returns the function of that name.
func (r *Registry[F]) Find(name string) (function F, err error) {
	for index, definition := range r.definitions {
		if definition.Name == name {
			return r.functions[index], nil
		}
	}
	return function, failure.Final(r.NotFound, fmt.Sprintf("this component has no %q", name))
}

// Definitions is what is offered.
func (r *Registry[F]) Definitions() []wire.Definition { return r.definitions }
