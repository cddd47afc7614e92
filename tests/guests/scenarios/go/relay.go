package main

import "rondo"

type relay struct {
	Activities []string `json:"activities"`
	Children   []string `json:"children"`
	Event      *string  `json:"event"`
	Value      string   `json:"value"`
}

// goRelay is for applications of several languages.
func goRelay(ctx rondo.Context, way relay) (string, error) {
	value := way.Value
	var err error
	for _, name := range way.Activities {
		if value, err = rondo.Call[string](ctx, name, value); err != nil {
			return "", err
		}
	}
	if way.Event != nil {
		if err := ctx.Event(*way.Event).Get(nil); err != nil {
			return "", err
		}
	}
	for _, name := range way.Children {
		next := relay{Activities: way.Activities, Children: []string{}, Value: value}
		if value, err = rondo.CallChild[string](ctx, name, next); err != nil {
			return "", err
		}
	}
	return value + "[go]", nil
}
