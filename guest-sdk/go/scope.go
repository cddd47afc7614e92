package rondo

import "time"

// scope is what is canceled together. The scope of the whole orchestration is never canceled and keeps no list.
type scope struct {
	parent  *scope
	err     error
	futures []*Future
	inner   []*scope
	// How long futures may become before those that are settled are dropped from it.
	limit int
}

const scopeLimitMin = 16

func (s *scope) add(f *Future) {
	if s.parent == nil {
		return
	}
	if len(s.futures) >= max(s.limit, scopeLimitMin) {
		open := s.futures[:0]
		for _, f := range s.futures {
			if !f.isSettled || f.holdsEvent() {
				open = append(open, f)
			}
		}
		clear(s.futures[len(open):])
		s.futures, s.limit = open, 2*len(open)
	}
	s.futures = append(s.futures, f)
}

func (s *scope) cancel(err error) {
	if s.err != nil || s.parent == nil {
		return
	}
	s.err = err
	futures, inner := s.futures, s.inner
	s.futures, s.inner = nil, nil
	for _, f := range futures {
		f.abandon(err)
	}
	for _, s := range inner {
		s.cancel(err)
	}
	s.leave()
}

// leave removes it from its parent's list.
func (s *scope) leave() {
	for index, other := range s.parent.inner {
		if other == s {
			s.parent.inner = append(s.parent.inner[:index], s.parent.inner[index+1:]...)
			return
		}
	}
}

func (ctx Context) withScope() Context {
	inner := &scope{parent: ctx.scope, err: ctx.scope.err}
	ctx.scope.inner = append(ctx.scope.inner, inner)
	return Context{core: ctx.core, scope: inner}
}

// WithCancel returns a context whose calls can be given up together: cancel cancels all that are open, and later calls
// with this context fail at once. Their error is ErrCanceled.
//
// Call cancel when what the context is for is done, as with package context.
func WithCancel(ctx Context) (inner Context, cancel func()) {
	inner = ctx.withScope()
	return inner, func() { inner.scope.cancel(ErrCanceled) }
}

// WithTimeout is WithCancel, and cancels by itself when the time is over. The error is ErrTimeout then.
func WithTimeout(ctx Context, limit time.Duration) (inner Context, cancel func()) {
	inner = ctx.withScope()
	timer := ctx.Timer(limit)
	Go(ctx, func(Context) {
		if timer.Get(nil) == nil {
			inner.scope.cancel(ErrTimeout)
		}
	})
	return inner, func() {
		timer.Cancel()
		inner.scope.cancel(ErrCanceled)
	}
}
