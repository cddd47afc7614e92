/** Actions and events as lines of text. */

import type { Action, Event, Failure, Payload } from "../wire.js";

/** One line. Times are shown as the distance from `startMs`. */
export function actionLine(action: Action, startMs: number): string {
  switch (action.tag) {
    case "schedule-activity":
      return `activity ${action.val.task} ${action.val.name}${json(action.val.input)}`;
    case "create-timer":
      return `timer ${action.val.task} at ${Math.max(action.val.fireAt - startMs, 0)}ms`;
    case "start-child": {
      const { task, name, instanceId, detached, input } = action.val;
      return `child ${task} ${name}${instanceId === null ? "" : ` as ${instanceId}`}${detached ? " detached" : ""}${json(input)}`;
    }
    case "wait-event":
      return `wait ${action.val.task} ${action.val.name}`;
    case "send-event":
      return `send ${action.val.task} ${action.val.name} to ${action.val.instanceId}${json(action.val.data)}`;
    case "cancel":
      return `cancel ${action.val}`;
    case "set-custom-status":
      return `status${json(action.val)}`;
    case "log":
      return `log ${action.val.level} ${action.val.message}`;
    case "continue-as-new":
      return `continue as new${action.val.keepEvents ? "" : " dropping events"}${json(action.val.input)}`;
    case "complete":
      return `complete${json(action.val)}`;
    case "fail":
      return `fail ${failureText(action.val)}`;
  }
}

/** One line. */
export function eventLine({ tag, val }: Event): string {
  if (tag === "timer-fired") {
    return `fired ${val}`;
  }
  if ("failure" in val) {
    return `failed ${val.task} ${failureText(val.failure)}`;
  }
  return `${tag === "event-raised" ? "raised" : "completed"} ${val.task}${json(val.output)}`;
}

function failureText({ kind, message }: Failure): string {
  return `${kind}: ${message}`;
}

function json(payload: Payload): string {
  return payload === null ? "" : ` ${payload}`;
}
