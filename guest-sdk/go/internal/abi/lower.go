package abi

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"rondo/internal/wire"
)

// target is where a value is written, and where what it refers to is put.
type target struct {
	view
	arena *Arena
}

func (t target) setU8(offset uint32, value uint8) { t.view[offset] = value }
func (t target) setU32(offset uint32, value uint32) {
	binary.LittleEndian.PutUint32(t.view[offset:], value)
}
func (t target) setU64(offset uint32, value uint64) {
	binary.LittleEndian.PutUint64(t.view[offset:], value)
}

func (t target) setBool(offset uint32, value bool) {
	if value {
		t.view[offset] = 1
	}
}

// setText writes U+FFFD for what is not UTF-8: the host does not accept anything else.
func (t target) setText(offset uint32, text string) {
	if text == "" {
		return
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	length := uint32(len(text))
	start := t.arena.Alloc(length, 1)
	copy(at(start, length), text)
	t.setU32(offset, start)
	t.setU32(offset+4, length)
}

func (t target) setOptionText(offset uint32, text *string) {
	if text != nil {
		t.setU8(offset, 1)
		t.setText(offset+4, *text)
	}
}

func (t target) setPayload(offset uint32, payload wire.Payload) {
	if payload == nil {
		return
	}
	t.setU8(offset, 1)
	if length := uint32(len(payload)); length > 0 {
		start := t.arena.Alloc(length, 1)
		copy(at(start, length), payload)
		t.setU32(offset+4, start)
		t.setU32(offset+8, length)
	}
}

func (t target) setOptionU64(offset uint32, value *uint64) {
	if value != nil {
		t.setU8(offset, 1)
		t.setU64(offset+8, *value)
	}
}

func (t target) setFailure(offset uint32, failure *wire.Failure) {
	t.setText(offset, failure.Kind)
	t.setText(offset+8, failure.Message)
	t.setOptionText(offset+16, failure.Details)
	t.setBool(offset+28, failure.NonRetriable)
}

// setList makes room for a list, sets its address and length, and returns where each value goes.
func (t target) setList(offset, count, size, align uint32) func(index int) target {
	if count == 0 {
		return nil
	}
	start := t.arena.Alloc(count*size, align)
	t.setU32(offset, start)
	t.setU32(offset+4, count)
	return func(index int) target {
		return target{view: at(start+uint32(index)*size, size), arena: t.arena}
	}
}

func (t target) setTags(offset uint32, tags []wire.Tag) {
	each := t.setList(offset, uint32(len(tags)), sizeTag, 4)
	for index, tag := range tags {
		each(index).setText(0, tag.Key)
		each(index).setText(8, tag.Value)
	}
}

func (t target) setOptionRetry(offset uint32, retry *wire.RetryPolicy) {
	if retry == nil {
		return
	}
	t.setU8(offset, 1)
	offset += 8
	t.setU32(offset, retry.MaxAttempts)
	t.setU64(offset+8, retry.FirstInterval)
	t.setU64(offset+16, math.Float64bits(retry.BackoffCoefficient))
	t.setOptionU64(offset+24, retry.MaxInterval)
	t.setOptionU64(offset+40, retry.RetryTimeout)
	each := t.setList(offset+56, uint32(len(retry.NonRetriableKinds)), sizeText, 4)
	for index, kind := range retry.NonRetriableKinds {
		each(index).setText(0, kind)
	}
}

// place makes room for a value that an export returns by address.
func (a *Arena) place(size uint32) (target, uint32) {
	start := a.Alloc(size, 8)
	return target{view: at(start, size), arena: a}, start
}

// Definitions lowers the result of describe and returns its address.
func (a *Arena) Definitions(definitions []wire.Definition) uint32 {
	t, start := a.place(sizeList)
	each := t.setList(0, uint32(len(definitions)), sizeDefinition, 4)
	for index, definition := range definitions {
		each(index).setText(0, definition.Name)
		each(index).setText(8, definition.Description)
	}
	return start
}

// Started lowers the result of an orchestrator's start: nil when it is ready.
func (a *Arena) Started(failure *wire.Failure) uint32 {
	t, start := a.place(sizeResult)
	if failure != nil {
		t.setU8(0, 1)
		t.setFailure(payloadOfResult, failure)
	}
	return start
}

// Done lowers the result of an activity: its output, or else its failure.
func (a *Arena) Done(output wire.Payload, failure *wire.Failure) uint32 {
	t, start := a.place(sizeResult)
	if failure != nil {
		t.setU8(0, 1)
		t.setFailure(payloadOfResult, failure)
	} else {
		t.setPayload(payloadOfResult, output)
	}
	return start
}

// Decided lowers the result of an orchestrator's run: the actions of each turn.
func (a *Arena) Decided(turns [][]wire.Action) uint32 {
	t, start := a.place(sizeList)
	turn := t.setList(0, uint32(len(turns)), sizeList, 4)
	for index, actions := range turns {
		each := turn(index).setList(0, uint32(len(actions)), sizeAction, 8)
		for index, action := range actions {
			each(index).setAction(action)
		}
	}
	return start
}
