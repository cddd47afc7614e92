package rondo

// group waits for several futures with the cost of one: it counts, and wakes the routine when it matters.
type group struct {
	futures []*Future
	routine *routine
	pending int
	// The first settled future ends the wait.
	any bool
	// The first failed one does.
	anyFailure bool
	done       bool
}

func (g *group) settled(f *Future) {
	g.pending--
	if g.pending == 0 || g.any || g.anyFailure && f.err != nil {
		g.done = true
		g.routine.wake()
	}
}

func (g *group) wait() {
	if len(g.futures) == 0 {
		return
	}
	c := g.futures[0].core
	g.routine = c.running()
	g.pending = len(g.futures)
	for _, f := range g.futures {
		if f.isSettled {
			g.settled(f)
		} else {
			f.watch(g)
		}
	}
	c.wait(func() bool { return g.done })
	for _, f := range g.futures {
		f.unwatch(g)
	}
}

// Race waits for the first of several futures, cancels the others, and returns its index; of several in one turn, the
// one given first counts. Get what it is worth afterwards.
//
// Without any future it returns -1.
func Race(futures ...*Future) int {
	(&group{futures: futures, any: true}).wait()
	first := -1
	for index, f := range futures {
		if first < 0 && f.isSettled {
			f.take()
			first = index
		} else {
			f.Cancel()
		}
	}
	return first
}

// All waits until all futures are there, or one has failed: then it cancels the others and returns its error; of
// several failures in one turn, that of the future given first.
func All(futures ...*Future) error {
	(&group{futures: futures, anyFailure: true}).wait()
	for _, failed := range futures {
		if failed.isSettled && failed.err != nil {
			for _, f := range futures {
				f.Cancel()
			}
			return failed.err
		}
	}
	for _, f := range futures {
		f.take()
	}
	return nil
}

// AwaitAll is All for futures whose results are of one type.
func AwaitAll[T any](futures ...*Future) ([]T, error) {
	if err := All(futures...); err != nil {
		return nil, err
	}
	outputs := make([]T, len(futures))
	for index, f := range futures {
		if err := f.Get(&outputs[index]); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// Go runs f next to the orchestration: it begins when the running code waits. What f panics with fails the
// orchestration.
//
// This is what a `go` statement is elsewhere. Goroutines of a `go` statement must not use anything of this package.
func Go(ctx Context, f func(ctx Context)) {
	ctx.core.running()
	ctx.core.spawn(func() { f(ctx) })
}

// Async runs f next to the orchestration and returns a future of its result. To cancel that is to cancel everything
// that f waits for.
func Async[T any](ctx Context, f func(ctx Context) (T, error)) *Future {
	future := &Future{core: ctx.core}
	inner := ctx.withScope()
	future.cancel = func() { inner.scope.cancel(ErrCanceled) }
	ctx.scope.add(future)
	Go(inner, func(inner Context) {
		value, err := f(inner)
		inner.scope.leave()
		if !future.isSettled {
			future.value = value
			future.settle(nil, err)
		}
	})
	return future
}
