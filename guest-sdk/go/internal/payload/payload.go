// Package payload turns values into JSON text and back.
//
// JSON's null and "no value" are the same here, so that nil and struct{} cost nothing.
package payload

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"reflect"

	"rondo/internal/failure"
	"rondo/internal/wire"
)

// Members of maps are sorted: the text may be recorded, and is compared on every replay.
var options = json.JoinOptions(json.Deterministic(true))

// Encode is the compact JSON text of a value; nil for null and for values of no size.
func Encode(value any) (wire.Payload, error) {
	if isNothing(value) {
		return nil, nil
	}
	text, err := json.Marshal(value, options)
	if err != nil {
		return nil, failure.Final(failure.KindNotSerializable, err.Error())
	}
	if string(text) == "null" {
		return nil, nil
	}
	return text, nil
}

func isNothing(value any) bool {
	switch value.(type) {
	case nil, struct{}, *struct{}:
		return true
	default:
		return false
	}
}

// Decode reads a JSON text into what out points to. A text that does not fit is a failure of that kind.
func Decode(text wire.Payload, out any, kind string) error {
	if text == nil || string(text) == "null" {
		return decodeNothing(out, kind)
	}
	if err := json.Unmarshal(text, out, options); err != nil {
		return failure.Final(kind, fmt.Sprintf("expected %s: %v", typeName(out), err))
	}
	return nil
}

// decodeNothing is stricter than the JSON package, for which null is the zero value of everything.
func decodeNothing(out any, kind string) error {
	target := reflect.ValueOf(out)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return failure.Final(kind, fmt.Sprintf("expected a pointer to read into, not %T", out))
	}
	switch out := out.(type) {
	case *jsontext.Value:
		*out = jsontext.Value("null")
		return nil
	case json.Unmarshaler:
		if err := out.UnmarshalJSON([]byte("null")); err != nil {
			return failure.Final(kind, fmt.Sprintf("expected %s: %v", typeName(out), err))
		}
		return nil
	}
	element := target.Elem()
	nothing := element.Kind() == reflect.Pointer || element.Kind() == reflect.Interface || element.Type().Size() == 0
	if !nothing {
		return failure.Final(kind, fmt.Sprintf("expected %s: there is no value", typeName(out)))
	}
	element.SetZero()
	return nil
}

func typeName(out any) string {
	if kind := reflect.TypeOf(out); kind != nil && kind.Kind() == reflect.Pointer {
		return kind.Elem().String()
	}
	return fmt.Sprintf("%T", out)
}
