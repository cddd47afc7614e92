// The scenarios that every SDK must act out, in Go. What each one does is said in ../README.md.
package main

import (
	"rondo"
	"rondo/activity"
)

func init() {
	activity.Register("add_one", addOne)
	activity.Register("square", square)
	activity.Register("echo", echo)
	activity.Register("flaky", flaky)
	activity.Register("fail", fail)
	activity.Register("whoami", whoami)
	activity.Register("throws", throws)
	activity.Register("go_stamp", goStamp)

	rondo.Register("echo", echoInput)
	rondo.Register("call_echo", callEcho)
	rondo.Register("identity", identity)
	rondo.Register("now", now)
	rondo.Register("random", random)
	rondo.Register("not_serializable", notSerializable)

	rondo.Register("chain", chain)
	rondo.Register("sequential", sequential)
	rondo.Register("fan_out", fanOut)
	rondo.Register("parallel", parallel)
	rondo.Register("start_then_await", startThenAwait)
	rondo.Register("retry", retry)
	rondo.Register("retry_default", retryDefault)

	rondo.Register("call_fail", callFail)
	rondo.Register("catch_fail", catchFail)
	rondo.Register("fail_with", failWith)
	rondo.Register("throws", panics)
	rondo.Register("throws_later", panicsLater)
	rondo.Register("stalled", stalled)
	rondo.Register("all_fails", allFails)
	rondo.Register("settle_all", settleAll)

	rondo.Register("timer", timer)
	rondo.Register("timer_at", timerAt)
	rondo.Register("wait_event", waitEvent)
	rondo.Register("wait_twice", waitTwice)
	rondo.Register("send_event", sendEvent)
	rondo.Register("timeout_event", timeoutEvent)
	rondo.Register("timeout_activity", timeoutActivity)
	rondo.Register("race", race)
	rondo.Register("race_mixed", raceMixed)
	rondo.Register("races", races)
	rondo.Register("hand_over", handOver)
	rondo.Register("cancel", cancel)

	rondo.Register("child", child)
	rondo.Register("child_options", childOptions)
	rondo.Register("catch_child", catchChild)
	rondo.Register("detached", detached)

	rondo.Register("custom_status", customStatus)
	rondo.Register("logs", logs)
	rondo.Register("countdown", countdown)
	rondo.Register("continue_options", continueOptions)
	rondo.Register("own_print", ownPrint)
	rondo.Register("own_sources", ownSources)
	rondo.Register("go_relay", goRelay)
}

// A component has no main function; Go wants one.
func main() {}
