package rondo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rondo"
	"rondo/rondotest"
)

// play runs an orchestration under the test's name; the activity double doubles numbers.
func play[Out any](t *testing.T, body func(rondo.Context) (Out, error)) (*rondotest.Run, *rondotest.Stage) {
	t.Helper()
	stage := rondotest.New(t)
	rondotest.Activity(stage, "double", func(n int) (int, error) {
		if n < 0 {
			return 0, rondo.NewFailure("negative", fmt.Sprintf("%d is less than nothing", n))
		}
		return 2 * n, nil
	})
	rondo.Register(t.Name(), func(ctx rondo.Context, _ rondo.None) (Out, error) { return body(ctx) })
	return stage.Run(t.Name(), nil), stage
}

func wantLog(t *testing.T, run *rondotest.Run, want ...string) {
	t.Helper()
	if !slices.Equal(run.Log(), want) {
		t.Errorf("log:\n  %s\nwant:\n  %s", strings.Join(run.Log(), "\n  "), strings.Join(want, "\n  "))
	}
}

func wantKind(t *testing.T, run *rondotest.Run, want string) {
	t.Helper()
	if _, err := rondotest.Result[any](run); rondo.KindOf(err) != want {
		t.Errorf("ended with %v, want kind %q", err, want)
	}
}

func TestBranchesGoOnInTheOrderOfTheirMaking(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) ([]int, error) {
		branch := func(n int) *rondo.Future {
			return rondo.Async(ctx, func(ctx rondo.Context) (int, error) {
				doubled, err := rondo.Call[int](ctx, "double", n)
				if err != nil {
					return 0, err
				}
				return rondo.Call[int](ctx, "double", doubled)
			})
		}
		return rondo.AwaitAll[int](branch(1), branch(10))
	})
	wantLog(t, run, "activity 0 double 1", "activity 1 double 10", "completed 0 2", "activity 2 double 2",
		"completed 1 20", "activity 3 double 20", "completed 2 4", "completed 3 40", "complete [4,40]")
}

func TestTheFirstFailureCancelsTheOthers(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (rondo.None, error) {
		return rondo.None{}, rondo.All(ctx.Event("never"), ctx.Activity("double", -1), ctx.Timer(time.Hour))
	})
	wantLog(t, run, "wait 0 never", "activity 1 double -1", "timer 2 at 3600000ms",
		"failed 1 negative: -1 is less than nothing", "cancel 0", "cancel 2", "fail negative: -1 is less than nothing")
}

func TestCancelingAFutureCancelsWhatItsCodeWaitsFor(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (string, error) {
		slow := rondo.Async(ctx, func(ctx rondo.Context) (int, error) {
			if err := ctx.Sleep(time.Hour); err != nil {
				ctx.Infof("cleaning up: %v", err)
				return rondo.Call[int](ctx, "double", 1)
			}
			return 1, nil
		})
		err := slow.GetWithTimeout(ctx, time.Minute, nil)
		if !errors.Is(err, rondo.ErrTimeout) {
			return "", fmt.Errorf("no timeout: %w", err)
		}
		return "late", ctx.Sleep(time.Second)
	})
	wantLog(t, run, "timer 0 at 60000ms", "timer 1 at 3600000ms", "fired 0", "cancel 1", "timer 2 at 61000ms",
		"log info cleaning up: canceled: the orchestration canceled it", "fired 2", `complete "late"`)
}

func TestATimeoutOfAContextEndsAllItsCalls(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (rondo.None, error) {
		limited, cancel := rondo.WithTimeout(ctx, time.Minute)
		defer cancel()
		return rondo.None{}, rondo.All(limited.Event("a"), limited.Event("b"))
	})
	wantKind(t, run, rondo.KindTimeout)
	if run.Elapsed() != time.Minute {
		t.Errorf("it took %v", run.Elapsed())
	}
}

func TestASelectorTakesWhatWasAddedFirst(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) ([]string, error) {
		var order []string
		timer, call := ctx.Timer(time.Hour), ctx.Activity("double", 1)
		selector := rondo.NewSelector(ctx).
			AddFuture(timer, func(*rondo.Future) { order = append(order, "timer") }).
			AddFuture(call, func(*rondo.Future) { order = append(order, "call") })
		selector.Select()
		selector.Select()
		rondo.NewSelector(ctx).AddDefault(func() { order = append(order, "default") }).Select()
		return order, nil
	})
	if order, _ := rondotest.Result[[]string](run); !slices.Equal(order, []string{"call", "timer", "default"}) {
		t.Error(order, run.Log())
	}
}

