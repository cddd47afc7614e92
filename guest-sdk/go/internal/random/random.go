// Package random draws numbers that replay the same.
//
// The n-th draw of an execution depends on nothing but the execution's id and n. The id is itself spread evenly over
// 128 bits, so a mixing function in each half is enough.
package random

import (
	"fmt"
	"math/bits"
	"strconv"
)

// step is 2^64 divided by the golden ratio: steps of this size visit every number before repeating one.
const step = 0x9E3779B97F4A7C15

// Key is an execution id as two numbers.
type Key struct{ High, Low uint64 }

// KeyOf reads an execution id. Whatever is not 32 hex digits is hashed; a host that keeps the contract sends no such.
func KeyOf(executionID string) Key {
	if len(executionID) == 32 {
		high, errHigh := strconv.ParseUint(executionID[:16], 16, 64)
		low, errLow := strconv.ParseUint(executionID[16:], 16, 64)
		if errHigh == nil && errLow == nil {
			return Key{high, low}
		}
	}
	key := Key{0, 0}
	for _, b := range []byte(executionID) {
		key = Key{mix(key.High ^ uint64(b)), mix(key.Low + uint64(b))}
	}
	return key
}

// Draw is the draw number index of an execution: two numbers of 64 bits.
func (k Key) Draw(index uint64) (high, low uint64) {
	offset := (index + 1) * step
	high = mix(k.High + offset)
	return high, mix((k.Low + offset) ^ high)
}

// Seed is a number that belongs to the execution and to none of its draws; never 0.
func (k Key) Seed() uint64 {
	return mix(k.High^bits.RotateLeft64(k.Low, 32)) | 1
}

// Below makes a number from 0 up to, not including, end of an evenly spread one; 0 when end is 0.
func Below(number, end uint64) uint64 {
	high, _ := bits.Mul64(number, end)
	return high
}

// Float makes a number from 0 up to, not including, 1 of an evenly spread one.
func Float(number uint64) float64 {
	return float64(number>>11) / (1 << 53)
}

// UUID is the text form of a version 4 UUID.
func UUID(high, low uint64) string {
	high = high&^0xF000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xFFFF, high&0xFFFF, low>>48, low&0xFFFFFFFFFFFF)
}

// mix is the finalizer of SplitMix64: a bijection whose every output bit depends on every input bit.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
