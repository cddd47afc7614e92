//go:build wasip1

package adapter

import (
	"strings"
	"unsafe"

	"rondo/internal/wire"
)

// outputMax bounds what is printed between two calls of the SDK; what is more is counted and dropped. Untouched pages
// cost nothing.
const outputMax = 64 << 10

// block is shared with the adapter: its layout is part of both.
type block struct {
	nowNs  uint64
	random uint64
	stdout stream
	stderr stream
}

type stream struct {
	start, size, used, dropped uint32
}

var (
	shared   block
	stdout   [outputMax]byte
	stderr   [outputMax]byte
	streams  = [2]*stream{&shared.stdout, &shared.stderr}
	buffers  = [2]*[outputMax]byte{&stdout, &stderr}
	levels   = [2]wire.LogLevel{wire.Info, wire.Warn}
	attached = attach()
)

//go:wasmimport wasi_snapshot_preview1 rondo_attach
func rondoAttach(block unsafe.Pointer)

func attach() bool {
	shared.nowNs, shared.random = 1, 1
	for index, stream := range streams {
		stream.start = uint32(uintptr(unsafe.Pointer(buffers[index])))
		stream.size = outputMax
	}
	rondoAttach(unsafe.Pointer(&shared))
	return true
}

// SetNow sets every clock of the guest, in milliseconds since 1970. Go's runtime does not like a clock that says 0.
func SetNow(ms uint64) { shared.nowNs = max(ms*1_000_000, 1) }

// Seed sets what random numbers of the system are drawn from; not 0.
func Seed(seed uint64) { shared.random = seed }

// TakeOutput returns what was printed since the last call, by lines.
func TakeOutput() []Line {
	if shared.stdout.used|shared.stderr.used|shared.stdout.dropped|shared.stderr.dropped == 0 {
		return nil
	}
	var lines []Line
	for index, stream := range streams {
		if stream.used > 0 {
			text := strings.TrimSuffix(string(buffers[index][:stream.used]), "\n")
			for line := range strings.SplitSeq(text, "\n") {
				lines = append(lines, Line{Level: levels[index], Text: line})
			}
		}
		if stream.dropped > 0 {
			lines = append(lines, Line{Level: wire.Warn, Text: "more output was dropped"})
		}
		stream.used, stream.dropped = 0, 0
	}
	return lines
}
