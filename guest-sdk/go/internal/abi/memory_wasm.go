package abi

import "unsafe"

// newChunk makes a piece of memory that the collector does not move.
func newChunk(size uint32) []byte {
	return make([]byte, size)
}

func address(chunk []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(chunk))))
}

// at is the memory at an address that an arena has handed out.
func at(address, size uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(nil, address)), size)
}
