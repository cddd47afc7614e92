//go:build wasip1

package watch

import (
	"runtime"
	"sync/atomic"
)

// spinsMax is how often the scheduler of goroutines is given the thread without anything going on before the code counts
// as stuck. Every spin runs all goroutines that can run; the collector may need some hundred spins for a large heap.
const spinsMax = 10_000

// Orchestration runs f on a goroutine of its own and says whether it got stuck. progress is what f counts up.
//
// A guest has one thread, and nothing from outside wakes its goroutines. So f is stuck when it is not done although
// everybody else has given the thread back over and over. Left to itself, Go's runtime would trap.
func Orchestration(progress *atomic.Uint64, f func()) (isStuck bool) {
	var isDone atomic.Bool
	go func() {
		defer isDone.Store(true)
		f()
	}()
	seen := progress.Load()
	for spins := 0; !isDone.Load(); spins++ {
		if now := progress.Load(); now != seen {
			seen, spins = now, 0
		}
		if spins == spinsMax {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// Activity runs f and says whether it got stuck: a component that imports nothing has nothing to wait for.
func Activity(f func()) (isStuck bool) {
	return Orchestration(new(atomic.Uint64), f)
}
