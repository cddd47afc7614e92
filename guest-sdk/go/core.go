package rondo

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"rondo/internal/adapter"
	"rondo/internal/failure"
	"rondo/internal/random"
	"rondo/internal/watch"
	"rondo/internal/wire"
)

// core is what a guest remembers of its execution between turns.
type core struct {
	execution wire.Execution
	key       random.Key
	// Milliseconds since 1970: the current turn's.
	nowMs uint64
	// How many random numbers were drawn.
	drawn   uint64
	actions []wire.Action
	// By task id; nil when it is settled, canceled, or of a kind that is never settled.
	tasks []*Future
	// How many of them are open.
	open int
	// Waits, by task id, with an event that no code has taken.
	untaken map[uint32]*Future

	ready, idle []*routine
	current     *routine
	spawned     int
	// Counts up whenever a routine has gone on, for whoever watches whether they do.
	switches atomic.Uint64

	ended bool
}

// start finds the orchestration and reads its input. None of its code runs yet.
func start(execution wire.Execution) (c *core, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = failure.FromPanic(thrown)
		}
	}()
	begin, err := orchestrations.Find(execution.Name)
	if err != nil {
		return nil, err
	}
	adapter.Seed(random.KeyOf(execution.ExecutionID).Seed())
	c = &core{execution: execution, key: random.KeyOf(execution.ExecutionID), untaken: map[uint32]*Future{}}
	body, err := begin(Context{core: c, scope: &scope{}}, execution.Input)
	if err != nil {
		return nil, err
	}
	c.spawn(func() { c.end(body()) })
	return c, nil
}

// Run takes the turns in order; one list of actions for each.
func (c *core) Run(turns []wire.Turn) [][]wire.Action {
	decided := make([][]wire.Action, len(turns))
	current := 0
	isStuck := watch.Orchestration(&c.switches, func() {
		for index, turn := range turns {
			current = index
			decided[index] = c.turn(turn)
		}
	})
	if isStuck {
		c.end(nil, failure.Final(KindStalled, "the orchestration is blocked by something that is not rondo's, such as a "+
			"Go channel, a sync.Mutex or time.Sleep: use rondo.NewChannel, rondo.NewWaitGroup or ctx.Sleep"))
	}
	// Something is left when the turn was not finished: it is stuck, or runtime.Goexit took its goroutine away.
	if left := c.takeActions(); len(left) > 0 {
		decided[current] = left
	}
	return decided
}

func (c *core) turn(turn wire.Turn) []wire.Action {
	if c.ended {
		return nil
	}
	c.nowMs = turn.Now
	adapter.SetNow(turn.Now)
	for index := range turn.Events {
		c.settle(&turn.Events[index])
	}
	c.runUntilIdle()
	if !c.ended && c.open == 0 {
		c.end(nil, failure.Final(KindStalled,
			"the orchestration awaits something that no activity, child, timer or event will complete"))
	}
	return c.takeActions()
}

// end makes the last decision. Only the first one counts.
func (c *core) end(output wire.Payload, err error) {
	if c.ended {
		return
	}
	next, continues := errors.AsType[*continueAsNew](err)
	switch {
	case err == nil:
		c.push(&wire.Complete{Output: output})
	case continues:
		c.giveBack()
		c.push(&next.action)
	default:
		c.push(&wire.Fail{Failure: failure.ToWire(err)})
	}
	c.ended = true
}

// push decides something. What was printed before comes before it in the log, and nothing comes after the end: code
// that was stuck then may go on once more.
func (c *core) push(action wire.Action) {
	if c.ended {
		return
	}
	c.flushOutput()
	c.actions = append(c.actions, action)
}

func (c *core) flushOutput() {
	for _, line := range adapter.TakeOutput() {
		c.actions = append(c.actions, &wire.Log{Level: line.Level, Message: line.Text})
	}
}

// takeActions returns the actions since the last call, in a list of its own.
func (c *core) takeActions() []wire.Action {
	if !c.ended {
		c.flushOutput()
	}
	taken := c.actions
	c.actions = nil
	return taken
}

// number returns the next task id, for what is settled later if that is given.
func (c *core) number(settledLater *Future) uint32 {
	id := uint32(len(c.tasks))
	c.tasks = append(c.tasks, settledLater)
	if settledLater != nil {
		c.open++
	}
	return id
}

// settle takes note of something that happened.
//
// Tasks that this code never began, or has canceled, are passed over: when changed code replays an old history, the
// host compares actions and reports the difference better than a failure here could.
func (c *core) settle(event *wire.Event) {
	if uint64(event.Task) >= uint64(len(c.tasks)) {
		return
	}
	future := c.tasks[event.Task]
	if future == nil {
		return
	}
	c.close(event.Task)
	if event.Case == wire.EventRaised {
		c.untaken[event.Task] = future
	}
	if event.Failure != nil {
		future.settle(nil, failure.FromWire(event.Failure))
	} else {
		future.settle(event.Output, nil)
	}
}

// giveBack returns all events that no code has taken to where they were.
func (c *core) giveBack() {
	for _, task := range slices.Sorted(maps.Keys(c.untaken)) {
		c.untaken[task].abandon(ErrCanceled)
	}
}

// close forgets an open task.
func (c *core) close(id uint32) {
	c.tasks[id] = nil
	c.open--
}

func (c *core) draw() (high, low uint64) {
	high, low = c.key.Draw(c.drawn)
	c.drawn++
	return high, low
}
