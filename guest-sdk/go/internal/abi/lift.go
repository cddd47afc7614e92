package abi

import (
	"encoding/binary"

	"rondo/internal/wire"
)

// view is a value in memory.
type view []byte

func (v view) u8(offset uint32) uint8   { return v[offset] }
func (v view) u32(offset uint32) uint32 { return binary.LittleEndian.Uint32(v[offset:]) }
func (v view) u64(offset uint32) uint64 { return binary.LittleEndian.Uint64(v[offset:]) }
func (v view) bool(offset uint32) bool  { return v[offset] != 0 }

// text copies: the memory behind it is used again for the next call.
func (v view) text(offset uint32) string {
	return String(v.u32(offset), v.u32(offset+4))
}

func (v view) optionText(offset uint32) *string {
	if !v.bool(offset) {
		return nil
	}
	text := v.text(offset + 4)
	return &text
}

func (v view) payload(offset uint32) wire.Payload {
	return Payload(uint32(v.u8(offset)), v.u32(offset+4), v.u32(offset+8))
}

// list calls each with the values of a list.
func (v view) list(offset, size uint32, each func(view)) {
	start, count := v.u32(offset), v.u32(offset+4)
	for index := range count {
		each(at(start+index*size, size))
	}
}

// String lifts a text that is given by its address and length.
func String(start, length uint32) string {
	if length == 0 {
		return ""
	}
	return string(at(start, length))
}

// Payload lifts an optional payload that is given by its flat values.
func Payload(some, start, length uint32) wire.Payload {
	if some == 0 {
		return nil
	}
	text := make(wire.Payload, length)
	if length > 0 {
		copy(text, at(start, length))
	}
	return text
}

// Execution lifts the argument of an orchestrator's start.
func Execution(start uint32) wire.Execution {
	v := view(at(start, 84))
	execution := wire.Execution{
		InstanceID:  v.text(0),
		ExecutionID: v.text(8),
		Name:        v.text(16),
		Version:     v.optionText(24),
		Input:       v.payload(36),
	}
	v.list(48, sizeTag, func(tag view) {
		execution.Tags = append(execution.Tags, wire.Tag{Key: tag.text(0), Value: tag.text(8)})
	})
	if v.bool(56) {
		execution.Parent = &wire.Parent{InstanceID: v.text(60), ExecutionID: v.text(68), Name: v.text(76)}
	}
	return execution
}

// Turns lifts the argument of an orchestrator's run.
func Turns(start, count uint32) []wire.Turn {
	turns := make([]wire.Turn, count)
	for index := range turns {
		v := view(at(start+uint32(index)*sizeTurn, sizeTurn))
		turn := wire.Turn{Now: v.u64(0)}
		if events := v.u32(12); events > 0 {
			turn.Events = make([]wire.Event, 0, events)
		}
		v.list(8, sizeEvent, func(v view) { turn.Events = append(turn.Events, event(v)) })
		turns[index] = turn
	}
	return turns
}

func event(v view) wire.Event {
	event := wire.Event{Case: wire.EventCase(v.u8(0)), Task: v.u32(payloadOfEvent)}
	const value = payloadOfEvent + 4
	switch event.Case {
	case wire.ActivityFailed, wire.ChildFailed:
		event.Failure = &wire.Failure{
			Kind:         v.text(value),
			Message:      v.text(value + 8),
			Details:      v.optionText(value + 16),
			NonRetriable: v.bool(value + 28),
		}
	case wire.ActivityCompleted, wire.ChildCompleted, wire.EventRaised:
		event.Output = v.payload(value)
	case wire.TimerFired:
	}
	return event
}
