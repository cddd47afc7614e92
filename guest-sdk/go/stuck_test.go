//go:build !wasip1

package rondo

import (
	"strings"
	"testing"
	"time"

	"rondo/internal/watch"
	"rondo/internal/wire"
)

func TestAGoChannelThatBlocksIsAFailureThatSaysSo(t *testing.T) {
	defer func(limit time.Duration) { watch.Limit = limit }(watch.Limit)
	watch.Limit = 50 * time.Millisecond
	c := begun(t, func(ctx Context) error {
		ctx.Activity("work", nil)
		<-make(chan int)
		return nil
	})
	decided := c.Run([]wire.Turn{{}, {}})
	if len(decided[0]) != 2 || len(decided[1]) != 0 {
		t.Fatal(decided)
	}
	failed, ok := decided[0][1].(*wire.Fail)
	if !ok || failed.Failure.Kind != KindStalled || !strings.Contains(failed.Failure.Message, "Go channel") {
		t.Error(decided[0][1])
	}
}
