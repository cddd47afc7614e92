package abi

// Arena hands out memory that stays where it is until the arena is emptied.
//
// The host writes arguments into one and reads results from another, so nothing here may depend on the collector
// knowing of the host's addresses: the arena itself keeps the memory alive.
type Arena struct {
	chunks [][]byte
	// used is how much of the last chunk is handed out.
	used uint32
}

const (
	chunkMin = 4 << 10
	chunkMax = 256 << 10
	// A chunk of more than this is given back when the arena is emptied: one long replay must not cost memory for ever.
	chunkKept = 64 << 10
)

// Alloc returns the address of size bytes that are zero. align is a power of two of at most 8.
func (a *Arena) Alloc(size, align uint32) uint32 {
	start := (a.used + align - 1) &^ (align - 1)
	if len(a.chunks) == 0 || uint64(start)+uint64(size) > uint64(len(a.last())) {
		a.grow(size)
		start = 0
	}
	a.used = start + size
	return address(a.last()) + start
}

func (a *Arena) last() []byte {
	return a.chunks[len(a.chunks)-1]
}

func (a *Arena) grow(size uint32) {
	capacity := uint32(chunkMin)
	if len(a.chunks) > 0 {
		capacity = min(2*uint32(len(a.last())), chunkMax)
	}
	// Of a size that is a multiple of 8, so that the allocator aligns it to that.
	capacity = (max(capacity, size) + 7) &^ 7
	a.chunks = append(a.chunks, newChunk(capacity))
}

// Reset takes back everything that was handed out.
func (a *Arena) Reset() {
	if len(a.chunks) == 0 {
		return
	}
	first, used := a.chunks[0], a.used
	if len(a.chunks) > 1 {
		used = uint32(len(first))
	}
	clear(a.chunks)
	a.chunks, a.used = a.chunks[:0], 0
	if len(first) <= chunkKept {
		clear(first[:used])
		a.chunks = append(a.chunks, first)
	}
}

// Arguments is where the host puts the arguments of the next call. Whoever has lifted them empties it.
var Arguments Arena
