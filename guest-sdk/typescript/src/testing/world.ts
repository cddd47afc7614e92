import * as activity from "../activity.js";
import type { App } from "../app.js";
import { hash, hex } from "../draws.js";
import { toWire } from "../failure.js";
import { encode } from "../payload.js";
import { DurablePromise } from "../promise.js";
import type { Action, Event, Execution, Failure, Payload, RetryPolicy } from "../wire.js";
import { idle } from "./idle.js";
import { Instance } from "./instance.js";
import type { Outcome } from "./instance.js";
import { actionLine, eventLine } from "./text.js";

/** Stands in for an activity or a child: from its decoded input to its result, or throwing its failure. */
export type Double = (input: never) => unknown;

/** More than any test needs; what takes more never ends. */
const TURNS_MAX = 10_000;

/** A call on its way: what is tried, perhaps again, and who hears of the result. */
interface Attempt {
  readonly instance: Instance;
  readonly generation: number;
  readonly task: number;
  readonly retry: RetryPolicy | null;
  readonly firstMs: number;
  readonly number: number;
  readonly begin: (attempt: Attempt) => Promise<void>;
  readonly tell: (outcome: Outcome) => Event;
}

/** A host in memory, with a clock that only moves when nothing else can. */
export class World {
  readonly app: App;
  readonly startMs: number;
  readonly log: string[] = [];
  readonly activities = new Map<string, Double>();
  readonly children = new Map<string, Double>();
  nowMs: number;
  readonly #agenda: { atMs: number; happen: () => void | Promise<void> }[] = [];
  readonly #instances = new Map<string, Instance>();
  readonly #ready = new Set<Instance>();

  constructor(app: App, startMs: number) {
    this.app = app;
    this.startMs = startMs;
    this.nowMs = startMs;
  }

  /** Lets something happen so long from now. */
  at(afterMs: number, happen: () => void | Promise<void>): void {
    this.#agenda.push({ atMs: this.nowMs + afterMs, happen });
  }

  /** Goes on until the first instance has ended. */
  async drive(first: Instance): Promise<void> {
    for (let turns = 0; first.outcome === undefined; turns++) {
      if (turns > TURNS_MAX) {
        throw this.#wrong("it never ends");
      }
      await this.#happen();
      const [instance] = this.#ready;
      if (instance !== undefined) {
        this.#ready.delete(instance);
        await this.#turn(instance);
      } else if (this.#agenda.length === 0) {
        throw this.#wrong("it waits for something that the test does not provide");
      } else {
        this.nowMs = Math.min(...this.#agenda.map(({ atMs }) => atMs));
      }
    }
  }

  /** Starts an instance, whose first turn comes later. Throws the failure of one that cannot start. */
  begin(execution: Omit<Execution, "executionId">, watcher?: (outcome: Outcome) => void): Instance {
    const executionId = executionIdOf(execution.instanceId, 0);
    const instance = new Instance(this.app, { ...execution, executionId }, watcher);
    this.#instances.set(execution.instanceId, instance);
    this.#ready.add(instance);
    return instance;
  }

  /** Gives an event to the oldest wait for it, or keeps it. */
  raise(instanceId: string, name: string, data: Payload): void {
    const instance = this.#instances.get(instanceId);
    if (instance !== undefined && instance.outcome === undefined) {
      instance.buffered.push({ name, data, order: instance.raised++ });
      this.#matchEvents(instance);
    }
  }

  /** Everything that is due, in the order in which it was planned. */
  async #happen(): Promise<void> {
    for (;;) {
      const index = this.#agenda.findIndex(({ atMs }) => atMs <= this.nowMs);
      if (index < 0) {
        return;
      }
      await this.#agenda.splice(index, 1)[0]?.happen();
    }
  }

