package abi

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"rondo/internal/wire"
)

func pointer[T any](value T) *T { return &value }

// The layout follows from wit/types.wit: where each field of the largest action is must never change by itself.
func TestAChildIsLaidOutAsTheContractSays(t *testing.T) {
	var arena Arena
	start := arena.Decided([][]wire.Action{nil, {&wire.Cancel{Task: 3}, &wire.StartChild{
		Task:       7,
		Name:       "ship",
		InstanceID: pointer("kid"),
		Input:      wire.Payload("{}"),
		Tags:       []wire.Tag{{Key: "k", Value: "v"}},
		Retry: &wire.RetryPolicy{
			MaxAttempts: 5, FirstInterval: 250, BackoffCoefficient: 1.5,
			RetryTimeout: pointer(uint64(60_000)), NonRetriableKinds: []string{"fatal"},
		},
		Detached: true,
	}}})
	list := view(at(start, 8))
	if list.u32(4) != 2 {
		t.Fatalf("%d turns", list.u32(4))
	}
	turns := view(at(list.u32(0), 16))
	if turns.u32(4) != 0 || turns.u32(12) != 2 {
		t.Fatalf("%x", turns)
	}
	actions := view(at(turns.u32(8), 2*144))
	if turns.u32(8)%8 != 0 || actions.u8(0) != 5 || actions.u32(8) != 3 {
		t.Errorf("cancel: %x", actions[:144])
	}
	child := actions[144:]
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"case", child.u8(0), uint8(2)},
		{"task", child.u32(8), uint32(7)},
		{"name", child.text(12), "ship"},
		{"instance-id", child.optionText(20), pointer("kid")},
		{"version", child.optionText(32), (*string)(nil)},
		{"input", child.payload(44), wire.Payload("{}")},
		{"tags", child.u32(60), uint32(1)},
		{"retry", child.u8(64), uint8(1)},
		{"max-attempts", child.u32(72), uint32(5)},
		{"first-interval", child.u64(80), uint64(250)},
		{"backoff-coefficient", child.u64(88), uint64(0x3FF8_0000_0000_0000)},
		{"max-interval", child.u8(96), uint8(0)},
		{"retry-timeout", child.u64(120), uint64(60_000)},
		{"non-retriable-kinds", child.u32(132), uint32(1)},
		{"detached", child.bool(136), true},
	} {
		if !reflect.DeepEqual(field.got, field.want) {
			t.Errorf("%s is %v, want %v", field.name, field.got, field.want)
		}
	}
}

func TestTurnsAreReadAsTheContractLaysThemOut(t *testing.T) {
	var arena Arena
	text := func(text string) []byte {
		start := arena.Alloc(uint32(len(text)), 1)
		copy(at(start, uint32(len(text))), text)
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, start), uint32(len(text)))
	}
	events := arena.Alloc(3*40, 4)
	memory := at(events, 3*40)
	copy(memory, bytes.Join([][]byte{{0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0}, text("42")}, nil))
	copy(memory[40:], []byte{2, 0, 0, 0, 8, 0, 0, 0})
	copy(memory[80:], bytes.Join([][]byte{
		{4, 0, 0, 0, 7, 0, 0, 0}, text("sold-out"), text("no"), {1, 0, 0, 0}, text("all"), {1},
	}, nil))
	turns := arena.Alloc(2*16, 8)
	binary.LittleEndian.PutUint64(at(turns, 8), 1_700_000_000_000)
	binary.LittleEndian.PutUint32(at(turns+8, 4), events)
	binary.LittleEndian.PutUint32(at(turns+12, 4), 3)

	want := []wire.Turn{{Now: 1_700_000_000_000, Events: []wire.Event{
		{Case: wire.ActivityCompleted, Task: 9, Output: wire.Payload("42")},
		{Case: wire.TimerFired, Task: 8},
		{Case: wire.ChildFailed, Task: 7, Failure: &wire.Failure{
			Kind: "sold-out", Message: "no", Details: pointer("all"), NonRetriable: true,
		}},
	}}, {}}
	if got := Turns(turns, 2); !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

func TestNoValueAndTheEmptyTextAreTwoThings(t *testing.T) {
	var arena Arena
	for _, output := range []wire.Payload{nil, {}, wire.Payload(`""`)} {
		result := view(at(arena.Done(output, nil), sizeResult))
		if got := result.payload(payloadOfResult); (got == nil) != (output == nil) || !bytes.Equal(got, output) {
			t.Errorf("%#v became %#v", output, got)
		}
	}
}

func TestTextThatIsNoUnicodeIsMendedBecauseTheHostWouldTrap(t *testing.T) {
	var arena Arena
	start := arena.Started(&wire.Failure{Kind: "error", Message: "a\xffb"})
	if message := view(at(start, sizeResult)).text(payloadOfResult + 8); message != "a\uFFFDb" {
		t.Errorf("%q", message)
	}
}

func TestAnArenaIsCleanAfterItWasEmptied(t *testing.T) {
	var arena Arena
	for _, size := range []uint32{8, chunkMin, 3 * chunkMax, 24} {
		for _, b := range at(arena.Alloc(size, 8), size) {
			if b != 0 {
				t.Fatal("dirty memory was handed out")
			}
		}
		start := arena.Alloc(size, 4)
		for index := range at(start, size) {
			at(start, size)[index] = 0xAA
		}
		arena.Reset()
	}
	if len(arena.chunks) > 1 || arena.used != 0 {
		t.Errorf("%d chunks are left", len(arena.chunks))
	}
}
