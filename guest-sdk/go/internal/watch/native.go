//go:build !wasip1

package watch

import (
	"sync/atomic"
	"time"
)

// Limit is how long a turn may take in a test before it counts as stuck: long against any computation there.
var Limit = 10 * time.Second

// Orchestration runs f on a goroutine of its own and says whether it got stuck, that is, took longer than Limit.
func Orchestration(_ *atomic.Uint64, f func()) (isStuck bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	limit := time.NewTimer(Limit)
	defer limit.Stop()
	select {
	case <-done:
		return false
	case <-limit.C:
		return true
	}
}

// Activity runs f, which may wait as long as it likes in a test.
func Activity(f func()) (isStuck bool) {
	f()
	return false
}
