package abi

import "rondo/internal/wire"

func (t target) setAction(action wire.Action) {
	const at = payloadOfAction
	switch action := action.(type) {
	case *wire.ScheduleActivity:
		t.setU8(0, caseScheduleActivity)
		t.setU32(at, action.Task)
		t.setText(at+4, action.Name)
		t.setPayload(at+12, action.Input)
		t.setOptionRetry(at+24, action.Retry)
	case *wire.CreateTimer:
		t.setU8(0, caseCreateTimer)
		t.setU32(at, action.Task)
		t.setU64(at+8, action.FireAt)
	case *wire.StartChild:
		t.setU8(0, caseStartChild)
		t.setU32(at, action.Task)
		t.setText(at+4, action.Name)
		t.setOptionText(at+12, action.InstanceID)
		t.setOptionText(at+24, action.Version)
		t.setPayload(at+36, action.Input)
		t.setTags(at+48, action.Tags)
		t.setOptionRetry(at+56, action.Retry)
		t.setBool(at+128, action.Detached)
	case *wire.WaitEvent:
		t.setU8(0, caseWaitEvent)
		t.setU32(at, action.Task)
		t.setText(at+4, action.Name)
	case *wire.SendEvent:
		t.setU8(0, caseSendEvent)
		t.setU32(at, action.Task)
		t.setText(at+4, action.InstanceID)
		t.setText(at+12, action.Name)
		t.setPayload(at+20, action.Data)
	case *wire.Cancel:
		t.setU8(0, caseCancel)
		t.setU32(at, action.Task)
	case *wire.SetCustomStatus:
		t.setU8(0, caseSetCustomStatus)
		t.setPayload(at, action.Status)
	case *wire.Log:
		t.setU8(0, caseLog)
		t.setU8(at, uint8(action.Level))
		t.setText(at+4, action.Message)
	case *wire.ContinueAsNew:
		t.setU8(0, caseContinueAsNew)
		t.setPayload(at, action.Input)
		t.setOptionText(at+12, action.Version)
		t.setBool(at+24, action.KeepEvents)
	case *wire.Complete:
		t.setU8(0, caseComplete)
		t.setPayload(at, action.Output)
	case *wire.Fail:
		t.setU8(0, caseFail)
		t.setFailure(at, &action.Failure)
	}
}
