/**
 * What runs between two turns of the host: a queue of jobs, and decisions that wait until it is empty.
 *
 * The engine's own microtasks are not used, because nothing tells when they are all done. A guest serves one execution,
 * so there is one queue.
 */

/** Something that is decided when everything that can go on has gone on. */
export interface Decision {
  /** What it decides about. */
  readonly members: readonly unknown[];
  /** Decides, if that is possible. `isLast` says that nothing else will change before the end of the turn. */
  decide(isLast: boolean): void;
  /** Whether a decision is due, and only hangs on what else might change. */
  readonly hesitates: boolean;
}

const jobs: (() => void)[] = [];
const woken = new Set<Decision>();
const hesitant = new Set<Decision>();

/** Runs a job after those that are there already. It must not throw. */
export function enqueue(job: () => void): void {
  jobs.push(job);
}

/** Lets something decide after all jobs. */
export function wake(decision: Decision): void {
  woken.add(decision);
}

/** Whether there is anything that `runReady` would run. */
export function hasReady(): boolean {
  return jobs.length > 0 || woken.size > 0;
}

/** Runs all jobs, those that they add included, and makes the decisions that are certain. */
export function runReady(): void {
  while (hasReady()) {
    for (let index = 0; index < jobs.length; index++) {
      jobs[index]?.();
    }
    jobs.length = 0;
    for (const decision of woken) {
      woken.delete(decision);
      hesitant.delete(decision);
      decision.decide(false);
      if (decision.hesitates) {
        hesitant.add(decision);
      }
      // What has been decided may let jobs go on that come before the next decision.
      break;
    }
  }
}

/** Makes one decision that hesitates; whether there was one. One that others hang on comes first. */
export function runHesitant(): boolean {
  const [outer] = hesitant;
  if (outer === undefined) {
    return false;
  }
  const decision = innermost(outer) ?? outer;
  hesitant.delete(decision);
  decision.decide(true);
  return true;
}

/** The one that hesitates and has none among its members, and theirs, that does. */
function innermost(decision: Decision): Decision | undefined {
  for (const member of decision.members) {
    const found = isDecision(member) ? innermost(member) : undefined;
    if (found !== undefined) {
      return found;
    }
  }
  return hesitant.has(decision) ? decision : undefined;
}

function isDecision(member: unknown): member is Decision {
  return typeof member === "object" && member !== null && "members" in member;
}

/** Runs everything that can run. */
export function drain(): void {
  do {
    runReady();
  } while (runHesitant());
}