func TestChannelsHandValuesOverInOrder(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) ([]int, error) {
		jobs, results, workers := rondo.NewChannel[int](ctx, 0), rondo.NewChannel[int](ctx, 1), rondo.NewWaitGroup(ctx)
		for range 2 {
			workers.Go(ctx, func(ctx rondo.Context) {
				for {
					job, ok := jobs.Receive()
					if !ok {
						return
					}
					doubled, _ := rondo.Call[int](ctx, "double", job)
					results.Send(doubled)
				}
			})
		}
		rondo.Go(ctx, func(rondo.Context) {
			for n := range 4 {
				jobs.Send(n)
			}
			jobs.Close()
			workers.Wait()
			results.Close()
		})
		var all []int
		for {
			result, ok := results.Receive()
			if !ok {
				return all, nil
			}
			all = append(all, result)
		}
	})
	if all, err := rondotest.Result[[]int](run); !slices.Equal(all, []int{0, 2, 4, 6}) {
		t.Error(all, err, run.Log())
	}
}

func TestWaitingForNothingIsAFailure(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (rondo.None, error) {
		_, _ = rondo.Call[int](ctx, "double", 1)
		rondo.NewSelector(ctx).Select()
		return rondo.None{}, nil
	})
	wantKind(t, run, rondo.KindStalled)
}

func TestAPanicAnywhereFailsTheOrchestrationWithItsStack(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (rondo.None, error) {
		rondo.Go(ctx, func(rondo.Context) { panic(errors.New("boom")) })
		return rondo.None{}, ctx.Sleep(time.Hour)
	})
	_, err := rondotest.Result[any](run)
	failed, ok := errors.AsType[*rondo.Failure](err)
	if !ok || failed.Kind != rondo.KindError || failed.Message != "boom" || failed.NonRetriable {
		t.Fatal(err)
	}
	if !strings.Contains(*failed.Details, "orchestration_test.go") || strings.Contains(*failed.Details, "0x") {
		t.Error(*failed.Details)
	}
}

func TestAWrappedFailureKeepsItsKind(t *testing.T) {
	run, _ := play(t, func(ctx rondo.Context) (rondo.None, error) {
		return rondo.None{}, fmt.Errorf("doubling: %w", ctx.Activity("double", -1).Get(nil))
	})
	_, err := rondotest.Result[any](run)
	if err.Error() != "negative: doubling: negative: -1 is less than nothing" {
		t.Error(err)
	}
}

func TestContinuingAsNewKeepsEventsThatNobodyHasTaken(t *testing.T) {
	stage := rondotest.New(t)
	stage.Event("go", "first")
	stage.Event("go", "second")
	rondo.Register(t.Name(), func(ctx rondo.Context, seen []string) ([]string, error) {
		word, err := rondo.Await[string](ctx.Event("GO"))
		if seen = append(seen, word); len(seen) < 2 && err == nil {
			return nil, ctx.ContinueAsNew(seen)
		}
		return seen, err
	})
	seen, err := rondotest.Result[[]string](stage.Run(t.Name(), []string{}))
	if !slices.Equal(seen, []string{"first", "second"}) {
		t.Error(seen, err)
	}
}

func TestNoEventIsLostToARace(t *testing.T) {
	stage := rondotest.New(t)
	stage.Event("a", 1)
	stage.Event("b", 2)
	rondo.Register(t.Name(), func(ctx rondo.Context, _ rondo.None) ([]int, error) {
		var seen []int
		for range 2 {
			futures := []*rondo.Future{ctx.Event("a"), ctx.Event("b")}
			value, err := rondo.Await[int](futures[rondo.Race(futures...)])
			if err != nil {
				return nil, err
			}
			seen = append(seen, value)
		}
		return seen, nil
	})
	if seen, err := rondotest.Result[[]int](stage.Run(t.Name(), nil)); !slices.Equal(seen, []int{1, 2}) {
		t.Error(seen, err)
	}
}

func TestTheHostRetriesAsThePolicySays(t *testing.T) {
	stage := rondotest.New(t)
	attempts := 0
	rondotest.Activity(stage, "charge", func(rondo.None) (int, error) {
		if attempts++; attempts < 3 {
			return 0, rondo.NewFailure("provider-down", "try later")
		}
		return attempts, nil
	})
	rondo.Register(t.Name(), func(ctx rondo.Context, _ rondo.None) (int, error) {
		return rondo.Call[int](ctx, "charge", nil, rondo.Retry{MaxAttempts: 5, Backoff: 2})
	})
	run := stage.Run(t.Name(), nil)
	if took, err := rondotest.Result[int](run); took != 3 || err != nil || run.Elapsed() != 3*time.Second {
		t.Error(took, err, run.Elapsed())
	}
}

func TestAChildRunsInAWorldOfItsOwn(t *testing.T) {
	rondo.Register(t.Name()+"/child", func(ctx rondo.Context, name string) (string, error) {
		tag, _ := ctx.Tag("greeting")
		return tag + ", " + name, ctx.Sleep(time.Minute)
	})
	run, _ := play(t, func(ctx rondo.Context) (string, error) {
		return rondo.CallChild[string](ctx, t.Name()+"/child", "Ada", rondo.Tag("greeting", "Hello"), rondo.InstanceID("kid"))
	})
	if greeting, err := rondotest.Result[string](run); greeting != "Hello, Ada" || err != nil || run.Elapsed() != time.Minute {
		t.Error(greeting, err, run.Elapsed())
	}
}
