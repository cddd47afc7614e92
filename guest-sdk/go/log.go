package rondo

import (
	"fmt"

	"rondo/internal/wire"
)

// Level says how much a log line matters.
type Level uint8

// The levels.
const (
	LevelTrace = Level(wire.Trace)
	LevelDebug = Level(wire.Debug)
	LevelInfo  = Level(wire.Info)
	LevelWarn  = Level(wire.Warn)
	LevelError = Level(wire.Error)
)

// Logf is a line for the host's log; not repeated when the history is replayed.
func (ctx Context) Logf(level Level, format string, args ...any) {
	ctx.core.push(&wire.Log{Level: wire.LogLevel(level), Message: fmt.Sprintf(format, args...)})
}

// Tracef is a line for the host's log at level trace.
func (ctx Context) Tracef(format string, args ...any) { ctx.Logf(LevelTrace, format, args...) }

// Debugf is a line for the host's log at level debug.
func (ctx Context) Debugf(format string, args ...any) { ctx.Logf(LevelDebug, format, args...) }

// Infof is a line for the host's log at level info.
func (ctx Context) Infof(format string, args ...any) { ctx.Logf(LevelInfo, format, args...) }

// Warnf is a line for the host's log at level warn.
func (ctx Context) Warnf(format string, args ...any) { ctx.Logf(LevelWarn, format, args...) }

// Errorf is a line for the host's log at level error.
func (ctx Context) Errorf(format string, args ...any) { ctx.Logf(LevelError, format, args...) }
