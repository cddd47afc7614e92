package payload

import (
	"math"
	"testing"

	"rondo/internal/failure"
	"rondo/internal/wire"
)

func TestTextsAreCompactAndNotEscapedMoreThanNeeded(t *testing.T) {
	for _, try := range []struct {
		value any
		want  string
	}{
		{map[string]any{"b": []int{1, 2}, "a": nil}, `{"a":null,"b":[1,2]}`},
		{map[int]int{8: 0, 1: 0, 7: 0, 2: 0, 6: 0, 3: 0}, `{"1":0,"2":0,"3":0,"6":0,"7":0,"8":0}`},
		{"<ä & 🦀>\u2028\b\f\n\r\t\x01\x7f", "\"<ä & 🦀>\u2028\\b\\f\\n\\r\\t\\u0001\x7f\""},
		{[]int(nil), "[]"},
		{"", `""`},
		{"null", `"null"`},
	} {
		if text, err := Encode(try.value); string(text) != try.want || err != nil {
			t.Errorf("%#v became %s, %v", try.value, text, err)
		}
	}
}

func TestNothingHasNoText(t *testing.T) {
	for _, value := range []any{nil, struct{}{}, (*int)(nil), any(nil)} {
		if text, err := Encode(value); text != nil || err != nil {
			t.Errorf("%#v became %s, %v", value, text, err)
		}
	}
}

func TestWhatHasNoJSONFormIsAFailure(t *testing.T) {
	for _, value := range []any{make(chan int), math.NaN(), func() {}} {
		if _, err := Encode(value); failure.KindOf(err) != failure.KindNotSerializable {
			t.Errorf("%T: %v", value, err)
		}
	}
}

func TestNoValueIsReadAsNullAndOnlyByWhatCanBeNull(t *testing.T) {
	number, some, list := 1, new(int), []int{1}
	var anything any = 1
	var unit struct{}
	for _, out := range []any{&some, &anything, &unit} {
		for _, text := range []wire.Payload{nil, wire.Payload("null")} {
			if err := Decode(text, out, "k"); err != nil {
				t.Errorf("%T: %v", out, err)
			}
		}
	}
	if some != nil || anything != nil {
		t.Error(some, anything)
	}
	for _, out := range []any{&number, &list} {
		if err := Decode(nil, out, "k"); failure.KindOf(err) != "k" {
			t.Errorf("%T: %v", out, err)
		}
	}
}

func TestWhatDoesNotFitIsSaidWithTheTypeThatWasExpected(t *testing.T) {
	var list []string
	err := Decode(wire.Payload("[1]"), &list, failure.KindInvalidInput)
	told := failure.ToWire(err)
	if told.Kind != failure.KindInvalidInput || !told.NonRetriable || told.Message[:18] != "expected []string:" {
		t.Error(err)
	}
}
