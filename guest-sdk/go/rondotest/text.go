package rondotest

import (
	"fmt"

	"rondo/internal/wire"
)

// text is an action as a line. Times are shown as the distance from startMs.
func text(action wire.Action, startMs uint64) string {
	switch a := action.(type) {
	case *wire.ScheduleActivity:
		return fmt.Sprintf("activity %d %s%s", a.Task, a.Name, json(a.Input))
	case *wire.CreateTimer:
		return fmt.Sprintf("timer %d at %dms", a.Task, int64(a.FireAt-startMs))
	case *wire.StartChild:
		id, detached := "", ""
		if a.InstanceID != nil {
			id = " as " + *a.InstanceID
		}
		if a.Detached {
			detached = " detached"
		}
		return fmt.Sprintf("child %d %s%s%s%s", a.Task, a.Name, id, detached, json(a.Input))
	case *wire.WaitEvent:
		return fmt.Sprintf("wait %d %s", a.Task, a.Name)
	case *wire.SendEvent:
		return fmt.Sprintf("send %d %s to %s%s", a.Task, a.Name, a.InstanceID, json(a.Data))
	case *wire.Cancel:
		return fmt.Sprintf("cancel %d", a.Task)
	case *wire.SetCustomStatus:
		return "status" + json(a.Status)
	case *wire.Log:
		return fmt.Sprintf("log %s %s", [...]string{"trace", "debug", "info", "warn", "error"}[a.Level], a.Message)
	case *wire.ContinueAsNew:
		dropped := ""
		if !a.KeepEvents {
			dropped = " dropping events"
		}
		return "continue as new" + dropped + json(a.Input)
	case *wire.Complete:
		return "complete" + json(a.Output)
	case *wire.Fail:
		return fmt.Sprintf("fail %s: %s", a.Failure.Kind, a.Failure.Message)
	default:
		return fmt.Sprintf("%T", action)
	}
}

func texts(decided [][]wire.Action, startMs uint64) []string {
	var lines []string
	for _, actions := range decided {
		for _, action := range actions {
			lines = append(lines, text(action, startMs))
		}
	}
	return lines
}

func eventText(event wire.Event) string {
	switch event.Case {
	case wire.TimerFired:
		return fmt.Sprintf("fired %d", event.Task)
	case wire.EventRaised:
		return fmt.Sprintf("raised %d%s", event.Task, json(event.Output))
	case wire.ActivityFailed, wire.ChildFailed:
		return fmt.Sprintf("failed %d %s: %s", event.Task, event.Failure.Kind, event.Failure.Message)
	default:
		return fmt.Sprintf("completed %d%s", event.Task, json(event.Output))
	}
}

func json(payload wire.Payload) string {
	if payload == nil {
		return ""
	}
	return " " + string(payload)
}