  #matchEvents(instance: Instance): void {
    for (const event of [...instance.buffered]) {
      const isFor = ([, name]: [number, string]): boolean => name.toLowerCase() === event.name.toLowerCase();
      const wait = [...instance.waits].find(isFor);
      if (wait !== undefined) {
        instance.buffered.splice(instance.buffered.indexOf(event), 1);
        instance.waits.delete(wait[0]);
        instance.taken.set(wait[0], event);
        this.#tell(instance, { tag: "event-raised", val: { task: wait[0], output: event.data } });
      }
    }
  }

  /** Puts the event of a wait that was canceled into its place among the others. */
  #giveBack(instance: Instance, task: number): void {
    const event = instance.taken.get(task);
    if (event !== undefined) {
      instance.taken.delete(task);
      instance.buffered.push(event);
      instance.buffered.sort((a, b) => a.order - b.order);
      this.#matchEvents(instance);
    }
  }

  #tell(instance: Instance, event: Event): void {
    instance.inbox.push(event);
    this.#ready.add(instance);
  }

  async #turn(instance: Instance): Promise<void> {
    const events = instance.inbox.filter((event) => !instance.canceled.has(taskOf(event)));
    instance.inbox = [];
    if (instance.outcome !== undefined || (events.length === 0 && !instance.isNew)) {
      return;
    }
    this.log.push(...events.map(eventLine));
    const actions = await instance.run({ now: this.nowMs, events });
    const lines = (all: Action[]): string[] => all.map((action) => actionLine(action, this.startMs));
    this.log.push(...lines(actions));
    const difference = await instance.replay();
    if (difference !== undefined) {
      const { turn, before, now } = difference;
      const what = [`it is not deterministic: in turn ${turn} it decided`, ...lines(before)];
      throw this.#wrong([...what, "and when it was replayed", ...lines(now), "after all this"].join("\n"));
    }
    actions.forEach((action) => this.#carryOut(instance, action));
  }

  #carryOut(instance: Instance, { tag, val }: Action): void {
    const { execution, generation } = instance;
    switch (tag) {
      case "schedule-activity": {
        const begin = (attempt: Attempt): Promise<void> => this.#runActivity(attempt, val.name, val.input);
        this.#attempt({
          instance,
          generation,
          task: val.task,
          retry: val.retry,
          begin,
          tell: told(val.task, "activity"),
        });
        break;
      }
      case "start-child": {
        const begin = (attempt: Attempt): Promise<void> =>
          this.#runChild(
            attempt,
            val.name,
            val.input,
            () => ({
              instanceId: val.instanceId ?? `${execution.instanceId}/${generation}/${val.task}`,
              name: val.name,
              version: val.version,
              input: val.input,
              tags: val.tags,
              parent: val.detached
                ? null
                : { instanceId: execution.instanceId, executionId: execution.executionId, name: execution.name },
            }),
            val.detached,
          );
        this.#attempt({ instance, generation, task: val.task, retry: val.retry, begin, tell: told(val.task, "child") });
        break;
      }
      case "create-timer":
        this.at(Math.max(val.fireAt - this.nowMs, 0), () => {
          if (instance.generation === generation) {
            this.#tell(instance, { tag: "timer-fired", val: val.task });
          }
        });
        break;
      case "wait-event":
        instance.waits.set(val.task, val.name);
        this.#matchEvents(instance);
        break;
      case "send-event":
        this.at(0, () => this.raise(val.instanceId, val.name, val.data));
        break;
      case "cancel":
        instance.canceled.add(val);
        instance.waits.delete(val);
        this.#giveBack(instance, val);
        break;
      case "set-custom-status":
        instance.customStatus = val;
        break;
      case "continue-as-new": {
        const executionId = executionIdOf(execution.instanceId, generation + 1);
        const version = val.version ?? execution.version;
        instance.inbox.forEach((event) => this.#giveBack(instance, taskOf(event)));
        instance.continue({ ...execution, executionId, version, input: val.input }, val.keepEvents);
        this.#ready.add(instance);
        break;
      }
      case "complete":
        this.#end(instance, { payload: val });
        break;
      case "fail":
        this.#end(instance, { failure: val });
        break;
      case "log":
        break;
    }
  }

  #end(instance: Instance, outcome: Outcome): void {
    instance.outcome = outcome;
    instance.watcher?.(outcome);
  }

  #attempt(call: Omit<Attempt, "firstMs" | "number">): void {
    const attempt = { ...call, firstMs: this.nowMs, number: 1 };
    this.at(0, () => attempt.begin(attempt));
  }

  async #runActivity(attempt: Attempt, name: string, input: Payload): Promise<void> {
    const { instance, task, number } = attempt;
    if (isOver(attempt)) {
      return;
    }
    const double = this.activities.get(name);
    const { instanceId, executionId } = instance.execution;
    const context = { instanceId, executionId, task, attempt: number };
    const run = (): unknown =>
      double === undefined
        ? activity.begin(this.app.activities.find(name), input, context)
        : double(parse(input) as never);
    this.#settle(attempt, await outcomeOf(run));
  }

  async #runChild(
    attempt: Attempt,
    name: string,
    input: Payload,
    execution: () => Omit<Execution, "executionId">,
    isDetached: boolean,
  ): Promise<void> {
    if (isOver(attempt)) {
      return;
    }
    const settle = (outcome: Outcome): void => (isDetached ? undefined : this.#settle(attempt, outcome));
    const double = this.children.get(name);
    if (double !== undefined) {
      settle(await outcomeOf(() => double(parse(input) as never)));
      return;
    }
    const child = execution();
    try {
      if (this.#instances.get(child.instanceId)?.outcome === undefined && this.#instances.has(child.instanceId)) {
        settle({
          failure: {
            kind: "instance-exists",
            message: `${child.instanceId} exists`,
            details: null,
            nonRetriable: true,
          },
        });
        return;
      }
      this.begin(child, settle);
    } catch (error) {
      settle({ failure: toWire(error) });
    }
  }

  #settle(attempt: Attempt, outcome: Outcome): void {
    if (isOver(attempt)) {
      return;
    }
    if ("failure" in outcome) {
      const nextMs = nextAttempt(attempt, outcome.failure, this.nowMs);
      if (nextMs !== undefined) {
        const next = { ...attempt, number: attempt.number + 1 };
        this.at(nextMs, () => next.begin(next));
        return;
      }
    }
    this.#tell(attempt.instance, attempt.tell(outcome));
  }

  #wrong(what: string): Error {
    return new Error([what, ...this.log.map((line) => `  ${line}`)].join("\n"));
  }
}

