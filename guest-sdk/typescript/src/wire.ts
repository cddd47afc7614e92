/** The vocabulary of `wit/types.wit`, as componentize-qjs passes it: camel case, `{ tag, val }`, null for none. */

/** JSON text, or null for "no value". */
export type Payload = string | null;

export interface Failure {
  kind: string;
  message: string;
  details: Payload;
  nonRetriable: boolean;
}

export interface Parent {
  instanceId: string;
  executionId: string;
  name: string;
}

export interface Execution {
  instanceId: string;
  executionId: string;
  name: string;
  version: string | null;
  input: Payload;
  tags: [string, string][];
  parent: Parent | null;
}

/** Durations in milliseconds. */
export interface RetryPolicy {
  maxAttempts: number;
  firstInterval: number;
  backoffCoefficient: number;
  maxInterval: number | null;
  retryTimeout: number | null;
  nonRetriableKinds: string[];
}

export interface Definition {
  name: string;
  description: string;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface TaskCompleted {
  task: number;
  output: Payload;
}

export interface TaskFailed {
  task: number;
  failure: Failure;
}

export type Event =
  | { tag: "activity-completed" | "child-completed" | "event-raised"; val: TaskCompleted }
  | { tag: "activity-failed" | "child-failed"; val: TaskFailed }
  | { tag: "timer-fired"; val: number };

export interface Turn {
  /** Milliseconds since the Unix epoch. */
  now: number;
  events: Event[];
}

export interface ScheduleActivity {
  task: number;
  name: string;
  input: Payload;
  retry: RetryPolicy | null;
}

export interface CreateTimer {
  task: number;
  fireAt: number;
}

export interface StartChild {
  task: number;
  name: string;
  instanceId: string | null;
  version: string | null;
  input: Payload;
  tags: [string, string][];
  retry: RetryPolicy | null;
  detached: boolean;
}

export interface WaitEvent {
  task: number;
  name: string;
}

export interface SendEvent {
  task: number;
  instanceId: string;
  name: string;
  data: Payload;
}

export interface ContinueAsNew {
  input: Payload;
  version: string | null;
  keepEvents: boolean;
}

/** The decisions that carry a task id. */
export type Task =
  | { tag: "schedule-activity"; val: ScheduleActivity }
  | { tag: "create-timer"; val: CreateTimer }
  | { tag: "start-child"; val: StartChild }
  | { tag: "wait-event"; val: WaitEvent }
  | { tag: "send-event"; val: SendEvent };

export type Action =
  | Task
  | { tag: "cancel"; val: number }
  | { tag: "set-custom-status"; val: Payload }
  | { tag: "log"; val: { level: LogLevel; message: string } }
  | { tag: "continue-as-new"; val: ContinueAsNew }
  | { tag: "complete"; val: Payload }
  | { tag: "fail"; val: Failure };

export interface ActivityContext {
  instanceId: string;
  executionId: string;
  task: number;
  attempt: number;
}

/** A text that the host can read: half a surrogate pair has no UTF-8 form. */
export function text(value: string): string {
  return value.replace(/[\ud800-\udfff]/gu, "\ufffd");
}
