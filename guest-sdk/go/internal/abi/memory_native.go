//go:build !wasm

package abi

import "unsafe"

// memory stands for a guest's linear memory where there is none: addresses count through it, the first ones unused.
var memory = make([]byte, 16<<20)

var memoryUsed uint32 = 1 << 10

func newChunk(size uint32) []byte {
	start := memoryUsed
	memoryUsed += size
	return memory[start:memoryUsed:memoryUsed]
}

func address(chunk []byte) uint32 {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(chunk))) - base)
}

func at(address, size uint32) []byte {
	return memory[address : address+size : address+size]
}