function isOver({ instance, generation, task }: Attempt): boolean {
  return instance.outcome !== undefined || instance.generation !== generation || instance.canceled.has(task);
}

/** How long to wait for the next attempt, if there is one. */
function nextAttempt({ retry, number, firstMs }: Attempt, failure: Failure, nowMs: number): number | undefined {
  if (retry === null || failure.nonRetriable || retry.nonRetriableKinds.includes(failure.kind)) {
    return undefined;
  }
  const wait = Math.min(retry.firstInterval * retry.backoffCoefficient ** (number - 1), retry.maxInterval ?? Infinity);
  const isTooLate = retry.retryTimeout !== null && nowMs + wait > firstMs + retry.retryTimeout;
  return number >= retry.maxAttempts || isTooLate ? undefined : Math.round(wait);
}

function told(task: number, what: "activity" | "child"): (outcome: Outcome) => Event {
  return (outcome) =>
    "failure" in outcome
      ? { tag: `${what}-failed`, val: { task, failure: outcome.failure } }
      : { tag: `${what}-completed`, val: { task, output: outcome.payload } };
}

function taskOf(event: Event): number {
  return event.tag === "timer-fired" ? event.val : event.val.task;
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    const running = DurablePromise.resolve(run());
    running.observe();
    await idle();
    return { payload: encode(activity.resultOf(running)) };
  } catch (error) {
    return { failure: toWire(error) };
  }
}

function parse(payload: Payload): unknown {
  return payload === null ? null : JSON.parse(payload);
}

/** 32 hex digits that look like those of a host, and are the same in every run. */
function executionIdOf(instanceId: string, generation: number): string {
  return [0, 1].map((half) => hex(hash(`${instanceId}/${generation}/${half}`))).join("");
}
