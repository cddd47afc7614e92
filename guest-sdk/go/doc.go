// Package rondo writes durable orchestrations in Go.
//
// An orchestration is a function that says what has to happen: call this, wait for that, then the next. It can be
// interrupted anywhere, by a crash or for a year, because the host records what happened and replays it.
//
//	func Order(ctx rondo.Context, order OrderInput) (Receipt, error) {
//		payment, err := rondo.Call[Payment](ctx, "charge", order, rondo.Retry{MaxAttempts: 5, Backoff: 2})
//		if err != nil {
//			return Receipt{}, err
//		}
//		approved, err := rondo.AwaitWithTimeout[bool](ctx, ctx.Event("approval"), 72*time.Hour)
//		if errors.Is(err, rondo.ErrTimeout) || err == nil && !approved {
//			return rondo.Call[Receipt](ctx, "refund", payment)
//		} else if err != nil {
//			return Receipt{}, err
//		}
//		return rondo.Call[Receipt](ctx, "ship", order)
//	}
//
//	func init() { rondo.Register("order", Order) }
//
// Activities, the functions that do the work, are registered with package rondo/activity; tests run orchestrations with
// package rondo/rondotest.
//
// # What an orchestration may do
//
// Everything it decides must follow from its input and from what it awaited. The clock, crypto/rand and the standard
// output of a component are made so by the SDK. Do not let decisions depend on the order of a map, a select statement
// or the generator of math/rand: use [Context.Random], [Context.Rand], sorted keys and [Selector].
//
// # Side by side
//
// [Go] and [Async] run functions next to each other, one at a time: the running one goes on until it waits for a
// [Future], a [Channel], a [Selector] or a [WaitGroup]. Goroutines of a go statement may compute, but must not use this
// package; an orchestration that waits for anything that is not rondo's fails with kind stalled.
package rondo
