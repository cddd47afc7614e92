package rondo

import (
	"iter"
	"slices"

	"rondo/internal/failure"
)

// routine is a goroutine that runs only when the scheduler resumes it, and until it parks. So at any time either one
// routine runs or none, and the scheduler knows when all of them wait.
type routine struct {
	core *core
	// Counts from 0 in the order of their making; the order in which they go on in a turn.
	number int
	resume func() (struct{}, bool)
	park   func(struct{}) bool
	queued bool
}

// spawn makes a routine that begins after those that are ready now.
func (c *core) spawn(body func()) {
	r := &routine{core: c, number: c.spawned}
	c.spawned++
	r.resume, _ = iter.Pull(func(park func(struct{}) bool) {
		r.park = park
		returned := false
		defer func() {
			if thrown := recover(); thrown != nil {
				c.end(nil, failure.FromPanic(thrown))
			} else if !returned {
				c.end(nil, failure.New(KindError, "runtime.Goexit was called in an orchestration"))
			}
		}()
		body()
		returned = true
	})
	r.wake()
}

// wake has the routine go on in this turn. Waking one that need not go on is no mistake: it looks and parks again.
func (r *routine) wake() {
	if !r.queued {
		r.queued = true
		r.core.ready = append(r.core.ready, r)
	}
}

// settled wakes the routine: it waits for a future.
func (r *routine) settled(*Future) { r.wake() }

// runUntilIdle lets routines go on until all of them wait or the orchestration has ended.
func (c *core) runUntilIdle() {
	for len(c.ready) > 0 {
		batch := c.ready
		c.ready = c.idle[:0]
		slices.SortFunc(batch, func(a, b *routine) int { return a.number - b.number })
		for _, r := range batch {
			r.queued = false
			c.current = r
			r.resume()
			c.current = nil
			c.switches.Add(1)
			if c.ended {
				return
			}
		}
		clear(batch)
		c.idle = batch
	}
}

// running is the routine that this code belongs to.
func (c *core) running() *routine {
	if c.current == nil {
		panic("rondo: this has to be called by the orchestration itself or by what rondo.Go started, not by a `go` statement")
	}
	return c.current
}

// wait parks the running routine until condition holds. Whatever may change that has to wake it.
func (c *core) wait(condition func() bool) {
	r := c.running()
	for !condition() {
		r.park(struct{}{})
	}
}
