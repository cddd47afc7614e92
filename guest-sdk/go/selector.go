package rondo

// Selector waits for the first of several futures and channels, in place of Go's select statement.
//
//	rondo.NewSelector(ctx).
//		AddFuture(approval, func(f *rondo.Future) { err = f.Get(&approved) }).
//		AddFuture(ctx.Timer(24*time.Hour), func(*rondo.Future) { escalate = true }).
//		Select()
//
// What is not chosen goes on: cancel it if it is no longer wanted, or use [Race].
type Selector struct {
	core      *core
	cases     []selectorCase
	otherwise func()
}

type selectorCase struct {
	future  *Future
	channel Receivable
	run     func()
}

func (c selectorCase) isReady() bool {
	if c.future != nil {
		return c.future.isSettled
	}
	return c.channel.canReceive()
}

// NewSelector makes a selector without cases.
func NewSelector(ctx Context) *Selector { return &Selector{core: ctx.core} }

// AddFuture has f called, once, when the future is there.
func (s *Selector) AddFuture(future *Future, f func(*Future)) *Selector {
	s.cases = append(s.cases, selectorCase{future: future, run: func() { f(future) }})
	return s
}

// AddReceive has f called whenever the channel has a value, or is closed; f receives it.
func (s *Selector) AddReceive(channel Receivable, f func()) *Selector {
	s.cases = append(s.cases, selectorCase{channel: channel, run: f})
	return s
}

// AddDefault has f called when nothing else is ready, so that Select does not wait.
func (s *Selector) AddDefault(f func()) *Selector {
	s.otherwise = f
	return s
}

// HasPending says whether Select would find a case that is ready.
func (s *Selector) HasPending() bool { return s.ready() >= 0 }

// Select waits until a case is ready and runs it; of several, the one added first. Without a case it waits for ever.
//
// It may be called again for the next one.
func (s *Selector) Select() {
	r := s.core.running()
	if s.ready() < 0 && s.otherwise != nil {
		s.otherwise()
		return
	}
	for _, c := range s.cases {
		c.watch(r)
	}
	s.core.wait(s.HasPending)
	for _, c := range s.cases {
		c.unwatch(r)
	}
	at := s.ready()
	chosen := s.cases[at]
	if chosen.future != nil {
		chosen.future.take()
		s.cases = append(s.cases[:at], s.cases[at+1:]...)
	}
	chosen.run()
}

func (s *Selector) ready() int {
	for index, c := range s.cases {
		if c.isReady() {
			return index
		}
	}
	return -1
}

func (c selectorCase) watch(r *routine) {
	if c.future != nil {
		if !c.future.isSettled {
			c.future.watch(r)
		}
		return
	}
	c.channel.expect(1)
	c.channel.watchers().add(r)
}

func (c selectorCase) unwatch(r *routine) {
	if c.future != nil {
		c.future.unwatch(r)
		return
	}
	c.channel.expect(-1)
	c.channel.watchers().remove(r)
}
