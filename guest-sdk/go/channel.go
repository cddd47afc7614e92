package rondo

// Channel connects what runs side by side in one orchestration, in place of Go's own channels, which would block the
// whole of it.
type Channel[T any] struct {
	core     *core
	capacity int
	buffer   []T
	isClosed bool
	// Everybody who waits, to send or to receive; woken whenever anything changes.
	waiting watchers
	// How many wait to receive: an unbuffered send needs one.
	receivers int
}

// Receivable is a channel of any type, for [Selector.AddReceive].
type Receivable interface {
	canReceive() bool
	watchers() *watchers
	expect(change int)
}

// watchers are routines that look again when something changes.
type watchers struct{ routines []*routine }

func (w *watchers) add(r *routine) { w.routines = append(w.routines, r) }

func (w *watchers) remove(r *routine) {
	for index, other := range w.routines {
		if other == r {
			w.routines = append(w.routines[:index], w.routines[index+1:]...)
			return
		}
	}
}

func (w *watchers) wake() {
	for _, r := range w.routines {
		r.wake()
	}
}

// NewChannel makes a channel; capacity is how many values it holds before Send waits.
func NewChannel[T any](ctx Context, capacity int) *Channel[T] {
	return &Channel[T]{core: ctx.core, capacity: capacity}
}

// Send waits until there is room, or somebody who receives. Sending on a closed channel panics.
func (ch *Channel[T]) Send(value T) {
	ch.await(func() bool { return ch.isClosed || len(ch.buffer) < ch.capacity+ch.receivers })
	if ch.isClosed {
		panic("rondo: send on a closed channel")
	}
	ch.buffer = append(ch.buffer, value)
	ch.waiting.wake()
}

// Receive waits for a value. ok is false when the channel is closed and empty.
func (ch *Channel[T]) Receive() (value T, ok bool) {
	ch.expect(1)
	ch.await(ch.canReceive)
	ch.expect(-1)
	if len(ch.buffer) == 0 {
		return value, false
	}
	var zero T
	value, ch.buffer[0] = ch.buffer[0], zero
	ch.buffer = ch.buffer[1:]
	ch.waiting.wake()
	return value, true
}

// Close lets receivers know that no more values come. Closing twice panics.
func (ch *Channel[T]) Close() {
	if ch.isClosed {
		panic("rondo: close of a closed channel")
	}
	ch.isClosed = true
	ch.waiting.wake()
}

// Len is how many values are there to be received.
func (ch *Channel[T]) Len() int { return len(ch.buffer) }

func (ch *Channel[T]) await(condition func() bool) {
	r := ch.core.running()
	if condition() {
		return
	}
	ch.waiting.add(r)
	ch.core.wait(condition)
	ch.waiting.remove(r)
}

func (ch *Channel[T]) canReceive() bool    { return len(ch.buffer) > 0 || ch.isClosed }
func (ch *Channel[T]) watchers() *watchers { return &ch.waiting }

func (ch *Channel[T]) expect(change int) {
	ch.receivers += change
	if change > 0 {
		ch.waiting.wake()
	}
}

// WaitGroup waits for several things to be done, in place of sync.WaitGroup.
type WaitGroup struct {
	core    *core
	count   int
	waiting watchers
}

// NewWaitGroup makes a group with nothing to wait for.
func NewWaitGroup(ctx Context) *WaitGroup { return &WaitGroup{core: ctx.core} }

// Go runs f next to the orchestration, as [Go] does, and waits for it.
func (wg *WaitGroup) Go(ctx Context, f func(ctx Context)) {
	wg.Add(1)
	Go(ctx, func(ctx Context) {
		defer wg.Done()
		f(ctx)
	})
}

// Add changes how many things there are to wait for. Fewer than none panics.
func (wg *WaitGroup) Add(change int) {
	wg.count += change
	if wg.count < 0 {
		panic("rondo: a WaitGroup was done more often than it was added to")
	}
	if wg.count == 0 {
		wg.waiting.wake()
	}
}

// Done says that one thing is done.
func (wg *WaitGroup) Done() { wg.Add(-1) }

// Wait waits until all things are done.
func (wg *WaitGroup) Wait() {
	r := wg.core.running()
	wg.waiting.add(r)
	wg.core.wait(func() bool { return wg.count == 0 })
	wg.waiting.remove(r)
}
